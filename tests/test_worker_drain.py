"""How `lazyjobs worker --drain` ends when the backend fails."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from lazyjobs import BackendClosedError, BackendError, JobRunner
from lazyjobs.cli import main
from tests.support.backends import PlainBackend
from tests.support.jobs import Do


@pytest.mark.logs_errors("claiming failed", "draining is given up")
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            BackendError("the table lazyjobs\n\x1b[2J is not there"),
            r"lazyjobs: the table lazyjobs \x1b[2J is not there",
        ),
        (BackendClosedError("closed"), "lazyjobs: closed"),
        (KeyError("column"), "lazyjobs: draining was given up: KeyError: 'column'"),
    ],
)
def test_a_drain_that_cannot_claim_gives_up_with_the_code_of_a_backend_that_fails(
    error: Exception,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(verb: str) -> None:
        if verb.startswith("claim"):
            raise error

    module = ModuleType("application")
    vars(module).update(runner=JobRunner(PlainBackend(fail), jobs=[Do]))
    monkeypatch.setitem(sys.modules, "application", module)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    assert main(["worker", "application:runner", "--drain"]) == 3
    assert capsys.readouterr().err.splitlines()[-1] == line
