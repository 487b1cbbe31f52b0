#!/bin/sh
# Installs the built wheels with plain pip into a fresh environment, away from the checkout, and uses them there.
set -eu
python=$1
root=$(pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$python" -m venv "$place/env"
"$place/env/bin/python" -m pip install --quiet -c "$root/constraints.txt" "$root"/dist/*.whl
cd "$place"
PATH="$place/env/bin:$PATH"
unset PYTHONPATH

echo "== the wheels alone: import, types, entry points, the page, the commands"
python - <<'PYTHON'
import sys
from importlib.metadata import distributions
from pathlib import Path

import lazyjobs, lazyjobs_aws, lazyjobs_memory, lazyjobs_sqlite, lazyjobs_testkit

for package in (lazyjobs, lazyjobs_aws, lazyjobs_memory, lazyjobs_sqlite, lazyjobs_testkit):
    place = Path(package.__file__).parent
    assert place.is_relative_to(sys.prefix), place
    assert (place / "py.typed").is_file(), place
for distribution in distributions():
    if distribution.name.startswith("lazyjobs"):
        assert any(str(file).endswith("LICENSE") for file in distribution.files), distribution.name
for url in ("memory://", "sqlite:///jobs.db"):
    backend = lazyjobs.open_backend(url)
    assert backend.stats().total == 0, url
    backend.close()
PYTHON
lazyjobs control --backend sqlite:///jobs.db --listen 127.0.0.1:0 2> control.log &
until grep -q "control plane is at" control.log; do kill -0 $!; sleep 0.1; done
python - "$(grep -o "http://.*/jobs" control.log)" <<'PYTHON'
import sys, urllib.request

with urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers={"Accept": "text/html"})) as page:
    assert b"<style>:root" in page.read()
PYTHON
kill -TERM $!
wait $!
cat > app.py <<'PYTHON'
from lazyjobs import BaseJob, JobRunner


class Hello(BaseJob):
    kind = "hello"

    def work(self) -> None:
        print("hello from the wheel")


runner = JobRunner(jobs=[Hello])
runner.enqueue(Hello())
PYTHON
lazyjobs worker app:runner --drain | grep -x "hello from the wheel"
lazyjobs enqueue hello --backend sqlite:///jobs.db
lazyjobs list --backend sqlite:///jobs.db | grep pending
lazyjobs backends

echo "== the fixture for the tests of an application"
cat > test_app.py <<'PYTHON'
from app import Hello, runner


def test_hello(jobs, capsys):
    jobs.use(runner)
    runner.enqueue(Hello())
    jobs.assert_enqueued(Hello, count=1)
    jobs.drain()
    assert capsys.readouterr().out == "hello from the wheel\n"
PYTHON
python -m pytest -q -p no:cacheprovider test_app.py

echo "== the kit, by name, with no code written"
python -m pytest -q -p no:cacheprovider --pyargs lazyjobs_testkit --lazyjobs-backend=memory
lazyjobs-conformance sqlite --rule INS

echo "== a new backend: begun, installed by plain pip, tried"
lazyjobs-conformance new shed
python -m pip install --quiet -e "./lazyjobs-shed[conformance]"
status=0
lazyjobs-conformance shed > told || status=$?
grep "first: INS-01" told
test "$status" -eq 1
