"""Draining: all that is due, and what becomes due on the way."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread, current_thread

import pytest

from lazyjobs import BackendUnavailableError, ClaimParams, JobRunner, Record, RunnerStateError, State
from lazyjobs.runner._crew import Crew
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, Impatient, action, impatient, states
from tests.support.waiting import wait_until


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


@pytest.mark.logs_errors("discarded id=")
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
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue(action(lambda: wait_until(lambda: not runner.running)))
    runner.enqueue(action(lambda: None))
    assert not runner.drain(timedelta(milliseconds=10))
    assert states(runner) == {State.SUCCEEDED: 1, State.PENDING: 1}


class LateNews(PlainBackend):
    """Answers the idle worker None, but only once the busy one has enqueued, failed to claim, and become idle too."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: Thread | None = None
        self.asked = Event()
        self.wait_for_idle: Callable[[], None] = lambda: None

    def claim(self, params: ClaimParams) -> Record | None:
        if self.asked.is_set() and self.busy is current_thread():
            self.busy = None
            raise BackendUnavailableError("no answer")
        record = super().claim(params)
        if record is None and self.busy is not None and not self.asked.is_set():
            self.asked.set()
            self.wait_for_idle()
        return record


@pytest.mark.logs_errors("claiming failed")
def test_what_was_enqueued_after_the_last_empty_answer_is_run_too() -> None:
    backend = LateNews()
    runner = JobRunner(backend, jobs=[Do], workers=2, poll_interval=timedelta(milliseconds=20))

    def enqueue_late() -> None:
        backend.busy = current_thread()
        assert backend.asked.wait(20)
        runner.enqueue(action(lambda: None))

    def wait_for_idle() -> None:
        assert isinstance(runner._crew, Crew)
        claims = runner._crew._claims
        wait_until(lambda: claims._idle == 2)

    backend.wait_for_idle = wait_for_idle
    runner.enqueue(action(enqueue_late))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.SUCCEEDED: 2}


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
