"""The choices a runner is made with, and those that a command line overrides."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest

from lazyjobs import BaseJob, JobRunner, RunnerStateError, State, UnknownBackendError
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, states


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"workers": 0}, ValueError, "workers must be at least 1, not 0"),
        ({"workers": True}, TypeError, "workers must be an int, not bool"),
        ({"queues": "mail"}, TypeError, r"queues must be several names, not the string 'mail'; write \['mail'\]"),
        ({"queues": []}, ValueError, "queues must name at least one queue"),
        ({"queues": ["no spaces"]}, ValueError, "queues must be 1 to 100 characters"),
        ({"poll_interval": timedelta(0)}, ValueError, "poll_interval must be more than 0"),
        ({"poll_interval": 5}, TypeError, "poll_interval must be a timedelta, not int"),
        ({"lease": timedelta(days=367)}, ValueError, "lease must be"),
        ({"unknown_kind": "drop"}, ValueError, 'unknown_kind must be "discard" or "retry"'),
        ({"backend": 5}, TypeError, "backend must be a Backend, a URL or None, not 5"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(options: dict[str, object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        JobRunner(**options)  # type: ignore[arg-type]


def test_without_a_backend_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAZYJOBS_BACKEND", "nowhere://")
    runner = JobRunner(jobs=[Do])
    with pytest.raises(UnknownBackendError, match="nowhere"):
        runner.enqueue(action(lambda: None))


def test_without_either_records_are_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAZYJOBS_BACKEND", raising=False)
    assert isinstance(JobRunner().backend, MemoryBackend)


def test_it_tells_the_url_of_its_backend_without_opening_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAZYJOBS_BACKEND", "nowhere://")
    assert JobRunner().backend_url == "nowhere://"
    assert JobRunner("elsewhere://").backend_url == "elsewhere://"
    assert JobRunner(MemoryBackend()).backend_url is None


def test_a_url_is_opened_at_first_use_and_once() -> None:
    runner = JobRunner("nowhere://", jobs=[Do])
    with pytest.raises(UnknownBackendError):
        _ = runner.backend
    runner.configure(backend="memory://")
    assert runner.backend is runner.backend


def test_an_opened_backend_is_not_exchanged() -> None:
    runner = JobRunner("memory://", jobs=[Do])
    runner.enqueue(action(lambda: None))
    with pytest.raises(RunnerStateError, match="already opened its backend"):
        runner.configure(backend="memory://")


def test_a_running_runner_is_not_configured() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do], poll_interval=timedelta(milliseconds=20))
    with runner, pytest.raises(RunnerStateError, match="cannot be configured; stop it first"):
        runner.configure(workers=2)


@dataclass
class Mail(BaseJob):
    kind: ClassVar[str] = "mail"
    job_queue: ClassVar[str] = "mail"

    def work(self) -> None: ...


def test_the_queues_of_the_registered_jobs_are_watched() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.register(Mail)
    runner.enqueue(Mail())
    runner.enqueue(action(lambda: None))
    runner.enqueue(Mail(), queue="elsewhere")
    assert runner.drain()
    assert states(runner) == {State.SUCCEEDED: 2, State.PENDING: 1}


def test_only_the_queues_that_are_named_are_watched() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do, Mail])
    runner.configure(queues=["mail"])
    runner.enqueue(Mail())
    runner.enqueue(action(lambda: None))
    assert runner.drain()
    assert runner.backend.stats().by_queue_state == {"mail": {State.SUCCEEDED: 1}, "default": {State.PENDING: 1}}
