"""What becomes of a claim: the policy of what is retried, and when, given back and given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from inspect import iscoroutine

from lazyjobs.contract import Backend, Record, RetryParams
from lazyjobs.jobs import Job, RetryPolicy, UnknownKindError, cut, reason_of, retry_delay
from lazyjobs.runner._clock import DelayClock
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._ending import Ending
from lazyjobs.runner._log import LOG
from lazyjobs.runner._options import UnknownKind


def count_attempts(record: Record) -> int:
    """How often the job was tried, this claim included: all its claims but those that were spared."""
    return max(1, record.attempt - record.spared)


def can_be_spared(record: Record) -> bool:
    """Whether giving the record back costs it no attempt, or it has one left to pay with.

    An older backend pays no heed to `spare`, nor to the `worker` that claims; it keeps no name of one. Of what it gets
    back it would count every attempt, and after the last one the job would not be run.
    """
    knows = record.claimed_by != "" or record.spared > 0
    return knows or count_attempts(record) < record.max_attempts


def is_given_back(job: CurrentJob) -> bool:
    """Whether the job, if it ends by raising, is given back, as the runner stopped it, and has not failed."""
    return job.ended_by_stop and can_be_spared(job.record)


def spare(record: Record, run_at: datetime, last_error: str) -> RetryParams:
    """What gives the record back without counting the attempt."""
    return RetryParams(id=record.id, attempt=record.attempt, run_at=run_at, last_error=last_error, spare=True)


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


class Verdicts:
    """Decides how attempts end; raises nothing, whatever the error or the job's own policy is."""

    def __init__(self, backend: Backend, clock: DelayClock, unknown_kind: UnknownKind) -> None:
        self._backend = backend
        self._clock = clock
        self._unknown_kind = unknown_kind

    def failed(self, job: CurrentJob, error: BaseException, work: Job | None) -> Ending:
        """`work` raised, or could not be made for another reason than its payload."""
        record = job.record
        if is_given_back(job):
            return self.stopped(job, error)
        reason = reason_of(error)
        if count_attempts(record) >= record.max_attempts:
            return Ending.discard(record, reason, error)
        return Ending.retry(retry_after(record, reason, work, self._now(job)), reason, error)

    def unknown(self, job: CurrentJob, error: UnknownKindError) -> Ending:
        """No class is registered for its kind: perhaps in another worker, so that trying it costs no attempt."""
        record, reason = job.record, cut(str(error))
        if self._unknown_kind == "discard" or not can_be_spared(record):
            return Ending.discard(record, reason)
        run_at = self._now(job) + unknown_kind_delay(record.attempt)
        return Ending.retry(spare(record, run_at, reason), reason, None)

    def stopped(self, job: CurrentJob, error: BaseException | None) -> Ending:
        """The runner stopped it, perhaps before it began: the record becomes what it was before it was claimed."""
        finish = spare(job.record, job.record.run_at, job.record.last_error)
        return Ending.stop(finish, "the runner stops; given back, due at once", error)

    def exhausted(self, record: Record) -> Ending | None:
        """Its attempts were used up before this one, as happens when a job ends its process; else None."""
        count = count_attempts(record)
        if count <= record.max_attempts:
            return None
        before = f"; the error before: {record.last_error}" if record.last_error else ""
        return Ending.discard(
            record,
            cut(
                f"not run: attempt {count} of at most {record.max_attempts}; the worker of the attempt before "
                f"ended without an outcome{before}"
            ),
        )

    def _now(self, job: CurrentJob) -> datetime:
        try:
            return self._clock.now_for(self._backend, job)
        except BaseException as error:
            LOG.error("the clock failed; using this machine's for id=%d", job.record.id, error=error)
            return datetime.now(UTC)
