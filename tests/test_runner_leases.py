"""Leases: kept while a job runs, and what happens when one is lost."""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import ClassVar

import pytest

from lazyjobs import (
    BaseJob,
    ClaimParams,
    CompleteParams,
    ExtendParams,
    InsertParams,
    JobRunner,
    State,
    current_job,
)
from lazyjobs.runner._crew import Crew
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._leases import LeaseKeeper
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, action, read
from tests.support.waiting import GENEROUS, wait_until

LEASE = timedelta(milliseconds=300)
QUICK = timedelta(milliseconds=20)


@dataclass
class Linger(BaseJob):
    kind: ClassVar[str] = "linger"
    started: ClassVar[threading.Event] = threading.Event()

    async def work(self) -> None:
        self.started.set()
        await asyncio.sleep(GENEROUS.total_seconds())


def block() -> None:
    sleep(4 * LEASE.total_seconds())


def spin() -> None:
    end = monotonic() + 4 * LEASE.total_seconds()
    while monotonic() < end:
        pass


@pytest.mark.parametrize("work", [block, spin])
def test_a_job_longer_than_its_lease_keeps_it(work: Callable[[], None]) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do], workers=2, lease=LEASE, poll_interval=QUICK)
    with runner:
        record = runner.enqueue(action(work))
        wait_until(lambda: read(runner, record).state is State.SUCCEEDED)
    assert read(runner, record).attempt == 1


def test_a_lease_is_extended_in_time_without_moving_updated_at() -> None:
    runner, started, go_on = JobRunner(MemoryBackend(), jobs=[Do], lease=LEASE), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        go_on.wait(20)

    with runner:
        record = runner.enqueue(action(work))
        assert started.wait(20)
        first = read(runner, record)
        wait_until(lambda: read(runner, record).lease_expires_at != first.lease_expires_at)
        extended = read(runner, record)
        go_on.set()
    assert first.lease_expires_at is not None
    assert extended.lease_expires_at is not None
    assert extended.lease_expires_at - first.lease_expires_at >= LEASE / 4
    assert extended.updated_at == first.updated_at


def steal(backend: MemoryBackend, queue: str = "default") -> int:
    """Claims the running record as another worker would once the lease had ended; returns its attempt."""
    stolen = backend.claim(ClaimParams(queues=(queue,), now=datetime.now(UTC) + timedelta(hours=1), lease=GENEROUS))
    assert stolen is not None
    return stolen.attempt


def test_a_sync_job_whose_claim_is_lost_sees_cancelled_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    backend, started, seen = MemoryBackend(), threading.Event(), []
    runner = JobRunner(backend, jobs=[Do], lease=LEASE, poll_interval=QUICK)

    def work() -> None:
        started.set()
        seen.append(current_job().wait_cancelled(GENEROUS))

    with runner:
        record = runner.enqueue(action(work))
        assert started.wait(20)
        assert steal(backend) == 2
        wait_until(lambda: seen)
        backend.complete(CompleteParams(id=record.id, attempt=2))
        after = runner.enqueue(action(lambda: None))
        wait_until(lambda: read(runner, after).state is State.SUCCEEDED)
    assert seen == [True]
    assert (read(runner, record).state, read(runner, record).attempt) == (State.SUCCEEDED, 2)
    assert "lost" in [getattr(entry, "job_outcome", None) for entry in caplog.records]


def test_an_async_job_whose_claim_is_lost_is_cancelled() -> None:
    backend = MemoryBackend()
    runner = JobRunner(backend, jobs=[Linger], lease=LEASE, poll_interval=QUICK)
    with runner:
        record = runner.enqueue(Linger())
        assert Linger.started.wait(20)
        assert steal(backend) == 2
        crew = runner._state.crew
        assert isinstance(crew, Crew)
        wait_until(lambda: not list(crew.running()))
    assert (read(runner, record).state, read(runner, record).attempt) == (State.RUNNING, 2)


