"""Attempts that cost nothing: what the runner itself stopped, and what this worker does not know."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from msgspec.structs import replace

from lazyjobs import (
    AttemptEnd,
    BaseJob,
    ClaimParams,
    FinishParams,
    InsertParams,
    JobRunner,
    Record,
    RetryParams,
    State,
    current_job,
)
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, read
from tests.support.waiting import GENEROUS, wait_until

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AT_ONCE = timedelta(0)
QUICK = timedelta(milliseconds=20)


@dataclass
class Once(BaseJob):
    """Calls the function of that name, at most once."""

    kind: ClassVar[str] = "once"
    job_max_attempts: ClassVar[int] = 1
    functions: ClassVar[dict[str, Callable[[], object]]] = {}
    name: str

    def work(self) -> None:
        self.functions[self.name]()


@dataclass
class OnceAsync(BaseJob):
    kind: ClassVar[str] = "once.async"
    job_max_attempts: ClassVar[int] = 1
    functions: ClassVar[dict[str, Callable[[], Awaitable[object]]]] = {}
    name: str

    async def work(self) -> None:
        await self.functions[self.name]()


class Oblivious(MemoryBackend):
    """A backend of the time before: it pays no heed to the fields that tell who claims and what is spared."""

    def claim(self, params: ClaimParams) -> Record | None:
        return super().claim(replace(params, worker=""))

    def retry(self, params: RetryParams) -> None:
        super().retry(replace(params, spare=False))

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        plain = replace(finish, spare=False) if isinstance(finish, RetryParams) else finish
        return super().finish_and_claim(plain, replace(params, worker=""))


def make_runner(backend: MemoryBackend | None = None, **options: object) -> JobRunner:
    return JobRunner(
        backend or MemoryBackend(),
        jobs=[Do, Once, OnceAsync],
        poll_interval=QUICK,
        **options,  # type: ignore[arg-type]
    )


def once(function: Callable[[], object]) -> Once:
    Once.functions[function.__qualname__] = function
    return Once(function.__qualname__)


def once_async(function: Callable[[], Awaitable[object]]) -> OnceAsync:
    OnceAsync.functions[function.__qualname__] = function
    return OnceAsync(function.__qualname__)


def stop_in_the_middle(runner: JobRunner, started: threading.Event) -> None:
    runner.start()
    assert started.wait(20)
    assert runner.stop(AT_ONCE)


def test_an_async_job_that_a_stop_cancels_is_as_it_was_and_runs_at_the_next_start() -> None:
    runner, started = make_runner(), threading.Event()
    ran: list[int] = []

    async def linger() -> None:
        started.set()
        if not ran:
            ran.append(1)
            await asyncio.sleep(3600)
        ran.append(2)

    before = runner.enqueue(once_async(linger))
    stop_in_the_middle(runner, started)
    after = read(runner, before)
    assert (after.state, after.run_at, after.last_error) == (State.RETRYING, before.run_at, "")
    assert (after.attempt, after.spared) == (1, 1)
    assert runner.drain(GENEROUS)
    assert ran == [1, 2]
    assert read(runner, before).state is State.SUCCEEDED


def test_a_plain_job_that_ends_because_it_is_cancelled_is_given_back() -> None:
    runner, started = make_runner(), threading.Event()

    def heed() -> None:
        started.set()
        while not current_job().cancelled:
            current_job().wait_cancelled(QUICK)
        raise InterruptedError("not done yet")

    record = runner.enqueue(once(heed))
    stop_in_the_middle(runner, started)
    assert (read(runner, record).state, read(runner, record).spared) == (State.RETRYING, 1)


def test_what_a_job_raises_on_its_way_out_is_logged_though_it_is_given_back(caplog: pytest.LogCaptureFixture) -> None:
    runner, started = make_runner(), threading.Event()

    async def clean_up_badly() -> None:
        started.set()
        try:
            await asyncio.sleep(3600)
        finally:
            raise ConnectionError("already closed")

    record = runner.enqueue(once_async(clean_up_badly))
    stop_in_the_middle(runner, started)
    assert (read(runner, record).state, read(runner, record).last_error) == (State.RETRYING, "")
    (entry,) = [each for each in caplog.records if getattr(each, "job_outcome", "") == "stopped"]
    assert entry.levelno == logging.WARNING
    assert "given back, due at once" in entry.getMessage()
    assert entry.exc_info is not None
    assert entry.exc_info[0] is ConnectionError


@pytest.mark.logs_errors("once discarded id=")
def test_a_job_that_fails_by_itself_while_the_runner_stops_has_failed() -> None:
    runner, started, go_on = make_runner(), threading.Event(), threading.Event()

    def fail_late() -> None:
        started.set()
        assert go_on.wait(20)
        raise ValueError("nothing to do with the stop")

    record = runner.enqueue(once(fail_late))
    runner.start()
    assert started.wait(20)
    assert not runner.stop(AT_ONCE)
    go_on.set()
    wait_until(lambda: read(runner, record).state is State.DISCARDED)
    assert read(runner, record).last_error == "ValueError: nothing to do with the stop"


async def cancel_a_task_of_its_own() -> None:
    task = asyncio.ensure_future(asyncio.sleep(3600))
    await asyncio.sleep(0)
    task.cancel()
    await task


async def cancel_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(3600)


@pytest.mark.parametrize("work", [cancel_a_task_of_its_own, cancel_itself])
@pytest.mark.logs_errors("once.async discarded id=")
def test_a_cancellation_of_its_own_making_is_a_failure(work: Callable[[], Awaitable[object]]) -> None:
    runner = make_runner()
    record = runner.enqueue(once_async(work))
    assert runner.drain(GENEROUS)
    assert read(runner, record).state is State.DISCARDED
    assert "CancelledError" in read(runner, record).last_error


def test_an_error_of_an_attempt_before_is_kept() -> None:
    runner, started, runs = make_runner(), threading.Event(), []

    def fail_then_wait() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("the first time")
        started.set()
        current_job().wait_cancelled(GENEROUS)
        raise InterruptedError

    record = runner.enqueue(action(fail_then_wait))
    assert runner.drain(GENEROUS)
    first = read(runner, record)
    wait_until(lambda: datetime.now(UTC) > first.run_at)
    stop_in_the_middle(runner, started)
    again = read(runner, record)
    assert (again.attempt, again.spared) == (2, 1)
    assert (again.run_at, again.last_error) == (first.run_at, "ValueError: the first time")


def test_a_record_that_was_claimed_as_the_time_ran_out_is_given_back_unrun() -> None:
    ran: list[int] = []
    asking, answering = threading.Event(), threading.Event()

    class Slow(MemoryBackend):
        def claim(self, params: ClaimParams) -> Record | None:
            asking.set()
            assert answering.wait(20)
            return super().claim(params)

    runner = make_runner(Slow())
    record = runner.enqueue(once(lambda: ran.append(1)))
    runner.start()
    assert asking.wait(20)
    stopping = threading.Thread(target=lambda: runner.stop(AT_ONCE))
    stopping.start()
    crew = runner._state.crew
    wait_until(lambda: crew._given_up.is_set())  # type: ignore[union-attr]
    answering.set()
    stopping.join()
    assert runner.join(GENEROUS)
    assert ran == []
    assert (read(runner, record).state, read(runner, record).spared) == (State.RETRYING, 1)


def test_observers_are_told_of_a_stop_as_such() -> None:
    ends: list[AttemptEnd] = []

    class Notes:
        def started(self, runner: JobRunner) -> None: ...
        def enqueuing(self, params: InsertParams) -> None: ...
        def attempting(self, record: Record) -> "Notes":
            return self

        def begin(self) -> None: ...
        def ended(self, end: AttemptEnd) -> None:
            ends.append(end)

    runner, started = make_runner(observers=[Notes()]), threading.Event()

    async def sleep_on() -> None:
        started.set()
        await asyncio.sleep(3600)

    runner.enqueue(once_async(sleep_on))
    stop_in_the_middle(runner, started)
    assert [(end.outcome, type(end.error)) for end in ends] == [("stopped", asyncio.CancelledError)]


@pytest.mark.logs_errors("twice discarded id=")
def test_spared_attempts_count_neither_for_the_delay_nor_for_giving_up(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[int] = []

    class Twice(BaseJob):
        kind = "twice"
        job_max_attempts = 2

        def work(self) -> None:
            raise ValueError("no")

        def job_retry_delay(self, attempt: int) -> timedelta:
            asked.append(attempt)
            return timedelta(0)

    backend = MemoryBackend()
    runner = JobRunner(backend, jobs=[Twice])
    record = runner.enqueue(Twice())
    for _ in range(3):
        claimed = backend.claim(ClaimParams(worker="another"))
        assert claimed is not None
        backend.retry(RetryParams(id=claimed.id, attempt=claimed.attempt, run_at=claimed.run_at, spare=True))
    assert runner.drain(GENEROUS)
    done = read(runner, record)
    assert asked == [1]
    assert (done.state, done.attempt, done.spared) == (State.DISCARDED, 5, 3)
    assert ["attempt=1/2" in caplog.messages[-2], "attempt=2/2" in caplog.messages[-1]] == [True, True]
    assert [entry.job_attempt for entry in caplog.records[-2:]] == [1, 2]  # type: ignore[attr-defined]


@pytest.mark.logs_errors("once discarded id=")
def test_crashes_are_counted_without_the_spared_attempts() -> None:
    backend, ran = MemoryBackend(), []
    runner = make_runner(backend)
    record = runner.enqueue(once(lambda: ran.append(1)))
    first = backend.claim(ClaimParams(worker="stopped"))
    assert first is not None
    backend.retry(RetryParams(id=first.id, attempt=1, run_at=first.run_at, spare=True))
    assert backend.claim(ClaimParams(worker="crashed", lease=timedelta(microseconds=1))) is not None
    assert runner.drain(GENEROUS)
    assert ran == []
    assert read(runner, record).last_error.startswith("not run: attempt 2 of at most 1;")


def test_an_unknown_kind_waits_longer_each_time_and_no_attempt_is_spent() -> None:
    now = NOW
    backend = MemoryBackend(clock=lambda: now)
    runner = make_runner(backend, clock=lambda: now)
    record = backend.insert(InsertParams(kind="tomorrow", max_attempts=1))
    waited = []
    for _ in range(14):
        assert runner.drain(GENEROUS)
        retried = read(runner, record)
        assert retried.state is State.RETRYING
        waited.append((retried.run_at - now).total_seconds())
        now = retried.run_at
    assert waited[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert waited[10:] == [900] * 4
    assert (read(runner, record).attempt, read(runner, record).spared) == (14, 14)

    class Tomorrow(BaseJob):
        kind = "tomorrow"

        def work(self) -> None: ...

    runner.register(Tomorrow)
    assert runner.drain(GENEROUS)
    assert read(runner, record).state is State.SUCCEEDED


def test_an_unknown_kind_is_told_with_what_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    runner = make_runner()
    record = runner.backend.insert(InsertParams(kind="tomorrow"))
    assert runner.drain(GENEROUS)
    missing = "no job is registered for the kind 'tomorrow' (registered: do, once, once.async)"
    assert read(runner, record).last_error == missing
    (entry,) = caplog.records
    assert entry.levelno == logging.WARNING
    assert entry.getMessage().endswith(missing)


@pytest.mark.logs_errors("no job is registered for the kind 'tomorrow'")
def test_an_older_backend_is_not_asked_for_ever() -> None:
    now = NOW
    backend = Oblivious(clock=lambda: now)
    runner = make_runner(backend, clock=lambda: now)
    record = backend.insert(InsertParams(kind="tomorrow", max_attempts=3))
    for _ in range(2):
        assert runner.drain(GENEROUS)
        assert read(runner, record).state is State.RETRYING
        now = read(runner, record).run_at
    assert runner.drain(GENEROUS)
    done = read(runner, record)
    assert (done.state, done.attempt) == (State.DISCARDED, 3)
    assert "no job is registered for the kind 'tomorrow'" in done.last_error


@pytest.mark.logs_errors("discarded id=")
def test_on_an_older_backend_the_last_attempt_that_is_stopped_has_failed_with_its_own_error() -> None:
    runner, started = make_runner(Oblivious()), threading.Event()

    async def sleep_on_there() -> None:
        started.set()
        await asyncio.sleep(3600)

    record = runner.enqueue(once_async(sleep_on_there))
    stop_in_the_middle(runner, started)
    assert read(runner, record).state is State.DISCARDED
    assert "CancelledError" in read(runner, record).last_error


def test_on_an_older_backend_a_stopped_job_that_has_attempts_left_comes_back_at_once() -> None:
    runner, started = make_runner(Oblivious()), threading.Event()

    def heed() -> None:
        started.set()
        current_job().wait_cancelled(GENEROUS)
        raise InterruptedError

    record = runner.enqueue(action(heed))
    stop_in_the_middle(runner, started)
    after = read(runner, record)
    assert (after.state, after.run_at, after.spared) == (State.RETRYING, record.run_at, 0)
