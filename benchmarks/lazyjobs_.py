"""lazyjobs: the runner on the memory backend."""

from dataclasses import dataclass
from typing import ClassVar

from benchmarks._contender import Gauge, enqueue_each
from benchmarks._job import noop, runs, wait_until
from lazyjobs import BaseJob, JobRunner, State
from lazyjobs_memory import MemoryBackend


@dataclass
class Noop(BaseJob):
    """The job, with its field as the payload."""

    kind: ClassVar[str] = "noop"
    text: str

    def work(self) -> None:
        noop(self.text)


class LazyJobs:
    """lazyjobs' defaults throughout; only the number of workers is set."""

    def __init__(self, workers: int) -> None:
        self._backend = MemoryBackend()
        self._runner = JobRunner(self._backend, jobs=[Noop], workers=workers)

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        return enqueue_each(self._enqueue, text, number, gauge)

    def _enqueue(self, text: str) -> None:
        self._runner.enqueue(Noop(text=text))

    def start(self) -> None:
        self._runner.start()

    def settle(self, total: int) -> None:
        runs.wait()
        wait_until(lambda: self._backend.stats().by_state.get(State.SUCCEEDED) == total)

    def stop(self) -> None:
        self._runner.stop()
