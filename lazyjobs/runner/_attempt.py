"""Runs one claimed record and says how it ended."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from contextvars import Context
from datetime import datetime, timedelta
from inspect import isawaitable
from typing import Literal

from lazyjobs.contract import CompleteParams, DiscardParams, FinishParams, Record, RetryParams
from lazyjobs.jobs import DecodeError, Job, Registry, RetryPolicy, UnknownKindError, retry_delay
from lazyjobs.runner._context import JOB
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._loop import EventLoop

logger = logging.getLogger("lazyjobs")

UnknownKind = Literal["discard", "retry"]


class Attempts:
    """Turns claimed records into outcomes; the policy of what is retried and what is given up stands here."""

    def __init__(
        self, registry: Registry, loop: EventLoop, clock: Callable[[], datetime], unknown_kind: UnknownKind
    ) -> None:
        self._registry = registry
        self._loop = loop
        self._clock = clock
        self._unknown_kind = unknown_kind

    def run(self, job: CurrentJob, context: Context) -> tuple[FinishParams, BaseException | None]:
        """The outcome to write, and the exception behind it if there was one; raises nothing.

        `work` runs in `context`, which the caller makes anew for each job.
        """
        record = job.record
        if record.attempt > record.max_attempts:
            return _discard(record, _explain_exhausted(record)), None
        try:
            work = self._prepare(record)
        except UnknownKindError as error:
            retried = self._unknown_kind == "retry"
            return self._fail(record, error, None) if retried else _discard(record, str(error)), None
        except DecodeError as error:
            return _discard(record, str(error)), error.__cause__
        raised = context.run(self._work, work, job)
        if raised is None:
            return CompleteParams(id=record.id, attempt=record.attempt), None
        return self._fail(record, raised, work), raised

    def _prepare(self, record: Record) -> Job:
        return self._registry.find(record.kind).codec.decode(record.payload)

    def _work(self, work: Job, job: CurrentJob) -> BaseException | None:
        JOB.set(job)
        try:
            result = work.work()
            if result is not None and isawaitable(result):
                return self._loop.run(result, job)
        except BaseException as error:  # a worker never dies of a job, not of SystemExit either
            return error
        return None

    def _fail(self, record: Record, error: BaseException, work: Job | None) -> FinishParams:
        reason = _describe(error)
        if record.attempt >= record.max_attempts:
            return _discard(record, reason)
        try:
            return self._retry(record, reason, _delay(record, work))
        except Exception:
            logger.exception("the retry policy of %s failed; using the usual delay for id=%d", record.kind, record.id)
            return self._retry(record, reason, retry_delay(record.attempt))

    def _retry(self, record: Record, reason: str, delay: timedelta) -> RetryParams:
        run_at = self._clock() + max(delay, timedelta(0))
        return RetryParams(id=record.id, attempt=record.attempt, run_at=run_at, last_error=reason)


def _describe(error: BaseException) -> str:
    text = "".join(traceback.format_exception_only(error)).strip()
    return text.encode(errors="replace").decode()  # a lone surrogate would be the log's trouble


def _delay(record: Record, policy: object) -> timedelta:
    return policy.job_retry_delay(record.attempt) if isinstance(policy, RetryPolicy) else retry_delay(record.attempt)


def _discard(record: Record, reason: str) -> DiscardParams:
    return DiscardParams(id=record.id, attempt=record.attempt, last_error=reason)


def _explain_exhausted(record: Record) -> str:
    before = f"; the error before: {record.last_error}" if record.last_error else ""
    return (
        f"not run: attempt {record.attempt} of at most {record.max_attempts}; the worker of the attempt before "
        f"ended without an outcome{before}"
    )
