"""The command `lazyjobs worker` as a real process: its backend, log, control plane, signals and exit codes."""

import json
import os
import re
import signal
import subprocess
import sysconfig
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from lazyjobs import InsertParams, State
from tests.support.directory import DirectoryBackend
from tests.support.waiting import GENEROUS, wait_until

ROOT = Path(__file__).parents[1]
TIMEOUT = GENEROUS.total_seconds()

APPLICATION = r"""
import signal
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lazyjobs import BaseJob, JobRunner


class Quick(BaseJob):
    kind = "quick"

    def work(self):
        print("a line that stays in the buffer")


class Failing(BaseJob):
    kind = "failing"

    def work(self):
        raise ValueError("first\nsecond\r\x1b[2Jthird\u2028fourth")


class Patient(BaseJob):
    kind = "patient"

    def work(self):
        Path("began").touch()
        while not Path("go").exists():
            time.sleep(0.005)


class Sleeping(BaseJob):
    kind = "sleeping"

    def work(self):
        Path("began").touch()
        time.sleep(3600)


class Busy(BaseJob):
    kind = "busy"

    def work(self):
        Path("began").touch()
        while True:
            pass


class Deaf(BaseJob):
    kind = "deaf"

    def work(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        Path("began").touch()
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                pass


runner = JobRunner(jobs=[Quick, Failing, Patient, Sleeping, Busy, Deaf], poll_interval=timedelta(milliseconds=10))
"""


