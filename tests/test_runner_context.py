"""The current runner and the current job."""

import asyncio
from threading import Thread

import pytest

from lazyjobs import JobRunner, NoJobError, NoRunnerError, current_job, current_runner, use_runner
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action


def make_runner() -> JobRunner:
    return JobRunner(MemoryBackend(), jobs=[Do])


def test_outside_of_everything_there_is_no_runner_and_no_job() -> None:
    with pytest.raises(NoRunnerError, match="enter `use_runner"):
        current_runner()
    with pytest.raises(NoJobError, match="inside `work` only"):
        current_job()


def test_the_innermost_runner_is_current() -> None:
    outer, inner = make_runner(), make_runner()
    with use_runner(outer):
        with use_runner(inner) as given:
            assert current_runner() is inner is given
        assert current_runner() is outer
    with pytest.raises(NoRunnerError):
        current_runner()


def test_another_thread_does_not_see_it() -> None:
    seen: list[object] = []

    def look() -> None:
        try:
            seen.append(current_runner())
        except NoRunnerError as error:
            seen.append(type(error))

    with use_runner(make_runner()):
        thread = Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [NoRunnerError]


def test_each_task_has_its_own() -> None:
    async def request(runner: JobRunner) -> bool:
        with use_runner(runner):
            await asyncio.sleep(0)
            return current_runner() is runner

    async def serve() -> list[bool]:
        return await asyncio.gather(*(request(make_runner()) for _ in range(5)))

    assert asyncio.run(serve()) == [True] * 5


def test_inside_work_the_job_and_its_runner_are_current() -> None:
    runner, seen = make_runner(), []
    record = runner.enqueue(action(lambda: seen.append((current_job().record.id, current_runner()))))
    assert runner.drain()
    assert seen == [(record.id, runner)]


def test_a_job_can_enqueue_through_the_current_runner() -> None:
    runner, ran = make_runner(), []
    runner.enqueue(action(lambda: current_runner().enqueue(action(lambda: ran.append(1)))))
    assert runner.drain()
    assert ran == [1]
