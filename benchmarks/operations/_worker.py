"""One measurement: how fast a runner works off its backlog, alone or watched."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Literal

from msgspec import Struct

from benchmarks._process import Figures, obey, order_apart
from benchmarks.operations._visitors import METRICS, PAGE, visited
from benchmarks.operations._work import WORKERS, Size, Work, make_work
from benchmarks.sqlite._disk import Disk
from lazyjobs import Backend, InsertParams, JobRunner, Observer, Record, State, SupportsInsertMany, open_backend
from lazyjobs.control import serve

Storage = Literal["memory", "sqlite-normal", "sqlite-full"]
Watch = Literal["nobody", "hook", "page", "spans", "metrics", "sampled", "everything"]
"""By whom it is watched: an observer that does nothing, the page alone, one half of telemetry alone, or all of it;
sampled is all of it, but the spans of one trace in ten only."""

SAMPLED: dict[Watch, float] = {"spans": 1.0, "sampled": 0.1, "everything": 1.0}
SCRAPED = {"metrics", "sampled", "everything"}
VISITED: dict[Watch, Sequence[str]] = {
    "page": [PAGE],
    "metrics": [METRICS],
    "sampled": [PAGE, METRICS],
    "everything": [PAGE, METRICS],
}
_FIRST = 50


class Measurement(Struct, frozen=True):
    """What is measured."""

    storage: Storage
    size: Size
    watch: Watch
    loops: int
    seconds: float


def measure(order: Measurement, disk: Disk) -> Figures:
    """Jobs per second and CPU seconds per job, by a fresh interpreter on that disk."""
    return order_apart(__name__, order, disk.environment())


class Unconcerned:
    """Watches nothing."""

    def started(self, runner: JobRunner) -> None: ...

    def enqueuing(self, params: InsertParams) -> None: ...

    def attempting(self, record: Record) -> None: ...


def run_measurement(order: Measurement) -> Figures:
    """Works off one batch after the other until so much time was spent on it; filling up is not counted."""
    with ExitStack() as stack:
        backend = stack.enter_context(_open(order.storage))
        runner = JobRunner(backend, jobs=[Work], workers=WORKERS[order.size], observers=_observers(order.watch))
        if paths := VISITED.get(order.watch):
            host, port = stack.enter_context(serve(runner, "127.0.0.1", 0))
            stack.enter_context(visited(f"http://{host}:{port}", paths))
        jobs, seconds, used, batch = 0, 0.0, 0.0, _FIRST
        while seconds < order.seconds:
            _fill(runner, backend, order, batch)
            cpu, begun = time.process_time(), time.perf_counter()
            runner.drain()
            taken = time.perf_counter() - begun
            seconds, used, jobs = seconds + taken, used + time.process_time() - cpu, jobs + batch
            batch = max(_FIRST, round(batch * min(4.0, order.seconds / 20 / taken)))
        if (left := backend.stats().by_state).get(State.PENDING) or left.get(State.DISCARDED):
            raise RuntimeError(f"not every job succeeded: {left}")
    return {"rate": jobs / seconds, "cpu": used / jobs}


@contextmanager
def _open(storage: Storage) -> Iterator[Backend]:
    with TemporaryDirectory(prefix="lazyjobs-bench-") as directory:
        durability = storage.removeprefix("sqlite-")
        url = "memory://" if storage == "memory" else f"sqlite:///{directory}/jobs.db?durability={durability}"
        yield open_backend(url)


def _fill(runner: JobRunner, backend: Backend, order: Measurement, number: int) -> None:
    """Enqueues one job and copies it, trace context and all, as enqueuing is not what is measured."""
    payload = runner.enqueue(make_work(order.size, order.loops)).payload
    copies = [InsertParams(kind=Work.kind, payload=payload)] * (number - 1)
    assert isinstance(backend, SupportsInsertMany)
    backend.insert_many(copies)


def _observers(watch: Watch) -> Sequence[Observer]:
    if watch == "hook":
        return [Unconcerned()]
    if watch in SAMPLED or watch in SCRAPED:
        from benchmarks.operations._telemetry import make_observers

        return make_observers(sampled=SAMPLED.get(watch), metrics=watch in SCRAPED)
    return []


if __name__ == "__main__":
    obey(Measurement, run_measurement)
