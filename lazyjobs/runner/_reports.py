"""How an attempt ended, as it is told to the log and to the observers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextvars import Context

from lazyjobs.contract import Record
from lazyjobs.jobs import brief_of
from lazyjobs.runner._ending import Ending
from lazyjobs.runner._log import LOG, Log
from lazyjobs.runner._observer import AttemptEnd, AttemptWatch, Outcome
from lazyjobs.runner._outcomes import LOST, WRITTEN, Fate
from lazyjobs.runner._verdicts import count_attempts

_JOBS = Log("lazyjobs.jobs")

_LEVELS: dict[Outcome, int] = {
    "succeeded": logging.INFO,
    "retrying": logging.WARNING,
    "stopped": logging.WARNING,
    "discarded": logging.ERROR,
}


def log_attempt(record: Record, fate: Fate, ending: Ending, seconds: float) -> None:
    """Logs what became of an attempt, with the traceback of the exception that ended it.

    An outcome that could not be written was logged where that was tried, and says nothing here.
    """
    if fate is WRITTEN:
        level = _LEVELS[ending.outcome]
        if _JOBS.shows(level):
            reason = f": {ending.reason}" if ending.reason else ""
            _write(level, ending.outcome, record, seconds, reason, ending)
    elif fate is LOST:
        _write(logging.WARNING, "lost", record, seconds, ": another claim decides its outcome", ending)


def log_takeover(record: Record) -> None:
    """Warns that a claim took its record from one whose lease had ended: as a rule its process did not survive it."""
    LOG.warning(
        "%s id=%d was claimed again by %s: the lease of %s had ended without an outcome; claims that ended so: %d",
        record.kind,
        record.id,
        record.claimed_by or "a worker without a name",
        record.taken_from or "a worker without a name",
        record.abandoned,
    )


def _write(level: int, outcome: Outcome, record: Record, seconds: float, reason: str, ending: Ending) -> None:
    count = count_attempts(record)
    _JOBS.write(
        level,
        "%s %s id=%d queue=%s attempt=%d/%d in %.3f s%s",
        record.kind,
        outcome,
        record.id,
        record.queue,
        count,
        record.max_attempts,
        seconds,
        reason,
        error=ending.error,
        extra={
            "job_id": record.id,
            "job_kind": record.kind,
            "job_queue": record.queue,
            "job_attempt": count,
            "job_max_attempts": record.max_attempts,
            "job_outcome": outcome,
            "job_seconds": seconds,
        },
    )


Guard = Callable[[Callable[[AttemptEnd], None], AttemptEnd], object]


class Watch:
    """Reports how the attempt ended in the context of its work, so that the log sees what the observers set there."""

    __slots__ = ("_context", "_guard", "_record", "_watches")

    def __init__(self, record: Record, context: Context, watches: Sequence[AttemptWatch], guard: Guard) -> None:
        self._record = record
        self._context = context
        self._watches = watches
        self._guard = guard

    def report(self, fate: Fate, ending: Ending, seconds: float) -> None:
        """Logs what became of it and tells the observers."""
        try:
            self._context.run(log_attempt, self._record, fate, ending, seconds)
        finally:
            self._tell(_name(fate, ending), seconds, ending.reason, ending.error)

    def abandon(self, error: BaseException) -> None:
        """Tells the observers that it ended by an error of what surrounds the work, so that the record comes back."""
        self._tell("abandoned", 0.0, brief_of(error), error)

    def _tell(self, outcome: Outcome, seconds: float, reason: str, error: BaseException | None) -> None:
        end = AttemptEnd(outcome=outcome, seconds=seconds, reason=reason, error=error)
        for watch in reversed(self._watches):
            self._context.run(self._guard, watch.ended, end)


def _name(fate: Fate, ending: Ending) -> Outcome:
    match fate:
        case Fate.WRITTEN:
            return ending.outcome
        case Fate.LOST:
            return "lost"
        case Fate.ABANDONED:
            return "abandoned"
