"""One of the processes that work through an hour's jobs: `python -m torture.shift NAMESPACE JOBS`.

Enqueues so many jobs, runs whatever is due, prunes what is finished, and ends when nothing is left to do; says how many
it ran.
"""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lazyjobs import Backend, BaseJob, JobRunner, PruneParams, State, SupportsPrune
from lazyjobs_sqlite import SQLiteBackend
from torture.harness import file_of

KEPT = timedelta(seconds=1)
"""How long finished records stay: an hour of it would be a day's in the same ratio."""
_BACKLOG = 500
_CHUNK = 25
_PRODUCERS = 2
_WORKERS = 2
_lock = threading.Lock()
_runs = 0


@dataclass
class Piecework(BaseJob):
    """A job that only counts."""

    kind = "torture.piecework"
    number: int

    def work(self) -> None:
        global _runs
        with _lock:
            _runs += 1


def main(namespace: str, jobs: int) -> int:
    """Works, and returns how many jobs it ran."""
    backend = SQLiteBackend(file_of(namespace))
    runner = JobRunner(backend, jobs=[Piecework], workers=_WORKERS)
    done = threading.Event()
    with runner, ThreadPoolExecutor(_PRODUCERS + 1) as executor:
        pruning = executor.submit(_prune, backend, done)
        producing = [executor.submit(_produce, runner, backend, jobs // _PRODUCERS) for _ in range(_PRODUCERS)]
        for each in producing:
            each.result()
        _await(lambda: _unfinished(backend) == 0)
        done.set()
        pruning.result()
    return _runs


def _produce(runner: JobRunner, backend: Backend, jobs: int) -> None:
    for number in range(jobs):
        if number % _CHUNK == 0:
            _await(lambda: _unfinished(backend) < _BACKLOG)
        runner.enqueue(Piecework(number))


def _prune(backend: Backend, done: threading.Event) -> None:
    assert isinstance(backend, SupportsPrune)
    while not done.wait(0.2):
        while backend.prune(PruneParams(finished_before=datetime.now(UTC) - KEPT, limit=500)) == 500:
            pass


def _unfinished(backend: Backend) -> int:
    counts = backend.stats().by_state
    return sum(counts.get(state, 0) for state in (State.PENDING, State.RUNNING, State.RETRYING))


def _await(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], int(sys.argv[2]))}\n")
