"""huey: SqliteHuey and its consumer with worker threads, as `huey_consumer` starts it."""

from huey import SqliteHuey

from benchmarks._job import noop, runs
from benchmarks.sqlite._contender import Enqueue, Setup


class Huey:
    """huey's defaults, which are WAL and FULL; at NORMAL it is set to OFF, since it knows only FULL and OFF."""

    def __init__(self, setup: Setup) -> None:
        fsync = {} if setup.durability == "full" else {"fsync": False}
        huey = SqliteHuey(filename=str(setup.file), **fsync)
        self._task = huey.task()(noop)
        self._consumer = huey.create_consumer(workers=setup.workers)

    def producer(self) -> Enqueue:
        enqueue: Enqueue = self._task
        return enqueue

    def start(self) -> None:
        self._consumer.start()

    def settle(self, total: int) -> None:  # noqa: ARG002 (it deletes a task when it takes it: nothing is left to see)
        runs.wait()

    def stop(self) -> None:
        self._consumer.stop(graceful=True)
