"""Says how an attempt ended: to the log, and to whoever watches."""

from lazyjobs.contract import CompleteParams, FinishParams, Record
from lazyjobs.runner._log import log_attempt
from lazyjobs.runner._observer import AttemptEnd, Outcome
from lazyjobs.runner._observers import Watch
from lazyjobs.runner._outcomes import Fate, name_outcome


def report(
    record: Record, watch: Watch, fate: Fate, finish: FinishParams, seconds: float, error: BaseException | None
) -> None:
    """Logs what became of an attempt and tells its watch; to be called in the context of the work."""
    try:
        log_attempt(record, fate, finish, seconds, error)
    finally:
        if watch:
            reason = "" if isinstance(finish, CompleteParams) else finish.last_error
            watch.ended(AttemptEnd(outcome=_name(fate, finish), seconds=seconds, reason=reason, error=error))


def abandon(watch: Watch, error: BaseException) -> None:
    """Tells the watch of an attempt that ended by an error of what surrounds the work."""
    if watch:
        reason = f"{type(error).__name__}: {error}"
        watch.ended(AttemptEnd(outcome="abandoned", seconds=0.0, reason=reason, error=error))


def _name(fate: Fate, finish: FinishParams) -> Outcome:
    match fate:
        case Fate.WRITTEN:
            return name_outcome(finish)
        case Fate.LOST:
            return "lost"
        case Fate.ABANDONED:
            return "abandoned"
