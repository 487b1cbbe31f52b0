"""Jobs that do what a test tells them, and the runner they usually run on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from lazyjobs import BaseJob, JobRunner, Record, State

SOON = timedelta(milliseconds=20)
A_SECOND = timedelta(seconds=1)


@dataclass
class Do(BaseJob):
    """Calls the function registered under `name` in `actions`."""

    kind: ClassVar[str] = "do"
    actions: ClassVar[dict[str, Callable[[], object]]] = {}
    name: str = ""

    def work(self) -> None:
        self.actions[self.name]()


@dataclass
class Impatient(Do):
    """The same, tried twice, the second time at once."""

    kind: ClassVar[str] = "do.impatient"
    job_max_attempts: ClassVar[int] = 2

    def job_retry_delay(self, attempt: int) -> timedelta:
        return timedelta(0)


def action(function: Callable[[], object]) -> Do:
    """A job that calls `function`."""
    name = f"{function.__qualname__} {id(function)}"  # lambdas of one test share a name
    Do.actions[name] = function
    return Do(name=name)


def impatient(function: Callable[[], object]) -> Impatient:
    """A job of two attempts that calls `function`."""
    return Impatient(name=action(function).name)


def read(runner: JobRunner, record: Record) -> Record:
    """The record as it now is."""
    return next(found for found in runner.backend.list() if found.id == record.id)


def states(runner: JobRunner) -> dict[State, int]:
    """How many records are in which state."""
    return dict(runner.backend.stats().by_state)
