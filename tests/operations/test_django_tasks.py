"""Django's tasks, stored on each backend in turn."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import timezone

import tests.support.django_setup  # noqa: F401 (before any task)
from lazyjobs import JobRunner, State
from lazyjobs.integrations.django import get_runner
from lazyjobs.integrations.django._framework import TaskResultDoesNotExist, TaskResultStatus
from tests.support.django_site import tasks
from tests.support.operations import across_processes
from tests.support.waiting import wait_until


@pytest.fixture
def runner(backend_url: str) -> Iterator[JobRunner]:
    """That of a project whose tasks are stored at `backend_url`."""
    entry = {
        "BACKEND": "lazyjobs.integrations.django.LazyJobsBackend",
        "QUEUES": ["default", "mail"],
        "OPTIONS": {"url": backend_url, "max_attempts": 3, "poll_interval": timedelta(milliseconds=20)},
    }
    tasks.told.clear()
    with override_settings(TASKS={"default": entry, "other": entry}):
        yield get_runner()


def test_a_task_runs_in_a_worker_and_its_result_tells(runner: JobRunner) -> None:
    enqueued = tasks.tell.enqueue(1, [2, (3,)], name="ada")
    assert (enqueued.status, enqueued.attempts) == (TaskResultStatus.READY, 0)
    assert tasks.tell.get_result(enqueued.id) == enqueued
    assert runner.drain()
    assert tasks.told == [([1, [2, [3]]], {"name": "ada"})]
    enqueued.refresh()
    assert (enqueued.status, enqueued.attempts, enqueued.is_finished) == (TaskResultStatus.SUCCESSFUL, 1, True)
    assert enqueued.enqueued_at <= enqueued.finished_at


@pytest.mark.logs_errors("fail_twice discarded id=")
def test_a_task_is_retried_and_fails_for_good_with_its_last_error(runner: JobRunner) -> None:
    result = tasks.fail_twice.enqueue("no such customer")
    runner.start()
    wait_until(lambda: tasks.fail_twice.get_result(result.id).is_finished)
    assert runner.stop()
    (record,) = runner.backend.list()
    assert tasks.told == [1, 2]
    assert (record.state, record.attempt, record.max_attempts) == (State.DISCARDED, 2, 2)
    failed = tasks.fail_twice.get_result(result.id)
    assert (failed.status, failed.attempts) == (TaskResultStatus.FAILED, 2)
    (error,) = failed.errors
    assert error.exception_class is LookupError
    assert "no such customer" in error.traceback


def test_run_after_is_kept_and_waited_for(runner: JobRunner) -> None:
    later = timezone.now() + timedelta(days=1)
    result = tasks.tell.using(run_after=later, queue_name="mail").enqueue("later")
    tasks.tell.enqueue("now")
    assert runner.drain()
    assert tasks.told == [(["now"], {})]
    found = tasks.tell.get_result(result.id)
    assert (found.status, found.task.run_after, found.task.queue_name) == (TaskResultStatus.READY, later, "mail")


def test_async_tasks_and_async_callers(runner: JobRunner) -> None:
    async def hook() -> None:
        tasks.told.append("awaited")

    tasks.hooks["hook"] = hook

    async def play() -> str:
        result = await tasks.call_async.aenqueue("hook")
        await asyncio.to_thread(runner.drain)
        await result.arefresh()
        return str(result.status)

    assert asyncio.run(play()) == "SUCCESSFUL"
    assert tasks.told == ["awaited"]


def test_a_result_that_is_not_there_does_not_exist(runner: JobRunner) -> None:
    tasks.tell.enqueue()
    for id in ("123456", "0", "-1", "none", "\N{FULLWIDTH DIGIT ONE}"):
        with pytest.raises(TaskResultDoesNotExist, match=id):
            tasks.tell.get_result(id)


@across_processes
def test_the_command_runs_what_another_process_enqueued(runner: JobRunner, backend_url: str, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    result = tasks.append_line.enqueue(str(path), "hello")
    command = [sys.executable, "-m", "tests.support.django_site", "lazyjobs_worker", "--drain"]
    environment = {**os.environ, "SITE_URL": backend_url}
    worker = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert worker.returncode == 0, worker.stderr
    assert path.read_text() == "hello\n"
    assert tasks.append_line.get_result(result.id).status == TaskResultStatus.SUCCESSFUL
