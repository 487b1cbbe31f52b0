"""The limits: hand-written loops on sqlite3 with the same duties and the same durability, and nothing around them."""

import sqlite3
from collections.abc import Callable
from threading import Condition, Lock
from typing import ClassVar, TypeVar

from benchmarks.sqlite import _sql
from benchmarks.sqlite._contender import Enqueue, Setup
from benchmarks.sqlite._crew import Crew
from benchmarks.sqlite._group import Group

Answer = TypeVar("Answer")
Work = Callable[[sqlite3.Connection], Answer]

POLL = 0.5
"""Seconds for which a worker waits before it looks whether it is to stop; an insert wakes it."""


class _Loop:
    """Workers that claim, run and complete; how a piece of work is committed is for the subclasses to say."""

    fused: ClassVar[bool] = False
    """Whether the completion of one job and the claim of the next are one commit, or two."""

    def __init__(self, setup: Setup) -> None:
        self._connection = _sql.connect(setup)
        self._connection.executescript(_sql.SCHEMA)
        self._inserted = 0
        self._idle = 0
        self._news = Condition()
        self._crew = Crew(self._work, setup.workers)
        self.start, self.settle, self.stop = self._crew.start, self._crew.settle, self._crew.stop

    def producer(self) -> Enqueue:
        return self._enqueue

    def _commit(self, work: Work[Answer]) -> Answer:
        raise NotImplementedError

    def _enqueue(self, text: str) -> None:
        self._commit(lambda connection: _sql.insert(connection, text))
        with self._news:
            self._inserted += 1
            if self._idle:
                self._news.notify()

    def _work(self) -> None:
        while not self._crew.stopping.is_set():
            seen = self._inserted
            taken = self._commit(_sql.claim)
            if taken is None:
                self._wait(seen)
            while taken is not None:
                _sql.perform(taken)
                done, taken = taken, self._follow(taken)
                self._crew.acknowledged.append(done.id)

    def _follow(self, done: _sql.Claim) -> _sql.Claim | None:
        if self.fused:
            return self._commit(lambda connection: _sql.complete_and_claim(connection, done))
        self._commit(lambda connection: _sql.complete(connection, done))
        return self._commit(_sql.claim)

    def _wait(self, seen: int) -> None:
        with self._news:
            self._idle += 1
            self._news.wait_for(lambda: self._inserted != seen or self._crew.stopping.is_set(), POLL)
            self._idle -= 1


class RawLock(_Loop):
    """One commit after the other, by a lock; three a job."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._lock = Lock()

    def _commit(self, work: Work[Answer]) -> Answer:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            answer = work(self._connection)
            self._connection.execute("COMMIT")
            return answer


class RawLockFused(RawLock):
    """One commit after the other; two a job."""

    fused = True


class RawGroup(_Loop):
    """Group commit; three pieces of work a job."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._group = Group(self._connection)

    def _commit(self, work: Work[Answer]) -> Answer:
        return self._group.run(work)


class RawGroupFused(RawGroup):
    """Group commit; two pieces of work a job."""

    fused = True
