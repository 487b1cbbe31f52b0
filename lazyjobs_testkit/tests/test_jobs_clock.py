"""Time in the hands of a test: retries, delays and giving up over hours, in no time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest

from lazyjobs import BaseJob, ClaimParams, JobRunner, State, current_job, current_runner
from lazyjobs_testkit import Jobs
from lazyjobs_testkit.jobs import Clock

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Charge(BaseJob):
    """Fails the first times, and is tried again an hour later, then two hours later."""

    kind = "charge"
    job_max_attempts = 3
    at: ClassVar[list[datetime]] = []
    clock: ClassVar[Clock]
    failures: int

    def work(self) -> None:
        self.at.append(self.clock.now)
        if current_job().attempt <= self.failures:
            raise TimeoutError("the bank does not answer")

    def job_retry_delay(self, attempt: int) -> timedelta:
        return attempt * HOUR


@dataclass
class Tick(BaseJob):
    """Enqueues itself again, ten minutes on."""

    kind = "tick"
    number: int = 1

    def work(self) -> None:
        current_runner().enqueue_in(Tick(self.number + 1), timedelta(minutes=10))


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with Jobs(JobRunner(jobs=[Charge, Tick]), now=NOW) as jobs:
        Charge.clock, Charge.at = jobs.clock, []
        yield jobs


def states(jobs: Jobs) -> list[State]:
    return [record.state for record in jobs.records()]


def test_the_clock_begins_at_the_present_and_stands_still() -> None:
    before = datetime.now(UTC)
    with Jobs() as jobs:
        assert before <= jobs.clock.now <= datetime.now(UTC)
        assert jobs.clock() == jobs.clock.now == jobs.clock.now


def test_what_is_enqueued_has_the_time_of_the_test(jobs: Jobs) -> None:
    record = jobs.runner.enqueue_in(Tick(), HOUR)
    assert (record.created_at, record.run_at) == (NOW, NOW + HOUR)


def test_a_job_runs_once_its_time_has_come(jobs: Jobs) -> None:
    jobs.runner.enqueue_at(Charge(failures=0), NOW + HOUR)
    jobs.clock.advance(HOUR - timedelta(microseconds=1))
    assert jobs.drain() == []
    jobs.clock.advance(timedelta(microseconds=1))
    assert len(jobs.drain()) == 1


def test_each_retry_runs_at_its_own_time(jobs: Jobs) -> None:
    jobs.runner.enqueue(Charge(failures=2))
    ran = jobs.run_for(timedelta(days=1), tolerate=TimeoutError)
    assert Charge.at == [NOW, NOW + HOUR, NOW + 3 * HOUR]
    assert [type(attempt.error) for attempt in ran] == [TimeoutError, TimeoutError, type(None)]
    assert states(jobs) == [State.SUCCEEDED]
    assert jobs.clock.now == NOW + timedelta(days=1)


@pytest.mark.logs_errors("charge discarded id=")
def test_a_job_is_given_up_after_its_last_attempt(jobs: Jobs) -> None:
    jobs.runner.enqueue(Charge(failures=3))
    jobs.run_for(timedelta(days=1), tolerate=TimeoutError)
    assert states(jobs) == [State.DISCARDED]


def test_running_for_a_while_stops_short_of_what_is_due_after_it(jobs: Jobs) -> None:
    jobs.runner.enqueue(Charge(failures=2))
    jobs.run_for(3 * HOUR - timedelta(microseconds=1), tolerate=TimeoutError)
    assert states(jobs) == [State.RETRYING]
    jobs.run_for(timedelta(microseconds=1))
    assert states(jobs) == [State.SUCCEEDED]


def test_a_failure_that_is_not_tolerated_leaves_the_clock_at_its_moment(jobs: Jobs) -> None:
    jobs.runner.enqueue_in(Charge(failures=1), HOUR)
    with pytest.raises(TimeoutError):
        jobs.run_for(timedelta(days=1))
    assert jobs.clock.now == NOW + HOUR


def test_a_job_that_enqueues_its_successor_runs_as_often_as_there_is_time(jobs: Jobs) -> None:
    jobs.runner.enqueue(Tick())
    assert len(jobs.run_for(HOUR)) == 7
    assert jobs.waiting(Tick) == [Tick(8)]


def test_what_waits_on_a_queue_that_nobody_watches_is_left(jobs: Jobs) -> None:
    jobs.runner.enqueue_in(Tick(), HOUR, queue="elsewhere")
    assert jobs.run_for(2 * HOUR) == []
    jobs.runner.enqueue_in(Tick(), HOUR, queue="elsewhere")
    assert len(jobs.run_for(HOUR, queues=["elsewhere"])) == 2


def test_a_job_whose_worker_died_comes_back_once_its_lease_has_ended(jobs: Jobs) -> None:
    jobs.runner.enqueue(Charge(failures=0))
    assert jobs.runner.backend.claim(ClaimParams(lease=HOUR)) is not None
    assert jobs.run_for(HOUR - timedelta(microseconds=1)) == []
    jobs.run_for(HOUR)
    assert Charge.at == [NOW + HOUR]


@pytest.mark.logs_errors("not run: attempt 4 of at most 3")
def test_a_job_whose_workers_died_too_often_fails_the_test_with_the_reason(jobs: Jobs) -> None:
    jobs.runner.enqueue(Charge(failures=0))
    for _ in range(3):
        assert jobs.runner.backend.claim(ClaimParams(lease=HOUR)) is not None
        jobs.clock.advance(HOUR)
    with pytest.raises(RuntimeError, match="not run: attempt 4 of at most 3; the worker of the attempt before"):
        jobs.drain()


def test_time_does_not_go_back(jobs: Jobs) -> None:
    with pytest.raises(ValueError, match=r"cannot go back to .* begins there, with Jobs\(now="):
        jobs.clock.advance(-HOUR)
    with pytest.raises(ValueError, match="cannot go back"):
        jobs.clock.move_to(NOW - HOUR)
    assert jobs.clock.now == NOW


def test_a_time_of_another_zone_is_told_in_utc_and_one_without_a_zone_is_refused(jobs: Jobs) -> None:
    jobs.clock.move_to(datetime(2030, 1, 1, 9, tzinfo=timezone(5 * HOUR)))
    assert str(jobs.clock.now) == "2030-01-01 04:00:00+00:00"
    with pytest.raises(ValueError, match="has no time zone"):
        jobs.clock.move_to(datetime(2031, 1, 1))  # noqa: DTZ001
