#!/bin/sh
# Begins a backend away from the checkout and holds the linters of the given bin directory to it, as it was written.
set -eu
bin=$(cd "$1" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
"$bin/lazyjobs-conformance" new a-new-store > /dev/null
cd lazyjobs-a-new-store
"$bin/ruff" check --quiet --extend-select I .
"$bin/ruff" format --quiet --check .
"$bin/mypy" --strict src
MYPYPATH=src "$bin/mypy" --strict tests
