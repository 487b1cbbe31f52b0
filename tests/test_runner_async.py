"""Jobs whose work is a coroutine."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest

from lazyjobs import BaseJob, JobRunner, State, current_job, current_runner
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, read

variable: ContextVar[str] = ContextVar("variable", default="unset")


@dataclass
class Await(BaseJob):
    kind: ClassVar[str] = "await"
    job_max_attempts: ClassVar[int] = 1
    functions: ClassVar[dict[str, Callable[[], Awaitable[object]]]] = {}
    name: str

    async def work(self) -> None:
        await self.functions[self.name]()


def awaiting(function: Callable[[], Awaitable[object]]) -> Await:
    Await.functions[function.__qualname__] = function
    return Await(function.__qualname__)


@pytest.fixture
def runner() -> Iterator[JobRunner]:
    runner = JobRunner(MemoryBackend(), jobs=[Await, Do], workers=4, poll_interval=timedelta(milliseconds=50))
    yield runner
    assert runner.stop()


def test_sync_and_async_jobs_share_a_runner(runner: JobRunner) -> None:
    seen: dict[str, str] = {}

    async def on_loop() -> None:
        seen["async"] = threading.current_thread().name

    runner.enqueue(awaiting(on_loop))
    runner.enqueue(action(lambda: seen.update(sync=threading.current_thread().name)))
    assert runner.drain()
    assert seen["async"] == "lazyjobs-loop"
    assert seen["sync"].startswith("lazyjobs-worker-")


def test_all_async_jobs_of_a_runner_run_on_one_loop_at_the_same_time(runner: JobRunner) -> None:
    everybody, loops = asyncio.Barrier(4), set()

    async def meet() -> None:
        loops.add(asyncio.get_running_loop())
        await everybody.wait()

    for _ in range(4):
        runner.enqueue(awaiting(meet))
    assert runner.drain(timedelta(seconds=20))
    assert len(loops) == 1


def test_a_coroutine_sees_its_job_and_its_runner(runner: JobRunner) -> None:
    seen = []

    async def look() -> None:
        await asyncio.sleep(0)
        seen.append((current_job().record.id, current_job().attempt, current_runner()))

    record = runner.enqueue(awaiting(look))
    assert runner.drain()
    assert seen == [(record.id, 1, runner)]


def test_what_a_job_sets_in_its_context_the_next_one_does_not_see(runner: JobRunner) -> None:
    seen = []

    async def leave_a_trace() -> None:
        seen.append(variable.get())
        variable.set("touched")

    for _ in range(8):
        runner.enqueue(awaiting(leave_a_trace))
    assert runner.drain()
    assert seen == ["unset"] * 8


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.logs_errors("await discarded id=")
def test_whatever_a_coroutine_raises_fails_its_job_and_no_other(runner: JobRunner, error: BaseException) -> None:
    async def fail() -> None:
        raise error

    async def succeed() -> None:
        await asyncio.sleep(0.01)

    failing, fine = runner.enqueue(awaiting(fail)), runner.enqueue(awaiting(succeed))
    assert runner.drain()
    assert read(runner, failing).state is State.DISCARDED
    assert read(runner, failing).last_error.startswith(type(error).__name__.removeprefix("asyncio.")) or (
        "CancelledError" in read(runner, failing).last_error
    )
    assert read(runner, fine).state is State.SUCCEEDED


@pytest.mark.logs_errors("was interrupted and goes on")
def test_a_callback_that_raises_system_exit_does_not_end_the_loop(runner: JobRunner) -> None:
    def leave() -> None:
        raise SystemExit

    async def plant() -> None:
        asyncio.get_running_loop().call_soon(leave)
        await asyncio.sleep(0.01)

    record = runner.enqueue(awaiting(plant))
    assert runner.drain(timedelta(seconds=20))
    assert read(runner, record).state is State.SUCCEEDED


def test_tasks_that_jobs_left_running_are_cancelled_at_the_stop(runner: JobRunner) -> None:
    ended = threading.Event()

    async def linger() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async def start_one() -> None:
        task = asyncio.get_running_loop().create_task(linger())
        await asyncio.sleep(0)
        tasks.append(task)

    tasks: list[asyncio.Task[None]] = []
    runner.enqueue(awaiting(start_one))
    assert runner.drain()
    assert ended.is_set()


def test_a_coroutine_that_outlives_the_stop_is_cancelled_and_given_back() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Await], poll_interval=timedelta(milliseconds=50))
    started = threading.Event()

    async def sleep_long() -> None:
        started.set()
        await asyncio.sleep(3600)

    record = runner.enqueue(awaiting(sleep_long))
    runner.start()
    assert started.wait(20)
    assert runner.stop(timedelta(milliseconds=10))
    assert read(runner, record).state is State.RETRYING
    assert (read(runner, record).spared, read(runner, record).last_error) == (1, "")


def test_a_coroutine_may_outlive_its_cancellation_and_still_succeed() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Await], poll_interval=timedelta(milliseconds=50))
    started = threading.Event()

    async def clean_up() -> None:
        started.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            assert current_job().cancelled

    record = runner.enqueue(awaiting(clean_up))
    runner.start()
    assert started.wait(20)
    assert runner.stop(timedelta(milliseconds=10))
    assert read(runner, record).state is State.SUCCEEDED
