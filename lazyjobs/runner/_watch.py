"""One attempt as the observers of its runner watch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context

from lazyjobs.contract import CompleteParams, FinishParams, Record
from lazyjobs.runner._log import log_attempt
from lazyjobs.runner._observer import AttemptEnd, AttemptWatch, Outcome
from lazyjobs.runner._outcomes import NAMES, Fate

Guard = Callable[[Callable[[AttemptEnd], None], AttemptEnd], object]


class Watch:
    """Reports how the attempt ended in the context of its work, so that the log sees what the observers set there."""

    __slots__ = ("_context", "_guard", "_record", "_watches")

    def __init__(self, record: Record, context: Context, watches: Sequence[AttemptWatch], guard: Guard) -> None:
        self._record = record
        self._context = context
        self._watches = watches
        self._guard = guard

    def report(self, fate: Fate, finish: FinishParams, seconds: float, error: BaseException | None) -> None:
        """Logs what became of it and tells the observers."""
        reason = "" if isinstance(finish, CompleteParams) else finish.last_error
        end = AttemptEnd(outcome=_name(fate, finish), seconds=seconds, reason=reason, error=error)
        try:
            self._context.run(log_attempt, self._record, fate, finish, seconds, error)
        finally:
            self._tell(end)

    def abandon(self, error: BaseException) -> None:
        """Tells the observers that it ended by an error of what surrounds the work, so that the record comes back."""
        self._tell(AttemptEnd(outcome="abandoned", seconds=0.0, reason=f"{type(error).__name__}: {error}", error=error))

    def _tell(self, end: AttemptEnd) -> None:
        for watch in reversed(self._watches):
            self._context.run(self._guard, watch.ended, end)


def _name(fate: Fate, finish: FinishParams) -> Outcome:
    match fate:
        case Fate.WRITTEN:
            return NAMES[type(finish)]
        case Fate.LOST:
            return "lost"
        case Fate.ABANDONED:
            return "abandoned"