class Workplace:
    """A directory with an application, a backend that any process opens by `url`, and the workers started there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = f"directory://{home}/records"
        self.backend = DirectoryBackend(home / "records")
        self._processes: list[subprocess.Popen[bytes]] = []
        (home / "app.py").write_text(APPLICATION)
        # What an installed distribution says of itself; it makes the scheme of the URL known.
        installed = home / "directory_backend-1.0.dist-info"
        installed.mkdir()
        (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: directory-backend\nVersion: 1.0\n")
        (installed / "entry_points.txt").write_text(
            "[lazyjobs.backends]\ndirectory = tests.support.directory:DirectoryBackend\n"
        )

    def insert(self, *kinds: str) -> None:
        for kind in kinds:
            self.backend.insert(InsertParams(kind=kind, max_attempts=1))

    def start(self, *options: str, target: str = "app:runner", url: str | None = None) -> subprocess.Popen[bytes]:
        script = Path(sysconfig.get_path("scripts")) / "lazyjobs"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(self.home))),
            "LAZYJOBS_BACKEND": url or self.url,
        }
        environment.pop("PYTHONUNBUFFERED", None)
        with (self.home / "log").open("wb") as log, (self.home / "output").open("wb") as output:
            process = subprocess.Popen(
                [script, "worker", target, *options], cwd=self.home, env=environment, stderr=log, stdout=output
            )
        self._processes.append(process)
        return process

    def start_with(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        """A worker that runs a job of that kind."""
        self.insert(kind)
        process = self.start(*options)
        wait_until((self.home / "began").exists, what=f"a {kind} job")
        return process

    def drain(self, *options: str, target: str = "app:runner", url: str | None = None) -> int:
        return self.start("--drain", *options, target=target, url=url).wait(TIMEOUT)

    def log(self) -> str:
        return (self.home / "log").read_text()

    def wait_for_log(self, text: str) -> None:
        wait_until(lambda: text in self.log(), what=f"{text!r} in the log")

    def states(self) -> dict[str, State]:
        """The state of the record of each kind."""
        return {record.kind: record.state for record in self.backend.list()}

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    workplace = Workplace(tmp_path)
    yield workplace
    workplace.end()


def test_it_runs_on_the_backend_of_the_environment_and_logs_each_job(workplace: Workplace) -> None:
    workplace.insert("quick", "failing")
    assert workplace.drain() == 0
    assert workplace.states() == {"quick": State.SUCCEEDED, "failing": State.DISCARDED}
    lines = workplace.log().splitlines()
    heads = [line for line in lines if not line.startswith("    ")]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|ERROR) ", line) for line in heads)
    outcomes = [line.split(" ", 3)[3] for line in heads if " id=" in line]
    assert len(outcomes) == 2
    assert outcomes[0].startswith("quick succeeded id=1 queue=default attempt=1/1 in ")
    assert outcomes[1].startswith("failing discarded id=2 ")
    assert outcomes[1].endswith(r": ValueError: first\nsecond\r\x1b[2Jthird\u2028fourth")
    assert [line for line in lines if "Traceback" in line] == ["    Traceback (most recent call last):"]
    assert lines[-2:] == ["    ValueError: first", r"    second\r\x1b[2Jthird\u2028fourth"]


def test_without_drain_it_stays_for_what_comes(workplace: Workplace) -> None:
    worker = workplace.start()
    workplace.wait_for_log("running quick, failing, ")
    for kind, outcome in (("quick", "quick succeeded"), ("failing", "failing discarded")):
        workplace.insert(kind)
        workplace.wait_for_log(outcome)
    assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(TIMEOUT) == 0


def test_an_application_that_sets_up_logging_keeps_it(workplace: Workplace) -> None:
    (workplace.home / "configured.py").write_text(
        "import logging\nfrom app import runner\nlogging.basicConfig(format='mine: %(message)s', level=logging.ERROR)\n"
    )
    workplace.insert("quick", "failing")
    assert workplace.drain(target="configured:runner") == 0
    assert workplace.log().startswith("mine: failing discarded id=2 ")


def test_the_backend_option_goes_before_the_environment(workplace: Workplace) -> None:
    workplace.insert("quick")
    assert workplace.drain("--backend", workplace.url, url="nowhere://") == 0
    assert workplace.states() == {"quick": State.SUCCEEDED}


def test_the_control_option_serves_what_goes_on_until_the_end(workplace: Workplace) -> None:
    worker = workplace.start_with("patient", "--control", "127.0.0.1:0")
    found = re.search(r"http://127\.0\.0\.1:\d+/jobs", workplace.log())
    assert found is not None
    with urllib.request.urlopen(found[0], timeout=TIMEOUT) as response:
        assert response.headers["Cache-Control"] == "no-store"
        shown = json.load(response)
    assert shown["running"] is True
    assert [definition["kind"] for definition in shown["definitions"]][:2] == ["quick", "failing"]
    assert shown["stats"]["by_state"] == {"running": 1}
    worker.send_signal(signal.SIGTERM)
    (workplace.home / "go").touch()
    assert worker.wait(TIMEOUT) == 0
    with pytest.raises(URLError):
        urllib.request.urlopen(found[0], timeout=TIMEOUT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_lets_jobs_in_flight_end_and_claims_no_more(
    workplace: Workplace, number: signal.Signals
) -> None:
    worker = workplace.start_with("patient")
    worker.send_signal(number)
    workplace.wait_for_log("stopping: jobs in flight have 0:00:30")
    workplace.insert("quick")
    assert worker.poll() is None
    (workplace.home / "go").touch()
    assert worker.wait(TIMEOUT) == 0
    assert workplace.states() == {"patient": State.SUCCEEDED, "quick": State.PENDING}


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("sleeping", signal.SIGTERM, signal.SIGTERM),
        ("deaf", signal.SIGINT, signal.SIGTERM),
        ("busy", signal.SIGTERM, signal.SIGINT),
    ],
)
def test_a_second_signal_ends_the_process_at_once_whatever_the_job_does(
    workplace: Workplace, kind: str, first: signal.Signals, second: signal.Signals
) -> None:
    worker = workplace.start_with(kind, "--stop-timeout", "3600")
    worker.send_signal(first)
    workplace.wait_for_log("stopping: ")
    worker.send_signal(second)
    assert worker.wait(TIMEOUT) == -second
    assert workplace.states() == {kind: State.RUNNING}


def test_a_job_stuck_past_the_stop_timeout_makes_the_exit_code_1(workplace: Workplace) -> None:
    workplace.insert("quick")
    worker = workplace.start_with("deaf", "--stop-timeout", "0.05")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(TIMEOUT) == 1
    assert "deaf id=2 still runs after the stop and is cancelled" in workplace.log()
    assert (workplace.home / "output").read_text() == "a line that stays in the buffer\n"
    assert workplace.states() == {"quick": State.SUCCEEDED, "deaf": State.RUNNING}
