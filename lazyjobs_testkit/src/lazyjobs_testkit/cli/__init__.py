"""The command line: `lazyjobs-conformance BACKEND` tries a backend and writes its report."""

from lazyjobs_testkit.cli._main import main
from lazyjobs_testkit.cli._run import run_conformance

__all__ = ["main", "run_conformance"]
