"""Draining: all that is due, and what becomes due on the way."""

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from lazyjobs import JobRunner, RunnerStateError, State
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, Impatient, action, impatient, states


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("make", [MemoryBackend, PlainBackend])
def test_what_a_job_enqueues_is_run_too(make: type[MemoryBackend], workers: int) -> None:
    runner = JobRunner(make(), jobs=[Do], workers=workers)
    left = iter(range(20))

    def enqueue_another() -> None:
        if next(left, None) is not None:
            runner.enqueue(action(enqueue_another))

    runner.enqueue(action(enqueue_another))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.SUCCEEDED: 21}
    assert not runner.running


def test_what_is_due_later_is_left() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue_in(action(lambda: None), timedelta(hours=1))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.PENDING: 1}


def test_a_retry_that_is_due_at_once_is_run() -> None:
    def fail() -> None:
        raise ValueError

    runner = JobRunner(MemoryBackend(), jobs=[Do, Impatient])
    runner.enqueue(impatient(fail))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.DISCARDED: 1}


def test_an_empty_backend_is_drained_at_once() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do], workers=8)
    assert runner.drain(timedelta(seconds=20))


def test_a_timeout_ends_the_drain_with_the_jobs_in_flight_done() -> None:
    runner, started = JobRunner(MemoryBackend(), jobs=[Do]), Event()
    until = datetime.now(UTC) + timedelta(milliseconds=100)

    def work_on() -> None:
        started.set()
        if datetime.now(UTC) < until:
            runner.enqueue(action(work_on))

    runner.enqueue(action(work_on))
    assert not runner.drain(timedelta(milliseconds=10))
    assert started.is_set()
    assert State.RUNNING not in states(runner)


def test_a_wait_that_is_wrong_every_time_does_not_keep_the_drain_from_ending() -> None:
    class Hopeful(MemoryBackend):
        def wait(self, params: object) -> bool:
            return True

    runner = JobRunner(Hopeful(), jobs=[Do], workers=2)
    runner.enqueue(action(lambda: None))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.SUCCEEDED: 1}


def test_a_runner_without_jobs_has_nothing_to_drain() -> None:
    with pytest.raises(RunnerStateError, match="no queue to watch; register a job, or pass queues="):
        JobRunner(MemoryBackend()).drain()
