"""One log record a job, with its facts as extras (`job_id`, `job_kind`, `job_outcome`, `job_seconds` …)."""

import logging

from lazyjobs.contract import CompleteParams, DiscardParams, FinishParams, Record, RetryParams

logger = logging.getLogger("lazyjobs.jobs")

_OUTCOMES: dict[type[FinishParams], tuple[int, str]] = {
    CompleteParams: (logging.INFO, "succeeded"),
    RetryParams: (logging.WARNING, "retrying"),
    DiscardParams: (logging.ERROR, "discarded"),
}


def log_outcome(record: Record, finish: FinishParams, seconds: float, error: BaseException | None) -> None:
    """Logs what became of an attempt, with the traceback of the exception that ended it."""
    level, outcome = _OUTCOMES[type(finish)]
    if logger.isEnabledFor(level):
        reason = f": {finish.last_error}" if not isinstance(finish, CompleteParams) else ""
        _log(level, outcome, record, seconds, reason, error)


def log_lost(record: Record, seconds: float, error: BaseException | None) -> None:
    """Logs that an attempt ended after its claim had gone to another worker."""
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
