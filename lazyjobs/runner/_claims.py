"""How workers come by their next record."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Lock
from time import monotonic

from lazyjobs.contract import Backend, ClaimParams, SupportsWait, WaitParams
from lazyjobs.runner._backoff import Backoff
from lazyjobs.runner._current import CurrentJob

logger = logging.getLogger("lazyjobs")

_LONGEST_FALSE_ALARM = 0.05
_EMPTY_ANSWERS = 10


class Claims:
    """Claims for the workers of one runner: directly for a busy one, one at a time for the idle ones.

    Idle workers queue at a turnstile; the one inside claims, and waits between claims, for all of them. So together
    they have one claim or wait outstanding, however many they are.
    """

    def __init__(
        self,
        backend: Backend,
        params: Callable[[], ClaimParams],
        poll_interval: timedelta,
        *,
        workers: int,
        until_idle: bool,
    ) -> None:
        self.halted = Event()
        self.params = params
        self._backend = backend
        self._waiting = backend if isinstance(backend, SupportsWait) else None
        self._poll_interval = poll_interval
        self._workers = workers
        self._until_idle = until_idle
        self._turnstile = Lock()
        self._counting = Lock()
        self._idle = 0
        self._asked_when_all_idle = False
        self._empty_answers = 0
        self._nudged = Event()
        self._failures = Backoff()
        self._alarmed = False
        self._false_alarms = Backoff(first=0.001, longest=_LONGEST_FALSE_ALARM)

    def halt(self) -> None:
        """Lets nobody claim any more; those who wait leave within the poll interval."""
        self.halted.set()
        self._nudged.set()

    def nudge(self) -> None:
        """Ends the pause before the next claim, since something may be due; a backend that waits knows by itself."""
        if self._waiting is None or self._until_idle:
            self._nudged.set()

    def take(self) -> CurrentJob | None:
        """One claim for a worker that has just finished a job; None if nothing came of it."""
        if self.halted.is_set():
            return None
        try:
            return self._claim()
        except Exception as error:
            self._report(error)
            return None

    def next(self) -> CurrentJob | None:
        """Blocks an idle worker until there is a record for it; None when it is to end."""
        with self._counted_as_idle(), self._turnstile:
            while not self.halted.is_set():
                try:
                    if (job := self._claim()) is not None:
                        return self._pass(job)
                    self._failures.reset()
                    self._pause()
                except Exception as error:
                    self._report(error)
                    self._failures.pause(self.halted)
            return None

    def _claim(self) -> CurrentJob | None:
        asked_at = monotonic()
        record = self._backend.claim(self.params())
        return None if record is None else CurrentJob(record, asked_at)

    def _pass(self, job: CurrentJob) -> CurrentJob:
        self._failures.reset()
        self._false_alarms.reset()
        self._alarmed = False
        self._asked_when_all_idle = False
        self._empty_answers = 0
        return job

    def _report(self, error: Exception) -> None:
        logger.error("claiming failed and is tried again: %s: %s", type(error).__name__, error, exc_info=error)

    @contextmanager
    def _counted_as_idle(self) -> Iterator[None]:
        with self._counting:
            self._idle += 1
        if self._until_idle:
            self._nudged.set()
        try:
            yield
        finally:
            with self._counting:
                self._idle -= 1

    def _pause(self) -> None:
        if self._until_idle:
            self._pause_until_idle()
        elif self._waiting is None:
            self._sleep()
        else:
            self._wait(self._waiting)

    def _sleep(self) -> None:
        self._nudged.wait(self._poll_interval.total_seconds())
        self._nudged.clear()

    def _wait(self, backend: SupportsWait) -> None:
        if self._alarmed:  # and then nothing was claimed; without a pause, a backend that is wrong would be spun on
            self._false_alarms.pause(self.halted)
        self._alarmed = backend.wait(WaitParams(queues=self.params().queues, timeout=self._poll_interval))
        if not self._alarmed:
            self._false_alarms.reset()

    def _pause_until_idle(self) -> None:
        if self._idle < self._workers:
            self._asked_when_all_idle = False
            self._sleep()
        elif not self._asked_when_all_idle:  # what the last one enqueued may be younger than the empty answer
            self._asked_when_all_idle = True
        elif self._waiting is None or not self._may_be_due(self._waiting):
            self.halt()

    def _may_be_due(self, backend: SupportsWait) -> bool:
        self._empty_answers += 1
        now = WaitParams(queues=self.params().queues, timeout=timedelta(0))
        return self._empty_answers < _EMPTY_ANSWERS and backend.wait(now)
