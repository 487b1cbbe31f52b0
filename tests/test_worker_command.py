"""The command line of `lazyjobs worker`: what it may say, and what is said of a wrong one."""

import logging
import signal
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from lazyjobs import JobRunner, State
from lazyjobs.cli import main
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, states
from tests.support.waiting import GENEROUS

TIMEOUT = GENEROUS.total_seconds()


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> JobRunner:
    """The runner at application:runner, where the command finds it in this process."""
    module = ModuleType("application")
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    vars(module).update(runner=runner, name="a text", empty=JobRunner(MemoryBackend()))
    monkeypatch.setitem(sys.modules, "application", module)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return runner


def worker(*arguments: str) -> int:
    return main(["worker", *arguments])


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("application", "'application' names no runner; write package.module:runner"),
        ("application:", "'application:' names no runner; write package.module:runner"),
        (":runner", "':runner' names no runner; write package.module:runner"),
        (".application:runner", "'.application:runner' names no runner; write package.module:runner"),
        ("nowhere:runner", "there is no module 'nowhere' in {cwd} or on the import path"),
        ("application.inner:runner", "there is no module 'application.inner' in {cwd} or on the import path"),
        ("application:missing", "the module 'application' has no 'missing'"),
        ("application:runner.missing", "the module 'application' has no 'runner.missing'"),
        ("application:name", "application:name is no JobRunner but str"),
        ("application:empty", "the runner has no queue to watch; register a job, or pass queues="),
    ],
)
def test_a_wrong_target_is_named_in_one_line(target: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert worker(target, "--drain") == 2
    assert capsys.readouterr().err == f"lazyjobs: {message.format(cwd=Path.cwd())}\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workers", "0"], "--workers: must be a whole number from 1 on, not '0'"),
        (["--workers", "two"], "--workers: must be a whole number from 1 on, not 'two'"),
        (["--queue", "a queue"], "--queue: queues must be 1 to 100 characters"),
        (["--stop-timeout", "soon"], "--stop-timeout: must be seconds from 0 to those of 366 days, not 'soon'"),
        (["--stop-timeout", "-1"], "--stop-timeout: must be seconds from 0 to those of 366 days, not '-1'"),
        (["--stop-timeout", "inf"], "--stop-timeout: must be seconds from 0 to those of 366 days, not 'inf'"),
        (["--stop-timeout", "nan"], "--stop-timeout: must be seconds from 0 to those of 366 days, not 'nan'"),
        (["--stop-timeout", "1e10"], "--stop-timeout: must be seconds from 0 to those of 366 days, not '1e10'"),
        (["--control", "8000"], "--control: write HOST:PORT, such as 127.0.0.1:8000, not '8000'"),
        (["--control", ":8000"], "--control: write HOST:PORT, such as 127.0.0.1:8000, not ':8000'"),
        (["--control", "localhost:http"], "--control: write HOST:PORT, such as 127.0.0.1:8000, not 'localhost:http'"),
        (["--control", "localhost:65536"], "--control: write HOST:PORT, such as 127.0.0.1:8000, not 'localhost:65536'"),
        (
            ["--control", "größe..name:8000"],
            "--control: write HOST:PORT, such as 127.0.0.1:8000, not 'größe..name:8000'",
        ),
        (["--control", "localhost:²"], "--control: write HOST:PORT, such as 127.0.0.1:8000, not 'localhost:²'"),
    ],
)
def test_a_wrong_option_is_named_with_what_it_takes(
    runner: JobRunner, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        worker("application:runner", *options)
    assert exit.value.code == 2
    assert f"error: argument {message}" in capsys.readouterr().err
    assert not runner.running


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nowhere://", "no backend is installed for the scheme 'nowhere' (installed: "),
        ("memory", "cannot open the backend 'memory': scheme: "),
        ("memory://?colour=red", "cannot open the backend 'memory://?colour=red': option 'colour': "),
    ],
)
def test_a_backend_that_cannot_be_opened_is_told_in_one_line(
    runner: JobRunner, url: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert worker("application:runner", "--drain", "--backend", url) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"lazyjobs: {message}")
    assert complaint.count("\n") == 1


