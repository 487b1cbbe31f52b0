"""Enqueueing: what is stored, and what is refused with nothing stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest

from lazyjobs import BaseJob, EncodeError, InvalidJobError, JobRunner, State, UnknownKindError
from lazyjobs_memory import MemoryBackend

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class Welcome(BaseJob):
    kind: ClassVar[str] = "user.welcome"
    job_queue: ClassVar[str] = "mail"
    job_max_attempts: ClassVar[int] = 3
    user_id: int

    def work(self) -> None: ...


@pytest.fixture
def runner() -> JobRunner:
    return JobRunner(MemoryBackend(clock=lambda: NOW), jobs=[Welcome], clock=lambda: NOW)


def test_a_record_holds_what_the_job_and_its_class_say(runner: JobRunner) -> None:
    record = runner.enqueue(Welcome(user_id=7))
    assert (record.kind, record.queue, record.max_attempts) == ("user.welcome", "mail", 3)
    assert (record.payload, record.state, record.run_at) == (b'{"user_id":7}', State.PENDING, NOW)
    assert runner.backend.list() == [record]


def test_the_queue_may_be_chosen_at_each_call(runner: JobRunner) -> None:
    later = NOW + timedelta(hours=1)
    assert runner.enqueue(Welcome(1), queue="urgent").queue == "urgent"
    assert runner.enqueue_in(Welcome(1), timedelta(hours=1), queue="urgent").queue == "urgent"
    assert runner.enqueue_at(Welcome(1), later, queue="urgent").queue == "urgent"


def test_a_delay_counts_from_now(runner: JobRunner) -> None:
    assert runner.enqueue_in(Welcome(1), timedelta(minutes=5)).run_at == NOW + timedelta(minutes=5)


@pytest.mark.parametrize("seconds", [0, -5])
def test_a_delay_that_is_not_above_zero_is_now(runner: JobRunner, seconds: int) -> None:
    assert runner.enqueue_in(Welcome(1), timedelta(seconds=seconds)).run_at == NOW


def test_a_time_of_any_zone_is_stored_in_utc(runner: JobRunner) -> None:
    run_at = datetime(2031, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    record = runner.enqueue_at(Welcome(1), run_at)
    assert record.run_at == run_at
    assert record.run_at.tzinfo is UTC


def test_a_naive_time_is_refused_and_nothing_is_stored(runner: JobRunner) -> None:
    with pytest.raises(ValueError, match="run_at must be aware"):
        runner.enqueue_at(Welcome(1), datetime(2031, 1, 1))  # noqa: DTZ001
    assert runner.backend.stats().total == 0


def test_an_ill_typed_field_is_refused_and_nothing_is_stored(runner: JobRunner) -> None:
    with pytest.raises(EncodeError, match=r"'user.welcome' job cannot be stored.*`\$.user_id`"):
        runner.enqueue(Welcome(user_id="seven"))  # type: ignore[arg-type]
    assert runner.backend.stats().total == 0


def test_a_job_of_an_unregistered_kind_is_refused(runner: JobRunner) -> None:
    class Other(BaseJob):
        kind = "other"

        def work(self) -> None: ...

    with pytest.raises(UnknownKindError, match=r"'other' \(registered: user.welcome\)"):
        runner.enqueue(Other())


def test_a_class_instead_of_a_job_is_refused(runner: JobRunner) -> None:
    with pytest.raises(InvalidJobError, match=r"Welcome is a class; enqueue an instance"):
        runner.enqueue(Welcome)  # type: ignore[arg-type]


def test_a_subclass_that_shares_the_kind_is_refused(runner: JobRunner) -> None:
    class Warmer(Welcome):
        pass

    with pytest.raises(InvalidJobError, match=r"Warmer is not registered; its kind is that of .*Welcome"):
        runner.enqueue(Warmer(1))


def test_an_unknown_queue_name_is_refused_and_nothing_is_stored(runner: JobRunner) -> None:
    with pytest.raises(ValueError, match="queue must be 1 to 100 characters"):
        runner.enqueue(Welcome(1), queue="no spaces")
    assert runner.backend.stats().total == 0
