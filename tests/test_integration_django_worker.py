"""The worker of a Django project, by its two commands."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

import tests.support.django_setup  # noqa: F401 (before any task)
from lazyjobs import State
from lazyjobs.integrations.django import get_runner
from lazyjobs_testkit import Jobs
from tests.support.django_site import tasks
from tests.support.waiting import wait_until

MANAGE = [sys.executable, "-m", "tests.support.django_site"]
LAZYJOBS = [sys.executable, "-m", "lazyjobs", "worker"]
SITE = "lazyjobs.integrations.django.worker"
SECONDS = 60


def environment(url: str) -> dict[str, str]:
    return {**os.environ, "SITE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.support.django_site.settings"}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/jobs.db"


def enqueue(url: str, path: Path, *lines: str) -> None:
    entry = {"BACKEND": "lazyjobs.integrations.django.LazyJobsBackend", "QUEUES": [], "OPTIONS": {"url": url}}
    with override_settings(TASKS={"default": entry, "other": entry}):
        for line in lines:
            tasks.append_line.enqueue(str(path), line)


@pytest.mark.parametrize("command", [[*MANAGE, "lazyjobs_worker"], [*LAZYJOBS, f"{SITE}:default"]])
def test_both_commands_run_the_tasks(command: list[str], url: str, tmp_path: Path) -> None:
    enqueue(url, tmp_path / "lines", "one", "two")
    worker = subprocess.run(
        [*command, "--drain"], env=environment(url), capture_output=True, text=True, timeout=SECONDS
    )
    assert worker.returncode == 0, worker.stderr
    assert (tmp_path / "lines").read_text() == "one\ntwo\n"
    assert "tests.support.django_site.tasks.append_line succeeded" in worker.stderr


def test_a_signal_stops_it_after_the_task_in_flight(url: str, tmp_path: Path) -> None:
    command = [*MANAGE, "lazyjobs_worker", "--workers", "2", "--queue", "mail", "--stop-timeout", "20"]
    with subprocess.Popen(command, env=environment(url), stderr=subprocess.PIPE, text=True) as worker:
        try:
            enqueue(url, tmp_path / "lines", "one")
            wait_until((tmp_path / "lines").exists)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(SECONDS) == 0
        finally:
            worker.kill()


def test_the_tasks_of_the_installed_applications_are_shown(tmp_path: Path) -> None:
    with override_settings(TASKS={"default": _memory(), "other": _memory()}):
        call_command("lazyjobs_worker", drain=True)
        kinds = {definition.kind.rpartition(".")[2] for definition in get_runner().definitions}
    assert {"tell", "append_line", "call_async"} <= kinds
    assert "elsewhere" not in kinds
    assert "undecorated" not in kinds


def test_another_entry_is_run_by_its_alias() -> None:
    with override_settings(TASKS={"default": _memory(), "other": _memory()}):
        tasks.told.clear()
        tasks.elsewhere.enqueue()
        call_command("lazyjobs_worker", drain=True)
        assert tasks.told == []
        call_command("lazyjobs_worker", drain=True, alias="other")
        assert tasks.told == ["elsewhere"]


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    """The tasks of a project, in the hands of a test."""
    tasks.told.clear()
    with override_settings(TASKS={"default": _memory(), "other": _memory()}), Jobs(get_runner()) as jobs:
        yield jobs


def test_a_test_that_calls_the_command_has_the_tasks_run(jobs: Jobs) -> None:
    tasks.tell.enqueue(1)
    call_command("lazyjobs_worker", drain=True)
    assert tasks.told == [([1], {})]
    assert [record.state for record in jobs.records()] == [State.SUCCEEDED]
    call_command("lazyjobs_worker", drain=True)
    assert len(tasks.told) == 1


def test_a_test_that_calls_the_command_is_told_what_a_task_raises(jobs: Jobs) -> None:
    tasks.fail_twice.enqueue("no such customer")
    with pytest.raises(LookupError, match="no such customer"):
        call_command("lazyjobs_worker", drain=True)
    assert [record.state for record in jobs.records()] == [State.RETRYING]


def test_a_test_that_calls_the_command_for_one_queue_has_that_queue_run(jobs: Jobs) -> None:
    tasks.tell.using(queue_name="mail").enqueue("by mail")
    tasks.tell.enqueue("otherwise")
    call_command("lazyjobs_worker", drain=True, queue=["mail"])
    assert tasks.told == [(["by mail"], {})]


def test_a_test_that_calls_the_command_without_drain_is_not_held_up(jobs: Jobs) -> None:
    tasks.tell.enqueue(1)
    call_command("lazyjobs_worker")
    assert tasks.told == []
    assert len(jobs.drain()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([f"{SITE}:nobody"], "TASKS['nobody']: The connection 'nobody' doesn't exist."),
        ([f"{SITE}:__path__"], "has no '__path__'"),
        ([f"{SITE}:default", "--backend", "nonsense"], "a URL starts with a scheme"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(arguments: list[str], words: str, url: str) -> None:
    worker = subprocess.run(
        [*LAZYJOBS, *arguments], env=environment(url), capture_output=True, text=True, timeout=SECONDS
    )
    assert worker.returncode == 2
    assert "Traceback" not in worker.stderr
    assert words in worker.stderr.splitlines()[-1]


def test_without_settings_the_command_says_so(url: str) -> None:
    environment_without = environment(url)
    del environment_without["DJANGO_SETTINGS_MODULE"]
    worker = subprocess.run(
        [*LAZYJOBS, f"{SITE}:default"], env=environment_without, capture_output=True, text=True, timeout=SECONDS
    )
    assert worker.returncode == 2
    assert "DJANGO_SETTINGS_MODULE" in worker.stderr


@pytest.mark.parametrize("options", [(), ("--log-format", "json")])
def test_a_project_that_lists_its_loggers_does_not_silence_it(
    url: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "logged.py").write_text(
        "from tests.support.django_site.settings import *\n"
        "LOGGING = {'version': 1, 'loggers': {'django': {'level': 'ERROR'}}, 'root': {'level': 'WARNING'}}\n"
    )
    enqueue(url, tmp_path / "lines", "one")
    made = environment(url) | {"DJANGO_SETTINGS_MODULE": "logged", "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    command = [sys.executable, "-m", "django", "lazyjobs_worker", "--drain", *options]
    worker = subprocess.run(command, env=made, capture_output=True, text=True, timeout=SECONDS)
    assert worker.returncode == 0, worker.stderr
    lines = worker.stderr.splitlines()
    (running,) = [line for line in lines if f"on {url}, queues: " in line]
    assert "append_line succeeded" in lines[-1]
    assert {line[0] == "{" for line in lines} == {bool(options)}
    assert any("a task cannot be run: " in line for line in lines[: lines.index(running)])


def test_the_option_backend_names_another_storage(url: str, tmp_path: Path) -> None:
    enqueue(url, tmp_path / "lines", "one")
    command = [*MANAGE, "lazyjobs_worker", "--drain", "--backend", url]
    worker = subprocess.run(command, env=environment("memory://"), capture_output=True, text=True, timeout=SECONDS)
    assert worker.returncode == 0, worker.stderr
    assert (tmp_path / "lines").read_text() == "one\n"


def _memory() -> dict[str, object]:
    return {
        "BACKEND": "lazyjobs.integrations.django.LazyJobsBackend",
        "QUEUES": ["default", "mail"],
        "OPTIONS": {"url": "memory://"},
    }
