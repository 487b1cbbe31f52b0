"""Delays are as long as was asked for, by the clock of the backend, also when clocks are set."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from lazyjobs import Backend, BaseJob, JobRunner, State
from lazyjobs_memory import MemoryBackend
from lazyjobs_sqlite import SQLiteBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import read, states
from tests.support.waiting import GENEROUS

AN_HOUR = timedelta(hours=1)
HALF_AN_HOUR = timedelta(minutes=30)
A_MINUTE = timedelta(minutes=1)
A_MOMENT = timedelta(seconds=5)


class HandClock:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Fail(BaseJob):
    """Fails, after something was done to the clock, and waits for half an hour."""

    kind: ClassVar[str] = "fail"
    meanwhile: ClassVar[Callable[[], object]] = lambda: None
    ran: ClassVar[int] = 0

    def work(self) -> None:
        Fail.ran += 1
        Fail.meanwhile()
        raise ValueError("no")

    def job_retry_delay(self, attempt: int) -> timedelta:
        return HALF_AN_HOUR


@pytest.fixture(autouse=True)
def fresh() -> None:
    Fail.ran, Fail.meanwhile = 0, lambda: None


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["memory", "sqlite"])
def backend(request: pytest.FixtureRequest, clock: HandClock, tmp_path: Path) -> Iterator[Backend]:
    """One whose clock is the test's."""
    if request.param == "memory":
        yield MemoryBackend(clock=clock)
        return
    with closing(SQLiteBackend(tmp_path / "jobs.db", clock=clock)) as opened:
        yield opened


def set_clock(clock: HandClock, step: timedelta) -> Callable[[], None]:
    def set_it() -> None:
        clock.now += step

    return set_it


def runs_after(runner: JobRunner, clock: HandClock, start: datetime) -> timedelta:
    """How long after `start` by the clock it runs, to the minute."""
    before, clock.now = Fail.ran, start
    for _ in range(4 * 60):
        assert runner.drain(GENEROUS)
        if Fail.ran > before:
            return clock.now - start
        clock.now += A_MINUTE
    raise AssertionError("it does not run within four hours")


@pytest.mark.parametrize("given", [False, True], ids=["backend's clock", "runner's clock too"])
def test_a_delay_counts_from_the_backends_now_after_its_clock_was_set_back(
    backend: Backend, clock: HandClock, given: bool
) -> None:
    runner = JobRunner(backend, jobs=[Fail], clock=clock if given else None)
    backend.stats()
    runner.enqueue_in(Fail(), timedelta(days=30), queue="elsewhere")
    clock.now -= AN_HOUR
    back = clock.now
    record = runner.enqueue_in(Fail(), HALF_AN_HOUR)
    assert runner.drain(GENEROUS)
    assert Fail.ran == 0
    expected = HALF_AN_HOUR + (AN_HOUR if isinstance(backend, MemoryBackend) else timedelta(0))
    assert record.run_at == record.created_at + HALF_AN_HOUR
    # Memory's clock stands still until it is as late again as it was.
    assert runs_after(runner, clock, back) == expected


@pytest.mark.parametrize("given", [False, True], ids=["backend's clock", "runner's clock too"])
@pytest.mark.parametrize("step", [-AN_HOUR, timedelta(0), AN_HOUR], ids=["back", "left alone", "forward"])
def test_a_retry_waits_as_long_as_its_policy_says_though_the_clock_is_set_while_the_job_runs(
    backend: Backend, clock: HandClock, given: bool, step: timedelta
) -> None:
    runner = JobRunner(backend, jobs=[Fail], clock=clock if given else None)
    record = runner.enqueue(Fail())
    Fail.meanwhile = set_clock(clock, step)
    with closing(runner.run_due()) as attempts:
        next(attempts)
    retried = read(runner, record)
    assert retried.state is State.RETRYING
    now = max(clock.now, record.created_at) if isinstance(backend, MemoryBackend) else clock.now
    assert retried.run_at == now + HALF_AN_HOUR
    Fail.meanwhile = lambda: None
    assert runner.drain(GENEROUS)
    assert Fail.ran == 1


@pytest.mark.parametrize("ahead", [AN_HOUR, -AN_HOUR], ids=["ahead", "behind"])
def test_a_backend_with_a_clock_of_its_own_decides(ahead: timedelta) -> None:
    def elsewhere() -> datetime:
        return datetime.now(UTC) + ahead

    runner = JobRunner(MemoryBackend(clock=elsewhere), jobs=[Fail])
    delayed = runner.enqueue_in(Fail(), HALF_AN_HOUR)
    assert timedelta(0) <= delayed.created_at + HALF_AN_HOUR - delayed.run_at < A_MOMENT
    failed = runner.enqueue(Fail())
    assert runner.drain(GENEROUS)
    assert timedelta(0) <= read(runner, failed).run_at - HALF_AN_HOUR - failed.created_at < A_MOMENT


@pytest.mark.parametrize("ahead", [AN_HOUR, -AN_HOUR], ids=["ahead", "behind"])
def test_where_the_backend_cannot_be_asked_a_retry_counts_from_what_its_claim_tells(ahead: timedelta) -> None:
    backend = PlainBackend()
    backend.inner = MemoryBackend(clock=lambda: datetime.now(UTC) + ahead)
    runner = JobRunner(backend, jobs=[Fail])
    failed = runner.enqueue(Fail())
    assert runner.drain(GENEROUS)
    assert timedelta(0) <= read(runner, failed).run_at - HALF_AN_HOUR - failed.created_at < A_MOMENT


def test_a_clock_that_was_given_moves_time_forward() -> None:
    later = datetime.now(UTC) + timedelta(days=365)
    runner = JobRunner(MemoryBackend(), jobs=[Fail], clock=lambda: later)
    assert runner.enqueue_in(Fail(), AN_HOUR).run_at == later + AN_HOUR


def test_the_clock_of_a_backend_that_fails_is_an_error_of_the_enqueue_and_none_of_the_retry() -> None:
    class Unclear(MemoryBackend):
        def now(self) -> datetime:
            raise RuntimeError("no answer")

    runner = JobRunner(Unclear(), jobs=[Fail])
    with pytest.raises(RuntimeError, match="no answer"):
        runner.enqueue_in(Fail(), AN_HOUR)
    assert states(runner) == {}


@pytest.mark.logs_errors("the clock failed")
def test_a_retry_is_written_though_the_backend_does_not_tell_the_time() -> None:
    class Unclear(MemoryBackend):
        def now(self) -> datetime:
            raise SystemExit(1)

    runner = JobRunner(Unclear(), jobs=[Fail])
    runner.enqueue(Fail())
    assert runner.drain(GENEROUS)
    assert states(runner) == {State.RETRYING: 1}
