"""Stopping: what is in flight ends, or is told to; nothing is run twice and nothing is lost."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from threading import Event, Semaphore
from time import monotonic

import pytest

from lazyjobs import BackendClosedError, JobRunner, RunnerStateError, State, current_job, current_runner
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, read, states
from tests.support.waiting import GENEROUS, wait_until

QUICK = timedelta(milliseconds=20)


class Gate:
    """A job's work that says when it has started and goes on when it may."""

    def __init__(self) -> None:
        self.started, self.opened, self.cancelled = Event(), Event(), Event()

    def pass_through(self) -> None:
        self.started.set()
        self.opened.wait(GENEROUS.total_seconds())
        if current_job().cancelled:
            self.cancelled.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


def make_runner(**options: object) -> JobRunner:
    return JobRunner(MemoryBackend(), jobs=[Do], poll_interval=QUICK, **options)  # type: ignore[arg-type]


def test_a_job_in_flight_may_end_and_its_outcome_is_written(gate: Gate) -> None:
    runner = make_runner()
    record, waiting = runner.enqueue(action(gate.pass_through)), runner.enqueue(action(lambda: None))
    runner.start()
    assert gate.started.wait(20)
    runner.enqueue(action(gate.opened.set))
    gate.opened.set()
    assert runner.stop()
    assert not runner.running
    assert read(runner, record).state is State.SUCCEEDED
    assert read(runner, waiting).attempt <= 1


def test_nothing_is_claimed_after_the_stop() -> None:
    runner = make_runner(workers=4)
    runner.start()
    assert runner.stop()
    record = runner.enqueue(action(lambda: None))
    assert read(runner, record).state is State.PENDING


def test_a_job_that_never_returns_is_cancelled_after_the_timeout_and_keeps_its_lease(gate: Gate) -> None:
    runner = make_runner(lease=timedelta(milliseconds=200))
    record = runner.enqueue(action(gate.pass_through))
    runner.start()
    assert gate.started.wait(20)
    before = monotonic()
    assert not runner.stop(QUICK)
    assert monotonic() - before < 10
    assert not runner.running
    lease = read(runner, record).lease_expires_at
    wait_until(lambda: read(runner, record).lease_expires_at != lease, what="an extension of the lease")
    assert read(runner, record).attempt == 1
    gate.opened.set()
    wait_until(lambda: read(runner, record).state is State.SUCCEEDED, what="the outcome, however late")
    assert gate.cancelled.is_set()
    assert runner.join(GENEROUS)


def test_a_runner_may_be_started_again_beside_a_job_that_outlived_the_stop(gate: Gate) -> None:
    runner = make_runner()
    stuck = runner.enqueue(action(gate.pass_through))
    runner.start()
    assert gate.started.wait(20)
    assert not runner.stop(QUICK)
    other = runner.enqueue(action(lambda: None))
    assert runner.drain()
    assert read(runner, other).state is State.SUCCEEDED
    assert read(runner, stuck).state is State.RUNNING


def test_waiting_for_the_cancellation_ends_a_job_at_the_stop() -> None:
    runner, started = make_runner(), Event()

    def wait() -> None:
        started.set()
        assert current_job().wait_cancelled(GENEROUS)

    record = runner.enqueue(action(wait))
    runner.start()
    assert started.wait(20)
    assert runner.stop(QUICK)
    assert read(runner, record).state is State.SUCCEEDED


@pytest.mark.parametrize("error", [OSError("no reader"), SystemExit(1)])
def test_a_log_that_fails_keeps_no_job_from_being_cancelled(error: BaseException) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise error

    runner, started = make_runner(workers=3), Semaphore(0)

    def heed() -> None:
        started.release()
        assert current_job().wait_cancelled(GENEROUS)

    for _ in range(3):
        runner.enqueue(action(heed))
    handler, library = Broken(), logging.getLogger("lazyjobs")
    library.addHandler(handler)
    try:
        runner.start()
        for _ in range(3):
            assert started.acquire(timeout=20)
        assert runner.stop(QUICK)
    finally:
        library.removeHandler(handler)
    assert states(runner) == {State.SUCCEEDED: 3}


