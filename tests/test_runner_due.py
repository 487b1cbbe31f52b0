"""Running what is due in the calling thread."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import current_thread
from threading import enumerate as list_threads
from typing import ClassVar

import pytest

from lazyjobs import (
    BackendClosedError,
    BaseJob,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    JobRunner,
    Record,
    RetryParams,
    RunnerStateError,
    State,
    current_job,
    current_runner,
)
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, Impatient, action, impatient, read, states
from tests.support.waiting import wait_until

NOW = datetime(2030, 1, 1, tzinfo=UTC)
REQUEST: ContextVar[str] = ContextVar("request")


def make_runner(backend: MemoryBackend | PlainBackend | None = None) -> JobRunner:
    return JobRunner(backend or MemoryBackend(clock=lambda: NOW), jobs=[Do, Impatient], clock=lambda: NOW)


def fail() -> None:
    raise ValueError("no")


def test_a_job_runs_in_the_calling_thread() -> None:
    runner, threads = make_runner(), []
    runner.enqueue(action(lambda: threads.append(current_thread())))
    list(runner.run_due())
    assert threads == [current_thread()]


def test_an_attempt_gives_the_claimed_record_and_the_outcome_that_was_written() -> None:
    runner = make_runner()
    record = runner.enqueue(action(lambda: None))
    (attempt,) = runner.run_due()
    assert attempt.record.id == record.id
    assert attempt.record.state is State.RUNNING
    assert attempt.outcome == CompleteParams(id=record.id, attempt=1)
    assert attempt.error is None
    assert read(runner, record).state is State.SUCCEEDED


def test_a_failure_is_retried_by_the_jobs_policy_and_given_with_its_exception() -> None:
    runner = make_runner()
    record = runner.enqueue(action(fail))
    (attempt,) = runner.run_due()
    assert attempt.outcome == RetryParams(
        id=record.id, attempt=1, run_at=NOW + timedelta(seconds=1), last_error="ValueError: no"
    )
    assert isinstance(attempt.error, ValueError)


def test_a_job_runs_only_when_the_next_attempt_is_asked_for() -> None:
    runner = make_runner()
    for _ in range(2):
        runner.enqueue(action(lambda: None))
    attempts = runner.run_due()
    assert states(runner) == {State.PENDING: 2}
    next(attempts)
    assert states(runner) == {State.PENDING: 1, State.SUCCEEDED: 1}
    assert len(list(attempts)) == 1


@pytest.mark.logs_errors("discarded id=")
def test_what_is_due_on_the_way_is_run_too_and_what_is_due_later_is_left() -> None:
    runner = make_runner()
    runner.enqueue(impatient(fail))
    runner.enqueue_in(action(lambda: None), timedelta(hours=1))
    outcomes = [type(attempt.outcome) for attempt in runner.run_due()]
    assert outcomes == [RetryParams, DiscardParams]
    assert states(runner) == {State.DISCARDED: 1, State.PENDING: 1}


def test_work_sees_its_job_and_runner_and_none_of_the_callers_context() -> None:
    runner, seen = make_runner(), []
    runner.enqueue(action(lambda: seen.append((current_job().attempt, current_runner(), REQUEST.get("none")))))
    REQUEST.set("mine")
    list(runner.run_due())
    assert seen == [(1, runner, "none")]


@dataclass
class Nap(BaseJob):
    kind = "nap"
    threads: ClassVar[list[str]] = []

    async def work(self) -> None:
        self.threads.append(current_thread().name)


def test_async_jobs_share_a_loop_that_ends_with_the_iterator() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Nap])
    runner.enqueue(Nap())
    runner.enqueue(Nap())
    Nap.threads.clear()
    assert len(list(runner.run_due())) == 2
    assert Nap.threads == ["lazyjobs-loop"] * 2
    assert not [thread for thread in list_threads() if thread.name.startswith("lazyjobs")]


def test_an_iterator_that_is_closed_early_leaves_no_thread() -> None:
    runner = make_runner()
    runner.enqueue(action(lambda: None))
    attempts = runner.run_due()
    next(attempts)
    assert [thread for thread in list_threads() if thread.name.startswith("lazyjobs-leases")]
    attempts.close()
    assert not [thread for thread in list_threads() if thread.name.startswith("lazyjobs-leases")]


def test_the_lease_of_a_long_job_is_kept() -> None:
    backend = MemoryBackend()
    runner = JobRunner(backend, jobs=[Do], lease=timedelta(milliseconds=200))

    def outlive_the_lease() -> None:
        first = current_job().record.lease_expires_at
        assert first is not None
        wait_until(lambda: datetime.now(UTC) > first)
        assert backend.claim(ClaimParams()) is None

    runner.enqueue(action(outlive_the_lease))
    (attempt,) = runner.run_due()
    assert attempt.error is None
    assert isinstance(attempt.outcome, CompleteParams)


def test_a_lost_claim_has_no_outcome(caplog: pytest.LogCaptureFixture) -> None:
    backend = PlainBackend()
    runner = make_runner(backend)

    def lose_it() -> None:
        backend.claim(ClaimParams(now=datetime(2100, 1, 1, tzinfo=UTC)))

    runner.enqueue(action(lose_it))
    attempt = next(runner.run_due())
    assert attempt.outcome is None
    assert "another claim decides its outcome" in caplog.text


def test_named_queues_replace_those_that_are_watched() -> None:
    runner = make_runner()
    runner.enqueue(action(lambda: None))
    elsewhere = runner.enqueue(action(lambda: None), queue="elsewhere")
    assert [attempt.record.id for attempt in runner.run_due(queues=["elsewhere"])] == [elsewhere.id]
    with pytest.raises(TypeError, match="several names"):
        runner.run_due(queues="elsewhere")


def test_a_backends_error_is_raised() -> None:
    backend = MemoryBackend()
    runner = make_runner(backend)
    runner.enqueue(action(backend.close))
    with pytest.raises(BackendClosedError):
        list(runner.run_due())


def test_without_a_queue_it_is_refused() -> None:
    with pytest.raises(RunnerStateError, match="no queue to watch"):
        JobRunner(MemoryBackend()).run_due()


def test_an_outcome_is_logged_as_that_of_a_worker(caplog: pytest.LogCaptureFixture) -> None:
    runner = make_runner()
    runner.enqueue(action(fail))
    list(runner.run_due())
    (entry,) = caplog.records
    assert (entry.name, entry.levelname) == ("lazyjobs.jobs", "WARNING")
    assert "ValueError: no" in entry.getMessage()


def test_a_record_decodes_to_its_job() -> None:
    runner = make_runner()
    job = action(fail)
    record: Record = runner.enqueue(job)
    assert runner.decode(record) == job
