"""Runs what is due in the thread that asks, without workers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import timedelta
from time import monotonic

from msgspec import Struct

from lazyjobs.contract import Backend, ClaimLostError, ClaimParams, FinishParams, Record, SupportsExtend
from lazyjobs.runner._attempt import Attempts, Handling
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._leases import LeaseKeeper
from lazyjobs.runner._loop import EventLoop, no_loop_here, running_loop
from lazyjobs.runner._observers import Observers
from lazyjobs.runner._outcomes import LOST, WRITTEN, Fate, finish_claim

_WRITTEN = (WRITTEN, None)
_LOST = (LOST, None)


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt at a job, and how it ended."""

    record: Record
    """The record as it was claimed."""
    outcome: FinishParams | None
    """What was written; None if the claim had gone to another worker, whose outcome counts."""
    error: BaseException | None
    """What `work` raised, with its traceback; None if it returned, or was not called."""


class DueRecords:
    """Claims, runs and finishes due records by the rules of a worker, one each time the next attempt is asked for."""

    def __init__(
        self,
        backend: Backend,
        params: ClaimParams,
        make_attempts: Callable[[EventLoop], Attempts],
        observers: Observers | None,
        context: Context,
        lease: timedelta,
    ) -> None:
        self._backend = backend
        self._params = params
        self._loop = EventLoop()
        self._handling = Handling(make_attempts(self._loop), observers, context, self._write)
        self._current: CurrentJob | None = None
        self._lease = lease

    def run(self) -> Generator[Attempt, None, None]:
        """Each attempt once its outcome is written, until nothing is due; raises what the backend raises."""
        job = self._claim()
        if job is None:
            return
        try:
            with self._kept_leases():
                while job is not None:
                    yield self._handle(job)
                    job = self._claim()
        finally:
            self._loop.stop()

    @contextmanager
    def _kept_leases(self) -> Iterator[None]:
        if not isinstance(self._backend, SupportsExtend):
            yield
            return
        keeper = LeaseKeeper(self._backend, self._lease, self._running)
        keeper.start()
        try:
            yield
        finally:
            keeper.stop()

    def _claim(self) -> CurrentJob | None:
        asked_at = monotonic()
        record = self._backend.claim(self._params)
        return None if record is None else CurrentJob(record, asked_at)

    def _handle(self, job: CurrentJob) -> Attempt:
        self._current = job
        try:
            if running_loop() is None:
                ending, fate, _ = self._handling.handle(job)
            else:
                with no_loop_here():
                    ending, fate, _ = self._handling.handle(job)
        finally:
            self._current = None
        written = ending.finish if fate is WRITTEN else None
        if ending.error is None:
            return Attempt(record=job.record, outcome=written, error=None)
        error, ending.error = ending.error, None
        try:
            return Attempt(record=job.record, outcome=written, error=error)
        finally:
            del error  # its traceback holds this frame

    def _write(self, finish: FinishParams) -> tuple[Fate, None]:
        try:
            finish_claim(self._backend, finish)
        except ClaimLostError:
            return _LOST
        return _WRITTEN

    def _running(self) -> Iterator[CurrentJob]:
        if (job := self._current) is not None:
            yield job
