"""How long what is tried again has to wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from inspect import iscoroutine

from lazyjobs.contract import Record, RetryParams
from lazyjobs.jobs import Job, RetryPolicy, retry_delay
from lazyjobs.runner._log import LOG
from lazyjobs.runner._spare import count_attempts

_NO_TIME = timedelta(0)
_DOUBLINGS = 10
_LONGEST_FOR_UNKNOWN = timedelta(minutes=15)


def unknown_kind_delay(attempt: int) -> timedelta:
    """1, 2, 4 … seconds, at most 15 minutes.

    So a record waits at most as long again as it has waited already, and many of them keep no worker busy.
    """
    return min(timedelta(seconds=2 ** min(attempt - 1, _DOUBLINGS)), _LONGEST_FOR_UNKNOWN)


def retry_after(record: Record, reason: str, work: Job | None, now: datetime) -> RetryParams:
    """What has the record tried again after the delay that its job asks for; after the usual one if that fails."""
    count = count_attempts(record)
    try:
        return _retry(record, reason, now + _ask(work, count))
    except BaseException as error:
        LOG.error("the retry policy of %s failed; using the usual delay for id=%d", record.kind, record.id, error=error)
    return _retry(record, reason, now + retry_delay(count))


def _ask(work: object, count: int) -> timedelta:
    if not isinstance(work, RetryPolicy):
        return retry_delay(count)
    return _plain(work.job_retry_delay(count))


def _plain(delay: object) -> timedelta:
    if not isinstance(delay, timedelta):
        if iscoroutine(delay):
            delay.close()
        raise TypeError(f"job_retry_delay must return a timedelta, not {type(delay).__name__}")
    # Of a subclass, as libraries for dates have them, only what it stands for counts.
    plain = timedelta(days=delay.days, seconds=delay.seconds, microseconds=delay.microseconds)
    return max(plain, _NO_TIME)


def _retry(record: Record, reason: str, run_at: datetime) -> RetryParams:
    return RetryParams(id=record.id, attempt=record.attempt, run_at=run_at, last_error=reason)