def test_waiting_for_a_cancellation_that_does_not_come_times_out() -> None:
    runner, answers = make_runner(), []
    runner.enqueue(action(lambda: answers.append(current_job().wait_cancelled(QUICK))))
    assert runner.drain()
    assert answers == [False]


def test_a_job_may_stop_its_own_runner() -> None:
    runner = make_runner()
    record = runner.enqueue(action(lambda: current_runner().stop(QUICK)))
    runner.start()
    assert runner.join(GENEROUS)
    assert read(runner, record).state is State.SUCCEEDED


def test_stopping_what_does_not_run_does_no_harm() -> None:
    runner = make_runner()
    assert runner.stop()
    runner.start()
    assert runner.stop()
    assert runner.stop()


def test_starting_twice_is_refused() -> None:
    with make_runner() as runner, pytest.raises(RunnerStateError, match="running and cannot be started; stop it first"):
        runner.start()


def has_at_least(items: list[int], count: int) -> bool:
    return len(items) >= count


def test_stopping_under_load_loses_nothing_and_runs_nothing_twice() -> None:
    runs: list[int] = []
    runner = make_runner(workers=4)
    for _ in range(2_000):
        runner.enqueue(action(lambda: runs.append(current_job().record.id)))
    for goal in range(200, 2_200, 200):
        runner.start()
        wait_until(partial(has_at_least, runs, goal))
        assert runner.stop()
        assert State.RUNNING not in states(runner)
    assert states(runner) == {State.SUCCEEDED: 2_000}
    assert sorted(runs) == list(range(1, 2_001))


def test_a_backend_opened_from_a_url_is_closed_at_the_end() -> None:
    with JobRunner("memory://", jobs=[Do], poll_interval=QUICK) as runner:
        backend = runner.backend
    with pytest.raises(BackendClosedError):
        backend.stats()
    with pytest.raises(BackendClosedError, match="the runner that opened 'memory://' was closed"):
        runner.enqueue(action(lambda: None))


def test_a_backend_that_was_given_is_left_open() -> None:
    backend = MemoryBackend()
    with JobRunner(backend, jobs=[Do], poll_interval=QUICK):
        pass
    assert backend.stats().total == 0


def test_a_backend_is_closed_only_after_the_last_job_has_ended(gate: Gate) -> None:
    runner = JobRunner("memory://", jobs=[Do], poll_interval=QUICK)
    record = runner.enqueue(action(gate.pass_through))
    runner.start()
    assert gate.started.wait(20)
    backend = runner.backend
    assert not runner.stop(QUICK)
    runner.close()
    (running,) = backend.list()
    assert (running.id, running.state) == (record.id, State.RUNNING)
    gate.opened.set()
    assert runner.join(GENEROUS)
    with pytest.raises(BackendClosedError):
        backend.stats()


@pytest.mark.logs_errors("claiming failed")
def test_closing_the_backend_under_a_running_runner_does_not_end_its_workers_before_the_stop() -> None:
    backend = MemoryBackend()
    runner = JobRunner(backend, jobs=[Do], workers=2, poll_interval=QUICK)
    runner.start()
    backend.close()
    assert not runner.join(timedelta(milliseconds=50))
    assert runner.stop()


@pytest.mark.logs_errors("what was to be done then failed")
def test_a_backend_that_fails_to_close_does_not_keep_a_runner_from_having_ended(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: MemoryBackend) -> None:
        raise OSError("disk full")

    runner = JobRunner("memory://", jobs=[Do], poll_interval=QUICK)
    runner.enqueue(action(gate.pass_through))
    runner.start()
    assert gate.started.wait(20)
    assert not runner.stop(QUICK)
    monkeypatch.setattr(MemoryBackend, "close", fail)
    runner.close()
    gate.opened.set()
    assert runner.join(GENEROUS)
    assert "disk full" in caplog.text