def test_a_backend_that_fails_has_a_code_of_its_own(runner: JobRunner, capsys: pytest.CaptureFixture[str]) -> None:
    assert worker("application:runner", "--drain", "--backend", "sqlite:////nowhere/jobs.db") == 3
    complaint = capsys.readouterr().err
    assert complaint.startswith("lazyjobs: /nowhere/jobs.db: ")
    assert complaint.count("\n") == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1"])
def test_a_control_address_that_cannot_be_had_is_told_in_one_line(
    runner: JobRunner, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"{host}:{taken.getsockname()[1]}"
        assert worker("application:runner", "--drain", "--control", address) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"lazyjobs: --control {address}: ")
    assert complaint.endswith("; choose another address\n")
    assert complaint.count("\n") == 1
    assert not runner.running


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import not_there", "ModuleNotFoundError: No module named 'not_there'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_cannot_be_imported_shows_its_traceback_and_a_line(
    text: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("failing_to_load.py").write_text(text)
    assert worker("failing_to_load:runner") == 2
    *traceback, line = capsys.readouterr().err.splitlines()
    assert line == f"lazyjobs: importing 'failing_to_load' failed, see above: {error}"
    assert traceback[0].startswith("Traceback")
    assert f"    {text}" in traceback


@pytest.mark.usefixtures("runner")
def test_the_current_directory_is_on_the_import_path() -> None:
    Path("in_the_current_directory.py").write_text("from application import runner")
    assert worker("in_the_current_directory:runner", "--drain") == 0


def test_drain_runs_all_that_is_due_and_leaves_the_rest(runner: JobRunner) -> None:
    ran: list[str] = []

    def first() -> None:
        ran.append("first")
        runner.enqueue(action(second))

    def second() -> None:
        ran.append("second")

    runner.enqueue(action(first))
    runner.enqueue_in(action(second), GENEROUS)
    assert worker("application:runner", "--drain") == 0
    assert ran == ["first", "second"]
    assert states(runner) == {State.SUCCEEDED: 2, State.PENDING: 1}
    assert not runner.running


def test_the_signals_have_their_handlers_back_afterwards(runner: JobRunner) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    assert worker("application:runner", "--drain") == 0
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_queue_options_replace_the_queues_of_the_runner(runner: JobRunner) -> None:
    for queue in ("default", "mail", "images"):
        runner.enqueue(action(lambda: None), queue=queue)
    assert worker("application:runner", "--drain", "--queue", "mail", "--queue", "images") == 0
    assert {record.queue for record in runner.backend.list() if record.state is State.SUCCEEDED} == {"mail", "images"}


def test_the_workers_option_says_how_many_jobs_run_at_once(runner: JobRunner) -> None:
    together = threading.Barrier(3, timeout=TIMEOUT)

    def meet() -> None:
        together.wait()

    for _ in range(3):
        runner.enqueue(action(meet))
    assert worker("application:runner", "--drain", "--workers", "3") == 0
    assert states(runner) == {State.SUCCEEDED: 3}


def test_the_backend_option_replaces_the_backend_of_the_runner(runner: JobRunner) -> None:
    before = runner.backend
    runner.enqueue(action(lambda: None))
    assert worker("application:runner", "--drain", "--backend", "memory://") == 0
    assert dict(before.stats().by_state) == {State.PENDING: 1}


def test_a_backend_that_was_opened_already_cannot_be_replaced(
    runner: JobRunner, capsys: pytest.CaptureFixture[str]
) -> None:
    runner.configure(backend="memory://")
    runner.enqueue(action(lambda: None))
    assert worker("application:runner", "--drain", "--backend", "memory://") == 2
    assert "has already opened its backend" in capsys.readouterr().err


def test_it_logs_each_outcome_with_its_facts(runner: JobRunner, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lazyjobs.jobs")
    record = runner.enqueue(action(lambda: None))
    assert worker("application:runner", "--drain") == 0
    (line,) = [each for each in caplog.records if each.name == "lazyjobs.jobs"]
    assert vars(line).items() >= {"job_id": record.id, "job_kind": "do", "job_outcome": "succeeded"}.items()


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main([])
    assert exit.value.code == 2
    assert "command" in capsys.readouterr().err
