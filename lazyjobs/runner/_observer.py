"""What watches a runner: telemetry, for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from msgspec import Struct

from lazyjobs.contract import InsertParams, Record

if TYPE_CHECKING:
    from lazyjobs.runner._runner import JobRunner

Outcome = Literal["succeeded", "retrying", "discarded", "stopped", "lost", "abandoned"]
"""How an attempt ended. Stopped: the runner stopped it and gave its record back as it was, so that it costs no attempt.
Lost: its claim had gone to another worker, whose outcome counts. Abandoned: the outcome could not be written, so the
record comes back when its lease ends."""


class AttemptEnd(Struct, frozen=True, kw_only=True):
    """How an attempt ended."""

    outcome: Outcome
    seconds: float
    """How long the work took; next to nothing if it was not called."""
    reason: str
    """Why, as it is stored as the record's `last_error`; "" if the work succeeded. What was stopped keeps the record's.
    """
    error: BaseException | None
    """What `work` raised; None if it returned, or was not called.

    Once all observers were told, a worker drops its traceback and those of its causes, which hold what the work had at
    hand."""


class EnqueueWatch(Protocol):
    """Watches one record being inserted."""

    @property
    def trace(self) -> Mapping[str, str]:
        """The `traceparent` and `tracestate` to store with the job, as W3C Trace Context has them; or nothing."""

    def ended(self, record: Record | None, error: BaseException | None) -> None:
        """The record was stored, or `error` was raised: one of the two is None."""


class AttemptWatch(Protocol):
    """Watches one attempt."""

    def begin(self) -> None:
        """Called right before the work, in its context: the context variables set here are seen by `work`."""

    def ended(self, end: AttemptEnd) -> None:
        """Called in the same thread and context once the outcome was written, or could not be."""


@runtime_checkable
class Observer(Protocol):
    """Watches what a runner enqueues and runs; given as `JobRunner(observers=[…])`.

    Every method may be called from any thread, several at once, and holds up the job until it returns. What it raises
    as an Exception is logged, at most once a minute, and harms no job.
    """

    def started(self, runner: JobRunner) -> None:
        """The runner begins to run jobs, and none was claimed yet; it may do so again once it was stopped."""

    def enqueuing(self, params: InsertParams) -> EnqueueWatch | None:
        """A job was encoded and is about to be stored; called in the thread and context of the caller of `enqueue`."""

    def attempting(self, record: Record) -> AttemptWatch | None:
        """A claimed record is about to be run; called in the thread and context of the worker, or of `run_due`."""
