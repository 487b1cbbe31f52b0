"""The command line: `lazyjobs worker`."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from lazyjobs.cli import _worker
from lazyjobs.cli._usage import UsageError
from lazyjobs.contract import LazyJobsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that `arguments` (the process's own by default) ask for; returns its exit code."""
    parser = argparse.ArgumentParser(prog="lazyjobs", description="Background jobs over storage that can be swapped.")
    parser.add_argument("--version", action="version", version=f"lazyjobs {version('lazyjobs')}")
    commands = parser.add_subparsers(required=True, metavar="command")
    _worker.add_parser(commands)
    parsed = parser.parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except (UsageError, LazyJobsError) as error:
        print(f"lazyjobs: {error}", file=sys.stderr)
        return 2
    return code


__all__ = ["main"]
