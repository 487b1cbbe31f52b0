"""`lazyjobs enqueue`: a job from the command line."""

import io
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

from lazyjobs import Backend, BaseJob, JobRunner, State
from tests.support.commands import Command

A_MINUTE = timedelta(minutes=1)


@dataclass
class Welcome(BaseJob):
    kind = "mail.welcome"
    job_queue = "mail"
    job_max_attempts = 3
    sent: ClassVar[list[str]] = []
    address: str
    copies: int = 1

    def work(self) -> None:
        self.sent.append(self.address)


@pytest.fixture
def application(backend_url: str, monkeypatch: pytest.MonkeyPatch) -> JobRunner:
    """The runner at application:runner, with the backend of the test."""
    module = ModuleType("application")
    runner = JobRunner(backend_url, jobs=[Welcome])
    vars(module)["runner"] = runner
    monkeypatch.setitem(sys.modules, "application", module)
    return runner


def test_it_stores_what_was_said_and_prints_the_id(command: Command, backend: Backend, backend_url: str) -> None:
    outcome = command.done("enqueue", "mail.welcome", ' {"b": 1e2, "a":"é"}\n', "--backend", backend_url)
    (record,) = backend.list()
    assert outcome.out == f"{record.id}\n"
    assert record.payload == '{"b": 1e2, "a":"é"}'.encode()
    assert (record.kind, record.queue, record.max_attempts) == ("mail.welcome", "default", 25)
    assert (record.state, record.attempt) == (State.PENDING, 0)
    assert record.run_at <= datetime.now(UTC)


def test_without_fields_the_payload_is_an_empty_object(command: Command, backend: Backend, backend_url: str) -> None:
    command.done("enqueue", "report", "--backend", backend_url)
    assert [record.payload for record in backend.list()] == [b"{}"]


def test_queue_attempts_and_time_can_be_said(command: Command, backend: Backend, backend_url: str) -> None:
    options = ("--queue", "bulk", "--max-attempts", "2", "--at", "2199-01-31T12:00+01:00")
    command.done("enqueue", "report", "{}", *options, "--backend", backend_url)
    (record,) = backend.list()
    assert (record.queue, record.max_attempts) == ("bulk", 2)
    assert record.run_at == datetime(2199, 1, 31, 11, tzinfo=UTC)


def test_a_delay_counts_from_now(command: Command, backend: Backend, backend_url: str) -> None:
    command.done("enqueue", "report", "--in", "1h30m", "--backend", backend_url)
    (record,) = backend.list()
    assert abs(record.run_at - datetime.now(UTC) - timedelta(minutes=90)) < A_MINUTE


def test_the_payload_may_be_in_a_file_or_on_standard_input(
    command: Command, backend: Backend, backend_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "payload.json"
    file.write_bytes(b'{"from": "a file"}\n')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"from": "standard input"}\n')))
    command.done("enqueue", "report", f"@{file}", "--backend", backend_url)
    command.done("enqueue", "report", "-", "--backend", backend_url)
    assert {record.payload for record in backend.list()} == {b'{"from": "a file"}', b'{"from": "standard input"}'}


def test_for_programs_it_shows_the_record_as_list_does(command: Command, backend_url: str) -> None:
    stored = command.done("enqueue", "report", "--json", "--backend", backend_url)
    assert command.done("list", "--json", "--backend", backend_url).out == stored.out


@pytest.mark.usefixtures("application")
def test_with_the_application_its_job_decides_queue_and_attempts(
    command: Command, backend: Backend, backend_url: str
) -> None:
    job = ("enqueue", "mail.welcome", '{"address": "ada@example.org"}', "--app", "application:runner")
    command.done(*job, "--backend", backend_url)
    command.done(*job, "--backend", backend_url, "--queue", "bulk", "--max-attempts", "9")
    found = {(record.queue, record.max_attempts) for record in backend.list()}
    assert found == {("mail", 3), ("bulk", 9)}


@pytest.mark.usefixtures("application")
def test_a_worker_runs_what_the_command_enqueued(command: Command, backend: Backend, backend_url: str) -> None:
    Welcome.sent.clear()
    options = ("--app", "application:runner", "--backend", backend_url)
    command.done("enqueue", "mail.welcome", '{"address": "ada@example.org"}', *options)
    runner = JobRunner(backend, jobs=[Welcome])
    runner.drain()
    assert Welcome.sent == ["ada@example.org"]


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("kind", "payload", "complaint"),
    [
        ("mail.welcom", "{}", "no job is registered for the kind 'mail.welcom'; did you mean 'mail.welcome'?"),
        ("x", "{}", "no job is registered for the kind 'x'; there is: mail.welcome"),
        (
            "mail.welcome",
            "{}",
            (
                "the payload does not fit the 'mail.welcome' job: Object missing required field `address`; nothing was "
                "enqueued"
            ),
        ),
        (
            "mail.welcome",
            '{"address": 7}',
            (
                "the payload does not fit the 'mail.welcome' job: Expected `str`, got `int` - at `$.address`; nothing "
                "was enqueued"
            ),
        ),
        (
            "mail.welcome",
            '{"address": "ada", "copy": 2}',
            "the 'mail.welcome' job has no field 'copy', did you mean 'copies'?; nothing was enqueued",
        ),
    ],
)
def test_what_the_application_would_not_understand_is_not_stored(
    kind: str, payload: str, complaint: str, command: Command, backend: Backend, backend_url: str
) -> None:
    outcome = command("enqueue", kind, payload, "--app", "application:runner", "--backend", backend_url)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"lazyjobs: {complaint}\n")
    assert backend.stats().total == 0
