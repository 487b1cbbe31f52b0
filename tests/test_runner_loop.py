"""Event loops: that of async jobs is in a thread of its own, and plain jobs see none that they could not use."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest

from lazyjobs import BaseJob, JobRunner, State
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, states
from tests.support.waiting import GENEROUS


@dataclass
class Await(BaseJob):
    kind: ClassVar[str] = "await"
    functions: ClassVar[dict[str, Callable[[], Awaitable[object]]]] = {}
    name: str

    async def work(self) -> None:
        await self.functions[self.name]()


def awaiting(function: Callable[[], Awaitable[object]]) -> Await:
    Await.functions[function.__qualname__] = function
    return Await(function.__qualname__)


def make_runner(**options: object) -> JobRunner:
    return JobRunner(MemoryBackend(), jobs=[Await, Do], **options)  # type: ignore[arg-type]


async def nothing() -> None:
    await asyncio.sleep(0)


def current_loop() -> asyncio.AbstractEventLoop | None:
    """What `asyncio.get_event_loop` finds in this thread without making one."""
    policy = asyncio.get_event_loop_policy()
    return getattr(policy, "_local")._loop  # type: ignore[no-any-return]  # noqa: B009


def by_run_due(runner: JobRunner) -> None:
    assert list(runner.run_due())


def by_drain(runner: JobRunner) -> None:
    assert runner.drain(GENEROUS)


@pytest.mark.parametrize("run", [by_run_due, by_drain])
def test_the_callers_thread_keeps_its_own_loop(run: Callable[[JobRunner], None]) -> None:
    found: list[object] = []

    def in_a_thread() -> None:
        mine = asyncio.new_event_loop()
        asyncio.set_event_loop(mine)
        try:
            runner = make_runner()
            runner.enqueue(awaiting(nothing))
            run(runner)
            found.append(current_loop() is mine)
            found.append(mine.is_closed())
            found.append(mine.run_until_complete(asyncio.sleep(0, "works")))
        finally:
            asyncio.set_event_loop(None)
            mine.close()

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    assert found == [True, False, "works"]


@pytest.mark.parametrize("run", [by_run_due, by_drain])
def test_a_thread_without_a_loop_gets_none(run: Callable[[JobRunner], None]) -> None:
    found: list[object] = []

    def in_a_thread() -> None:
        runner = make_runner()
        runner.enqueue(awaiting(nothing))
        run(runner)
        found.append(current_loop())

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    assert found == [None]


def test_a_plain_job_after_an_async_one_sees_no_loop_in_its_thread() -> None:
    runner, found = make_runner(workers=1), list[object]()
    runner.enqueue(awaiting(nothing))
    runner.enqueue(action(lambda: found.append(current_loop())))
    assert runner.drain(GENEROUS)
    assert found == [None]


@pytest.mark.parametrize("run", [by_run_due, by_drain])
def test_a_plain_job_may_run_a_loop_of_its_own_though_the_caller_runs_one(run: Callable[[JobRunner], None]) -> None:
    runner, found = make_runner(), list[object]()

    def work() -> None:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        found.append(current_loop())
        found.append(asyncio.run(asyncio.sleep(0, "its own")))

    async def application() -> None:
        mine = asyncio.get_running_loop()
        runner.enqueue(action(work))
        runner.enqueue(awaiting(nothing))
        run(runner)
        assert asyncio.get_running_loop() is mine
        assert current_loop() is mine
        await asyncio.sleep(0)

    asyncio.run(application())
    assert found == [None, "its own"]
    assert states(runner) == {State.SUCCEEDED: 2}


def test_a_job_that_cancels_every_task_of_the_loop_blocks_no_worker() -> None:
    runner = make_runner(workers=4)

    async def cancel_all() -> None:
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)

    for _ in range(200):
        runner.enqueue(awaiting(cancel_all))
    assert runner.drain(GENEROUS)
    assert runner.backend.stats().by_state.keys() <= {State.SUCCEEDED, State.RETRYING}


def test_a_loop_that_cannot_be_made_is_a_failure_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("too many open files")

    runner = make_runner()
    record = runner.enqueue(awaiting(nothing))
    monkeypatch.setattr(asyncio, "Runner", refuse)
    assert runner.drain(GENEROUS)
    monkeypatch.undo()
    (failed,) = runner.backend.list()
    assert (failed.id, failed.last_error) == (record.id, "OSError: too many open files")
