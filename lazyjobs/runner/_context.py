"""The runner and the job of the code that asks, carried by context variables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from lazyjobs.runner._errors import NoJobError, NoRunnerError

if TYPE_CHECKING:
    from lazyjobs.runner._current import CurrentJob
    from lazyjobs.runner._runner import JobRunner

RUNNER: ContextVar[JobRunner] = ContextVar("lazyjobs.runner")
JOB: ContextVar[CurrentJob] = ContextVar("lazyjobs.job")


def current_runner() -> JobRunner:
    """The runner of the innermost `use_runner`, or inside `work` the one that runs the job.

    Raises `NoRunnerError` outside both.
    """
    try:
        return RUNNER.get()
    except LookupError:
        raise NoRunnerError from None


@contextmanager
def use_runner(runner: JobRunner) -> Iterator[JobRunner]:
    """Makes `runner` the current one for the code inside, such as one request; other threads and tasks keep theirs."""
    if not hasattr(runner, "enqueue"):
        raise TypeError(f"use_runner takes a JobRunner, not {runner!r}")
    token = RUNNER.set(runner)
    try:
        yield runner
    finally:
        RUNNER.reset(token)


def current_job() -> CurrentJob:
    """The job being run; raises `NoJobError` outside of `work`."""
    try:
        return JOB.get()
    except LookupError:
        raise NoJobError from None
