"""What becomes of a claim: the policy of what is retried, given back and given up."""

from __future__ import annotations

from datetime import UTC, datetime

from lazyjobs.contract import Backend, Record
from lazyjobs.jobs import Job, UnknownKindError, cut, reason_of
from lazyjobs.runner._clock import DelayClock
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._delays import retry_after, unknown_kind_delay
from lazyjobs.runner._ending import Ending
from lazyjobs.runner._log import LOG
from lazyjobs.runner._options import UnknownKind
from lazyjobs.runner._spare import can_be_spared, count_attempts, is_given_back, spare


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
