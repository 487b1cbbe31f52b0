"""lazyjobs: the runner on the SQLite backend."""

from dataclasses import dataclass
from typing import ClassVar

from benchmarks._job import noop, runs, wait_until
from benchmarks.sqlite._contender import Enqueue, Setup
from lazyjobs import Backend, BaseJob, JobRunner, State, open_backend


@dataclass
class Noop(BaseJob):
    """The job, with its field as the payload."""

    kind: ClassVar[str] = "noop"
    text: str

    def work(self) -> None:
        noop(self.text)


def open_sqlite(setup: Setup) -> Backend:
    """The backend with its defaults but for the durability."""
    return open_backend(f"sqlite:///{setup.file}?durability={setup.durability}")


class LazyJobs:
    """lazyjobs' defaults throughout; only the durability and the number of workers are set."""

    def __init__(self, setup: Setup) -> None:
        self._backend = open_sqlite(setup)
        self._runner = JobRunner(self._backend, jobs=[Noop], workers=setup.workers)
        self.start, self.stop = self._runner.start, self._runner.stop

    def producer(self) -> Enqueue:
        return self._enqueue

    def _enqueue(self, text: str) -> None:
        self._runner.enqueue(Noop(text=text))

    def settle(self, total: int) -> None:
        runs.wait()
        wait_until(lambda: self._backend.stats().by_state.get(State.SUCCEEDED) == total)