@pytest.mark.logs_errors("could not be extended")
def test_an_extension_that_fails_is_tried_again_before_the_lease_ends() -> None:
    failures = iter(range(2))

    def fail_twice(name: str) -> None:
        if name == "extend" and next(failures, None) is not None:
            raise RuntimeError("no answer")

    backend = PlainBackend(fail_twice)
    with JobRunner(backend, jobs=[Do], workers=2, lease=timedelta(seconds=1), poll_interval=QUICK) as runner:
        record = runner.enqueue(action(lambda: sleep(1.5)))
        wait_until(lambda: read(runner, record).state is State.SUCCEEDED)
    assert read(runner, record).attempt == 1
    assert backend.calls["extend"] >= 3


class Stuck(MemoryBackend):
    """Answers nothing about one record, while `let_go` is not set."""

    def __init__(self, stuck: Callable[[ExtendParams], bool]) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.extended: list[int] = []
        self._stuck = stuck

    def extend(self, params: ExtendParams) -> None:
        if self._stuck(params):
            self.let_go.wait(20)
        super().extend(params)
        self.extended.append(params.id)


def test_a_backend_that_hangs_over_some_leases_keeps_the_others() -> None:
    backend, go_on = Stuck(lambda params: params.id <= 3), threading.Event()
    runner = JobRunner(backend, jobs=[Do], workers=8, lease=timedelta(seconds=1), poll_interval=QUICK)
    with runner:
        for _ in range(8):
            runner.enqueue(action(lambda: go_on.wait(20)))
        try:
            wait_until(lambda: all(backend.extended.count(id) >= 4 for id in range(4, 9)))
        finally:
            backend.let_go.set()
            go_on.set()
        wait_until(lambda: runner.backend.stats().by_state == {State.SUCCEEDED: 8})
    assert {record.id for record in backend.list() if record.abandoned} <= {1, 2, 3}


def test_no_more_than_eight_leases_are_extended_side_by_side_and_those_first_that_end_first() -> None:
    asked: list[int] = []

    def note(params: ExtendParams) -> bool:
        asked.append(params.id)
        return True

    backend, now, jobs = Stuck(note), monotonic(), []
    for number in range(12):
        backend.insert(InsertParams(kind="do"))
        record = backend.claim(ClaimParams(lease=GENEROUS))
        assert record is not None
        jobs.append(CurrentJob(record, now - 100 + (5 * number) % 12))
    keeper = LeaseKeeper(backend, timedelta(seconds=3), lambda: jobs)
    keeper.start()
    try:
        wait_until(lambda: len(asked) == 8)
        helpers = [each for each in threading.enumerate() if each.name.startswith("lazyjobs-leases-")]
        assert len(helpers) == 8
        first = sorted(jobs, key=lambda job: job.renewed_at)[:8]
        assert set(asked) == {job.record.id for job in first}
    finally:
        backend.let_go.set()
        wait_until(lambda: len(asked) == 12)
        keeper.stop()
    assert not [each for each in threading.enumerate() if each.name.startswith("lazyjobs-leases")]


class Unextended:
    """A backend without extend, by hiding that of another."""

    def __init__(self) -> None:
        inner = MemoryBackend()
        for name in ("insert", "claim", "complete", "retry", "discard", "list", "stats"):
            setattr(self, name, getattr(inner, name))


def test_a_backend_that_cannot_extend_is_named_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    with JobRunner(Unextended(), jobs=[Do], poll_interval=QUICK):  # type: ignore[arg-type]
        pass
    (warning,) = [entry for entry in caplog.records if entry.levelno == logging.WARNING]
    assert warning.getMessage().startswith("Unextended cannot extend a lease: a job that runs longer than 0:01:00")


def test_a_short_job_costs_no_extension() -> None:
    class Counting(MemoryBackend):
        extensions = 0

        def extend(self, params: ExtendParams) -> None:
            Counting.extensions += 1
            super().extend(params)

    with JobRunner(Counting(), jobs=[Do], poll_interval=QUICK) as runner:
        for _ in range(100):
            runner.enqueue(action(lambda: None))
        wait_until(lambda: runner.backend.stats().by_state == {State.SUCCEEDED: 100})
    assert Counting.extensions == 0
