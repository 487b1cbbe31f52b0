"""huey: MemoryHuey and its consumer with worker threads, as `huey_consumer` starts it."""

from huey import MemoryHuey

from benchmarks._contender import Gauge, enqueue_each
from benchmarks._job import noop, runs


class Huey:
    """huey's defaults throughout; only the number of workers is set."""

    def __init__(self, workers: int) -> None:
        huey = MemoryHuey()
        self._task = huey.task()(noop)
        self._consumer = huey.create_consumer(workers=workers)

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        return enqueue_each(self._task, text, number, gauge)

    def start(self) -> None:
        self._consumer.start()

    def settle(self, total: int) -> None:  # noqa: ARG002 (it keeps nothing that could be counted)
        runs.wait()

    def stop(self) -> None:
        self._consumer.stop(graceful=True)
