"""Another backend, clock and crew in the place of a runner's own."""

from datetime import UTC, datetime, timedelta
from threading import Event, active_count

import msgspec
import pytest

from lazyjobs import BackendURLError, InsertParams, JobRunner, RunnerStateError, State
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, states

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def never() -> None:
    raise AssertionError("drained")


def test_jobs_go_to_the_other_backend_by_the_other_clock_and_then_to_the_own_again() -> None:
    own, other = MemoryBackend(), MemoryBackend(clock=lambda: NOW)
    runner = JobRunner(own, jobs=[Do])
    with runner.override(other, clock=lambda: NOW, drain=never) as given:
        assert given is runner
        assert runner.backend is other
        record = runner.enqueue_in(action(lambda: None), timedelta(hours=1))
        assert runner.snapshot().stats.total == 1
    assert record.run_at == NOW + timedelta(hours=1)
    assert own.stats().total == 0
    runner.enqueue(action(lambda: None))
    assert (own.stats().total, other.stats().total) == (1, 1)


def test_a_retry_is_due_by_the_other_clock() -> None:
    def fail() -> None:
        raise ValueError

    other = MemoryBackend(clock=lambda: NOW)
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with runner.override(other, clock=lambda: NOW, drain=never):
        runner.enqueue(action(fail))
        list(runner.run_due())
    assert other.list()[0].run_at == NOW + timedelta(seconds=1)


def test_the_own_backend_is_not_opened() -> None:
    runner = JobRunner("memory://?retention=none", jobs=[Do])
    with runner.override(MemoryBackend(), clock=lambda: NOW, drain=never):
        runner.enqueue(action(lambda: None))
    with pytest.raises(BackendURLError):
        runner.enqueue(action(lambda: None))


def test_a_start_that_ends_when_nothing_is_due_is_a_drain() -> None:
    drained: list[bool] = []
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with runner.override(MemoryBackend(), clock=lambda: NOW, drain=lambda: drained.append(runner.running)):
        runner.start(until_idle=True)
        assert runner.join()
        assert runner.drain()
        assert not runner.running
        runner.start()
        with pytest.raises(RunnerStateError, match="is running and cannot be started"):
            runner.start(until_idle=True)
    assert drained == [False, False]


def test_a_start_starts_no_worker_but_counts_as_running_until_the_stop() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with runner.override(MemoryBackend(), clock=lambda: NOW, drain=never):
        before = active_count()
        with runner:
            running = runner.running
            assert active_count() == before
            runner.enqueue(action(lambda: None))
            with pytest.raises(RunnerStateError, match="cannot be started"):
                runner.start()
            assert not runner.join(timedelta(0))
        assert (running, runner.running) == (True, False)
        assert runner.join()
        assert states(runner) == {State.PENDING: 1}


def test_what_was_started_inside_is_not_running_afterwards() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with runner.override(MemoryBackend(), clock=lambda: NOW, drain=never):
        runner.start()
    assert not runner.running
    runner.enqueue(action(lambda: None))
    assert runner.drain()
    assert states(runner) == {State.SUCCEEDED: 1}


def test_a_drain_calls_the_function_given() -> None:
    runner, drained = JobRunner(MemoryBackend(), jobs=[Do]), []
    with runner.override(MemoryBackend(), clock=lambda: NOW, drain=lambda: drained.append(1)):
        assert runner.drain()
    assert drained == [1]


def test_a_drain_of_what_was_started_is_refused_as_ever() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with runner.override(MemoryBackend(), clock=lambda: NOW, drain=never):
        runner.start()
        with pytest.raises(RunnerStateError, match="cannot be started"):
            runner.drain()


def test_a_close_closes_nothing() -> None:
    runner = JobRunner("memory://", jobs=[Do])
    own = runner.backend
    with runner.override(MemoryBackend(), clock=lambda: NOW, drain=never):
        runner.close()
        runner.enqueue(action(lambda: None))
    assert runner.backend is own
    runner.close()


def test_configuring_inside_says_what_holds_afterwards() -> None:
    own, other = MemoryBackend(), MemoryBackend()
    runner = JobRunner("memory://", jobs=[Do])
    with runner.override(other, clock=lambda: NOW, drain=never):
        runner.configure(backend=own)
        assert runner.backend is other
    assert runner.backend is own


def test_workers_that_run_already_go_on_with_their_own_backend_and_see_nothing_of_the_other() -> None:
    own, other, ran = MemoryBackend(), MemoryBackend(), Event()
    runner = JobRunner(own, jobs=[Do])
    with runner:
        with runner.override(other, clock=lambda: NOW, drain=never):
            running = runner.running
            runner.enqueue(action(lambda: None))
            own.insert(InsertParams(kind="do", payload=msgspec.json.encode(action(ran.set))))
            assert ran.wait(20)
        assert running
        assert runner.running
    assert other.stats().by_state == {State.PENDING: 1}


def test_a_stop_inside_leaves_workers_that_run_already_alone() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with runner:
        with runner.override(MemoryBackend(), clock=lambda: NOW, drain=never):
            runner.stop()
            stopped = not runner.running
        assert stopped
        assert runner.running


def test_a_runner_that_is_overridden_already_is_refused() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with (
        runner.override(MemoryBackend(), clock=lambda: NOW, drain=never),
        pytest.raises(RunnerStateError, match="overridden already"),
    ):
        runner.override(MemoryBackend(), clock=lambda: NOW, drain=never).__enter__()
