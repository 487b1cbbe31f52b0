"""litequeue: a queue object for each thread, all on one file, and plain worker threads."""

from litequeue import LiteQueue as Queue
from litequeue import Message

from benchmarks._job import noop
from benchmarks.sqlite._contender import Enqueue, Setup
from benchmarks.sqlite._crew import Crew

POLL = 0.005
"""Seconds after which a worker asks an empty queue again; litequeue has no way to wait."""


class LiteQueue:
    """Its defaults, which are WAL and NORMAL, set to FULL where that is asked for."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._open()
        self._crew = Crew(self._work, setup.workers)
        self.start, self.settle, self.stop = self._crew.start, self._crew.settle, self._crew.stop

    def producer(self) -> Enqueue:
        put: Enqueue = self._open().put
        return put

    def _open(self) -> Queue:
        queue = Queue(self._setup.file)
        queue.conn.execute(f"PRAGMA synchronous = {self._setup.durability}")
        return queue

    def _work(self) -> None:
        queue = self._open()
        while not self._crew.stopping.is_set():
            message = queue.pop()
            if message is None:
                self._crew.stopping.wait(POLL)
                continue
            noop(message.data)
            queue.done(message.message_id, **_name_claim(message))
            self._crew.acknowledged.append(1)


def _name_claim(message: Message) -> dict[str, object]:
    """What newer versions, which need Python 3.12, ask for beside the id."""
    return {"claim_id": message.claim_id} if hasattr(message, "claim_id") else {}
