"""One attempt as the observers of its runner watch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context

from lazyjobs.contract import Record
from lazyjobs.jobs import brief_of
from lazyjobs.runner._ending import Ending
from lazyjobs.runner._observer import AttemptEnd, AttemptWatch, Outcome
from lazyjobs.runner._outcomes import Fate
from lazyjobs.runner._report import log_attempt

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
