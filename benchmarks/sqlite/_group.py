"""Group commit among the threads of one process: one leads, and commits what the others have handed in."""

import sqlite3
from collections.abc import Callable
from threading import Lock
from time import perf_counter
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

SHARE = 0.5
"""Of a mean commit: for how long a leader waits for the callers that were just served."""
WEIGHT = 0.1
"""Of the newest commit in the mean."""


class Call(Generic[Answer]):
    """One piece of work and what became of it; `gate` opens when it is done or when it is to lead."""

    __slots__ = ("_answer", "error", "gate", "leads", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], Answer]) -> None:
        self.work = work
        self.error: BaseException | None = None
        self.leads = False
        self.gate = Lock()
        self.gate.acquire()

    def perform(self, connection: sqlite3.Connection) -> None:
        """Does it, inside the transaction."""
        self._answer = self.work(connection)

    def answer(self) -> Answer:
        """What the work answered, or raises why the transaction failed."""
        if self.error is not None:
            raise self.error
        return self._answer


class Group:
    """A connection that many threads write through: each call is answered once its commit is done.

    The first to come leads. While it commits, others line up; the first of those leads next, and lingers a little for
    those that were just served, who often come back at once. A lone caller never waits.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()
        self._line: list[Call[object]] = []
        self._led = False
        self._crowd = 0
        self._awaited = 0
        self._all_here = Lock()
        self._all_here.acquire()
        self._mean = 0.0

    def run(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What `work` answers, once it is committed together with whatever else was in line."""
        call = Call(work)
        if self._join(call):
            call.gate.acquire()
            if not call.leads:
                return call.answer()
        self._lead()
        return call.answer()

    def _join(self, call: Call[Answer]) -> bool:
        """Whether another leads."""
        with self._lock:
            self._line.append(call)  # type: ignore[arg-type]
            led, self._led = self._led, True
            if self._awaited and len(self._line) >= self._awaited:
                self._awaited = 0
                self._all_here.release()
        return led

    def _lead(self) -> None:
        self._linger()
        with self._lock:
            batch, self._line = self._line, []
        self._commit(batch)
        with self._lock:
            self._crowd = len(batch) + len(self._line)
            following = self._line[0] if self._line else None
            self._led = following is not None
        if following is not None:
            following.leads = True
            following.gate.release()
        for call in batch:
            call.gate.release()

    def _linger(self) -> None:
        with self._lock:
            if len(self._line) >= self._crowd:
                return
            self._awaited = self._crowd
        arrived = self._all_here.acquire(timeout=SHARE * self._mean)
        with self._lock:
            if not arrived and not self._awaited:
                self._all_here.acquire()
            self._awaited = 0

    def _commit(self, batch: list[Call[object]]) -> None:
        begun = perf_counter()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for call in batch:
                call.perform(self._connection)
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._connection.rollback()
            for call in batch:
                call.error = error
        taken = perf_counter() - begun
        self._mean += (taken - self._mean) * (WEIGHT if self._mean else 1)
