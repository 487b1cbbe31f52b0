"""How workers come by their next record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event, Lock
from time import monotonic

from lazyjobs.contract import Backend, ClaimParams, Record, SupportsClaimMany, SupportsWait, WaitParams
from lazyjobs.jobs import brief_of
from lazyjobs.runner._backoff import Backoff, Patience
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._log import LOG

_LONGEST_FALSE_ALARM = 0.05
_EMPTY_ANSWERS = 10


class Claims:
    """Claims for the workers of one runner: directly for a busy one, one at a time for the idle ones.

    Idle workers queue at a turnstile; the one inside claims, and waits between claims, for all of them. So together
    they have one claim or wait outstanding, however many they are. Where the backend can, that claim is for as many
    records as there are idle workers, and the others take theirs on their way through.
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
        self.open = True
        """As `halted`, for who asks often."""
        self.params = params
        self.patience = Patience(limited=until_idle)
        self._backend = backend
        self._batching = backend if isinstance(backend, SupportsClaimMany) else None
        self._waiting = backend if isinstance(backend, SupportsWait) else None
        self._poll_interval = poll_interval
        self._workers = workers
        self._until_idle = until_idle
        self._turnstile = Lock()
        self._counting = Lock()
        self._idle = 0
        self._claimed: deque[CurrentJob] = deque()
        self._asked_when_all_idle = False
        self._empty_answers = 0
        self._nudged = Event()
        self._failures = Backoff()
        self._alarmed = False
        self._false_alarms = Backoff(first=0.001, longest=_LONGEST_FALSE_ALARM)

    def halt(self) -> None:
        """Lets nobody claim any more; those who wait leave within the poll interval."""
        self.open = False
        self.halted.set()
        self._nudged.set()

    def give_up_on(self, error: Exception) -> bool:
        """Whether a drain ends here, as the backend fails for good or for too long; then nobody claims any more."""
        if not self.patience.ends_with(error):
            return False
        LOG.error("draining is given up: %s", brief_of(error), error=error)
        self.halt()
        return True

    def nudge(self) -> None:
        """Ends the pause before the next claim, since something may be due; a backend that waits knows by itself."""
        if self._waiting is None or self._until_idle:
            self._nudged.set()

    def take(self) -> CurrentJob | None:
        """One claim for a worker that has just finished a job; None if nothing came of it."""
        if not self.open:
            return None
        asked_at = monotonic()
        try:
            record = self._backend.claim(self.params())
        except Exception as error:
            self._report(error)
            return None
        return None if record is None else CurrentJob(record, asked_at)

    def next(self) -> CurrentJob | None:
        """Blocks an idle worker until there is a record for it; None when it is to end."""
        self._count_as_idle()
        with self._turnstile:
            try:
                while not self._claimed and not self.halted.is_set():
                    self._look()
                return self._claimed.popleft() if self._claimed else None
            finally:
                self._count_as_busy()

    def _look(self) -> None:
        try:
            if self._claim():
                self._found()
            else:
                self._failures.reset()
                self._pause()
        except Exception as error:
            if not self.give_up_on(error):
                self._report(error)
                self._failures.pause(self.halted)

    def _claim(self) -> bool:
        asked_at = monotonic()
        self._claimed.extend(CurrentJob(record, asked_at) for record in self._ask())
        self.patience.answered()
        return bool(self._claimed)

    def _ask(self) -> Sequence[Record]:
        idle = self._idle
        if idle > 1 and self._batching is not None:
            return self._batching.claim_many(self.params(), idle)
        record = self._backend.claim(self.params())
        return () if record is None else (record,)

    def _found(self) -> None:
        self._failures.reset()
        self._false_alarms.reset()
        self._alarmed = False
        self._asked_when_all_idle = False
        self._empty_answers = 0

    def _report(self, error: Exception) -> None:
        LOG.error("claiming failed and is tried again: %s", brief_of(error), error=error)

    def _count_as_idle(self) -> None:
        with self._counting:
            self._idle += 1
        if self._until_idle:
            self._nudged.set()

    def _count_as_busy(self) -> None:
        # Inside the turnstile, so that nothing is ever claimed for a worker that has just got its record.
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
        began_at = monotonic()
        came = backend.wait(WaitParams(queues=self.params().queues, timeout=self._poll_interval))
        # A backend that says too soon that nothing came is wrong as well, and would be spun on the same way.
        self._alarmed = came or monotonic() - began_at < self._poll_interval.total_seconds() / 2
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
