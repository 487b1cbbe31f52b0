"""One log record a job, with its facts as extras (`job_id`, `job_kind`, `job_outcome`, `job_seconds` …)."""

import logging

from lazyjobs.contract import CompleteParams, DiscardParams, FinishParams, Record, RetryParams
from lazyjobs.runner._outcomes import NAMES, Fate

logger = logging.getLogger("lazyjobs.jobs")

_LEVELS: dict[type[FinishParams], int] = {
    CompleteParams: logging.INFO,
    RetryParams: logging.WARNING,
    DiscardParams: logging.ERROR,
}


def log_attempt(record: Record, fate: Fate, finish: FinishParams, seconds: float, error: BaseException | None) -> None:
    """Logs what became of an attempt, with the traceback of the exception that ended it.

    An outcome that could not be written was logged where that was tried, and says nothing here.
    """
    if fate is Fate.WRITTEN:
        level = _LEVELS[type(finish)]
        if logger.isEnabledFor(level):
            reason = f": {finish.last_error}" if not isinstance(finish, CompleteParams) else ""
            _log(level, NAMES[type(finish)], record, seconds, reason, error)
    elif fate is Fate.LOST:
        _log(logging.WARNING, "lost", record, seconds, ": another claim decides its outcome", error)


def _log(level: int, outcome: str, record: Record, seconds: float, reason: str, error: BaseException | None) -> None:
    logger.log(
        level,
        "%s %s id=%d queue=%s attempt=%d/%d in %.3f s%s",
        record.kind,
        outcome,
        record.id,
        record.queue,
        record.attempt,
        record.max_attempts,
        seconds,
        reason,
        exc_info=error,
        extra={
            "job_id": record.id,
            "job_kind": record.kind,
            "job_queue": record.queue,
            "job_attempt": record.attempt,
            "job_max_attempts": record.max_attempts,
            "job_outcome": outcome,
            "job_seconds": seconds,
        },
    )
