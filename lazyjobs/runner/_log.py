"""One log record a job, with its facts as extras (`job_id`, `job_kind`, `job_outcome`, `job_seconds` …)."""

import logging

from lazyjobs.contract import CompleteParams, FinishParams, Record
from lazyjobs.runner._outcomes import Fate, name_outcome

logger = logging.getLogger("lazyjobs.jobs")

_LEVELS = {"succeeded": logging.INFO, "retrying": logging.WARNING, "discarded": logging.ERROR}


def log_attempt(record: Record, fate: Fate, finish: FinishParams, seconds: float, error: BaseException | None) -> None:
    """Logs what became of an attempt, with the traceback of the exception that ended it.

    An outcome that could not be written was logged where that was tried, and says nothing here.
    """
    if fate is Fate.LOST:
        _log(logging.WARNING, "lost", record, seconds, ": another claim decides its outcome", error)
    elif fate is Fate.WRITTEN:
        outcome = name_outcome(finish)
        level = _LEVELS[outcome]
        if logger.isEnabledFor(level):
            reason = f": {finish.last_error}" if not isinstance(finish, CompleteParams) else ""
            _log(level, outcome, record, seconds, reason, error)


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
