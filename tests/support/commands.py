"""Runs the command `lazyjobs` in this process."""

import json
from typing import Any, NamedTuple

import pytest

from lazyjobs.cli import main

MEMORY_REMARK = (
    "lazyjobs: memory:// lives in this process only: it begins empty, and what is stored there ends with the command\n"
)


class Outcome(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def remarks(self) -> str:
        """What it wrote to standard error, but for the remark about memory://, which one backend of three has."""
        return self.err.removeprefix(MEMORY_REMARK)


class Command:
    """Calls the command, and catches its exit and its output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Outcome:
        self._capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as exit:
            code = int(exit.code or 0)
        return Outcome(code, *self._capsys.readouterr())

    def done(self, *arguments: str) -> Outcome:
        """The same of a command that must do its work and remark nothing."""
        outcome = self(*arguments)
        assert (outcome.code, outcome.remarks) == (0, "")
        return outcome
