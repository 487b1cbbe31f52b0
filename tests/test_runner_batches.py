"""Idle workers of a runner whose backend can claim many at once."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event, Thread

import msgspec
import pytest

from lazyjobs import ClaimParams, InsertParams, JobRunner, Record
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, states
from tests.support.waiting import GENEROUS, wait_until


class Batching(MemoryBackend):
    """Notes how many records each batch was to have, and had; hands none over before `gate` is open."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.got: list[int] = []
        self.gate = Event()
        self.gate.set()

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        records = super().claim_many(params, limit)
        self.asked.append(limit)
        self.got.append(len(records))
        if records:
            self.gate.wait(GENEROUS.total_seconds())
        return records


@pytest.fixture
def backend() -> Batching:
    return Batching()


@pytest.fixture
def runner(backend: Batching) -> JobRunner:
    """Started, with four workers of which all are idle."""
    runner = JobRunner(backend, jobs=[Do], workers=4, poll_interval=timedelta(milliseconds=20))
    runner.start()
    wait_until(lambda: 4 in backend.asked)
    return runner


def insert(backend: MemoryBackend, count: int, function: Callable[[], object]) -> None:
    """Inserts so many jobs at once, before anybody can claim one of them."""
    payload = msgspec.json.encode(action(function))
    backend.insert_many([InsertParams(kind=Do.kind, payload=payload)] * count)


def test_one_claim_serves_every_idle_worker(backend: Batching, runner: JobRunner) -> None:
    begun: list[int] = []

    def meet() -> None:
        begun.append(1)
        wait_until(lambda: len(begun) == 4)

    insert(backend, 4, meet)
    wait_until(lambda: len(begun) == 4)
    assert runner.stop()
    assert max(backend.got) == 4
    assert max(backend.asked) == 4


def test_no_more_is_claimed_than_workers_are_idle(backend: Batching, runner: JobRunner) -> None:
    begun: list[int] = []
    release = Event()

    def block() -> None:
        begun.append(1)
        release.wait(GENEROUS.total_seconds())

    insert(backend, 12, block)
    wait_until(lambda: len(begun) == 4)
    assert states(runner) == {"running": 4, "pending": 8}
    release.set()
    wait_until(lambda: states(runner) == {"succeeded": 12})
    assert runner.stop()


def test_what_was_claimed_for_idle_workers_runs_although_the_runner_is_stopped(
    backend: Batching, runner: JobRunner
) -> None:
    ran: list[int] = []
    backend.gate.clear()
    insert(backend, 4, lambda: ran.append(1))
    wait_until(lambda: 4 in backend.got)
    stopping = Thread(target=runner.stop)
    stopping.start()
    wait_until(lambda: not runner.running)
    backend.gate.set()
    stopping.join()
    assert len(ran) == 4
    assert states(runner) == {"succeeded": 4}
