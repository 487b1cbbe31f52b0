"""The lock of one backend, and the threads that sleep until something may be due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import TIMEOUT_MAX, Condition
from time import monotonic

from lazyjobs import Record, WaitParams
from lazyjobs_memory._fork import survive_forks
from lazyjobs_memory._lock import PoliteLock


class Monitor:
    """A lock and those who wait under it; hold `lock` around every call of a method."""

    __slots__ = ("__weakref__", "_waiters", "lock")

    def __init__(self) -> None:
        self.lock = PoliteLock()
        self._waiters: list[_Waiter] = []
        survive_forks(self)

    def announce(self, record: Record) -> None:
        """Wakes those whom the new due time of `record` concerns."""
        for waiter in self._waiters:
            waiter.hear(record)

    def wake_all(self) -> None:
        for waiter in self._waiters:
            waiter.wake()

    def wait(self, params: WaitParams, next_due: Callable[[], tuple[datetime, datetime | None]]) -> bool:
        """Sleeps until something is due by `next_due` (now, and the earliest due time if any), or for the timeout.

        What `next_due` raises ends the waiting.
        """
        deadline = monotonic() + params.timeout.total_seconds()
        waiter = _Waiter(self.lock, params.queues)
        self._waiters.append(waiter)
        try:
            while True:
                now, due = next_due()
                if due is not None and due <= now:
                    return True
                left = deadline - monotonic()
                if left <= 0:
                    return False
                end = now + timedelta(seconds=left)
                waiter.sleep(now, end if due is None else min(due, end))
        finally:
            self._waiters.remove(waiter)

    def start_over(self) -> None:
        """Takes a new lock and forgets the waiters: for a forked child, which has none of the other threads."""
        self.lock = PoliteLock()
        self._waiters.clear()


class _Waiter:
    """One thread that waits, and the time at which it will look again by itself."""

    __slots__ = ("_condition", "_queues", "_until")

    def __init__(self, lock: PoliteLock, queues: tuple[str, ...]) -> None:
        self._condition = Condition(lock)  # type: ignore[arg-type]  # acquire and release are all it uses
        self._queues = queues
        self._until: datetime

    def sleep(self, now: datetime, until: datetime) -> None:
        self._until = until
        self._condition.wait(min((until - now).total_seconds(), TIMEOUT_MAX))

    def hear(self, record: Record) -> None:
        due = record.lease_expires_at or record.run_at
        if due < self._until and record.queue in self._queues:
            self._until = due
            self._condition.notify()

    def wake(self) -> None:
        self._condition.notify()
