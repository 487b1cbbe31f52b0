"""persist-queue: SQLiteAckQueue, the one of its queues that keeps what is being worked on, and plain worker threads."""

from typing import Any

from persistqueue import Empty, SQLiteAckQueue

from benchmarks._job import noop
from benchmarks.sqlite._contender import Enqueue, Setup
from benchmarks.sqlite._crew import Crew

POLL = 0.5
"""Seconds for which a worker waits before it looks whether it is to stop; a put wakes it."""


class PersistQueue:
    """Its defaults, which are WAL and FULL, with `multithreading` as its documents ask for among threads."""

    def __init__(self, setup: Setup) -> None:
        self._queue = SQLiteAckQueue(setup.directory, multithreading=True)
        if setup.durability == "normal":
            put_through: Any = self._queue._putter  # noqa: SLF001 (there is no setting for it)
            put_through.execute("PRAGMA synchronous = NORMAL")
        self._crew = Crew(self._work, setup.workers)
        self.start, self.settle, self.stop = self._crew.start, self._crew.settle, self._crew.stop

    def producer(self) -> Enqueue:
        return self._queue.put

    def _work(self) -> None:
        while not self._crew.stopping.is_set():
            try:
                item = self._queue.get(timeout=POLL, raw=True)
            except Empty:
                continue
            noop(item["data"])
            self._queue.ack(id=item["pqid"])
            self._crew.acknowledged.append(item["pqid"])
