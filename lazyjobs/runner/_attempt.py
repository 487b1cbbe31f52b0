"""One claimed record: its work, and the way from its claim to its report."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from inspect import isawaitable
from time import monotonic

from lazyjobs.contract import CompleteParams, FinishParams
from lazyjobs.jobs import DecodeError, Job, Registry, UnknownKindError, cut, forget_tracebacks
from lazyjobs.runner._context import JOB
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._ending import Ending
from lazyjobs.runner._loop import EventLoop
from lazyjobs.runner._observers import Observers
from lazyjobs.runner._outcomes import Fate
from lazyjobs.runner._reports import log_attempt, log_takeover
from lazyjobs.runner._verdicts import Verdicts, can_be_spared


class Attempts:
    """Turns claimed records into endings: finds the class, reads the payload, and calls `work`."""

    def __init__(self, registry: Registry, loop: EventLoop, verdicts: Verdicts) -> None:
        self._registry = registry
        self._loop = loop
        self._verdicts = verdicts

    def run(self, job: CurrentJob, context: Context) -> Ending:
        """How the attempt ends; raises nothing.

        `work` runs in `context`, which the caller makes anew for each job.
        """
        record = job.record
        if record.attempt > record.max_attempts and (ending := self._verdicts.exhausted(record)) is not None:
            return ending
        if job.stopped and can_be_spared(record):
            return self._verdicts.stopped(job, None)
        try:
            work = self._registry.find(record.kind).codec.decode(record.payload)
        except UnknownKindError as error:
            try:
                return self._verdicts.unknown(job, error)
            finally:
                forget_tracebacks(error)
        except DecodeError as error:
            return Ending.discard(record, cut(str(error)), error.__cause__)
        except BaseException as error:
            return self._verdicts.failed(job, error, None)
        raised = context.run(self._work, work, job)
        if raised is None:
            return Ending(CompleteParams(id=record.id, attempt=record.attempt))
        # No frame may keep what was raised: Ending.forget says why.
        try:
            return self._verdicts.failed(job, raised, work)
        finally:
            del raised

    def _work(self, work: Job, job: CurrentJob) -> BaseException | None:
        JOB.set(job)
        try:
            result = work.work()
            if result is not None and isawaitable(result):
                return self._loop.run(result, job)
        except BaseException as error:  # a worker never dies of a job, not of SystemExit either
            return error
        return None


Write = Callable[[FinishParams], tuple[Fate, CurrentJob | None]]


class Handling:
    """Runs claimed records, writes how they ended by `write`, and tells the log and the observers."""

    def __init__(self, attempts: Attempts, observers: Observers | None, context: Context, write: Write) -> None:
        self._attempts = attempts
        self._observers = observers
        self._context = context
        self._write = write

    def handle(self, job: CurrentJob) -> tuple[Ending, Fate, CurrentJob | None]:
        """How the attempt ended, what became of its outcome, and the next job if one was claimed along with that.

        Raises what `write` raises.
        """
        context = self._context.copy()
        if job.record.taken_from is not None:
            log_takeover(job.record)
        watch = None if self._observers is None else self._observers.watch(job.record, context)
        try:
            started_at = monotonic()
            ending = self._attempts.run(job, context)
            seconds = monotonic() - started_at
            job.working = False
            fate, following = self._write(ending.finish)
        except BaseException as failure:
            if watch is not None:
                watch.abandon(failure)
            raise
        if watch is None:
            log_attempt(job.record, fate, ending, seconds)
        else:
            watch.report(fate, ending, seconds)
        return ending, fate, following
