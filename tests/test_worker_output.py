"""A worker whose output nobody takes: it stops as any other."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.waiting import GENEROUS, wait_until

ROOT = Path(__file__).parents[1]
TIMEOUT = GENEROUS.total_seconds()

APPLICATION = r"""
import logging
import os
import time
from pathlib import Path

from lazyjobs import BaseJob, JobRunner


class Deaf(BaseJob):
    kind = "deaf"

    def work(self):
        print("a line that stays in the buffer")
        Path("began").touch()
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                pass


class Ended(BaseJob):
    kind = "ended"

    def work(self):
        print("a line that stays in the buffer")


class Watch:
    def begin(self):
        pass

    def ended(self, end):
        Path("began").touch()


class Observer:
    def started(self, runner):
        pass

    def enqueuing(self, params):
        return None

    def attempting(self, record):
        return Watch()


runner = JobRunner("memory://", jobs=[Deaf, Ended], observers=[Observer()])
runner.enqueue({"deaf": Deaf, "ended": Ended}[os.environ["KIND"]]())
"""


class Piped:
    """Starts workers whose output and log go into one pipe that nobody reads."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "app.py").write_text(APPLICATION)
        self.reader, self.writer = os.pipe()
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, kind: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        made = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(self.home))), "KIND": kind, **environment}
        worker = subprocess.Popen(
            [sys.executable, "-m", "lazyjobs", "worker", "app:runner", "--stop-timeout", "0.2", *options],
            cwd=self.home,
            env=made,
            stdout=self.writer,
            stderr=self.writer,
        )
        self._started.append(worker)
        wait_until((self.home / "began").exists, what="the job")
        return worker

    def hang_up(self) -> None:
        """Whoever read the output is gone."""
        os.close(self.reader)
        self.reader = -1

    def fill(self) -> None:
        """Whoever reads the output does not: not a byte more goes in."""
        os.set_blocking(self.writer, False)
        try:
            while True:
                os.write(self.writer, b"x" * 65536)
        except BlockingIOError:
            pass
        finally:
            os.set_blocking(self.writer, True)

    def end(self) -> None:
        for worker in self._started:
            worker.kill()
            worker.wait()
        for descriptor in (self.reader, self.writer):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def piped(tmp_path: Path) -> Iterator[Piped]:
    piped = Piped(tmp_path)
    yield piped
    piped.end()


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def buffering(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


@pytest.mark.parametrize("trouble", [Piped.hang_up, Piped.fill], ids=["gone", "full"])
@pytest.mark.parametrize(("kind", "code"), [("deaf", 1), ("ended", 0)])
def test_a_stop_comes_to_its_end(
    piped: Piped, kind: str, code: int, trouble: Callable[[Piped], None], buffering: str
) -> None:
    worker = piped.start(kind, PYTHONUNBUFFERED=buffering)
    trouble(piped)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(TIMEOUT) == code


def test_the_control_plane_holds_up_nothing_either(piped: Piped) -> None:
    worker = piped.start("ended", "--control", "127.0.0.1:0", "--verbose")
    piped.fill()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(TIMEOUT) == 0


def test_one_that_cannot_even_tell_what_it_runs_stops_at_a_signal(piped: Piped) -> None:
    piped.fill()
    worker = piped.start("deaf", PYTHONUNBUFFERED="")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(TIMEOUT) == 1


def test_a_drain_ends_with_its_own_code_though_nobody_takes_what_jobs_have_printed(
    piped: Piped, buffering: str
) -> None:
    piped.hang_up()
    worker = piped.start("ended", "--drain", PYTHONUNBUFFERED=buffering)
    assert worker.wait(TIMEOUT) == 0


def test_the_control_plane_alone_ends_too(piped: Piped) -> None:
    command = ["control", "--backend", "memory://", "--listen", "127.0.0.1:0", "--verbose"]
    serving = subprocess.Popen(
        [sys.executable, "-m", "lazyjobs", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=piped.writer,
        stderr=piped.writer,
    )
    try:
        log = b""
        while not (found := re.search(rb"http://127.0.0.1:(\d+)/jobs", log)):
            log += os.read(piped.reader, 65536)
        piped.fill()
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=TIMEOUT) as asking:
            asking.sendall(b"GET /jobs HTTP/1.1\r\nHost: localhost\r\n\r\n")
            serving.send_signal(signal.SIGTERM)
            assert serving.wait(TIMEOUT) == 0
    finally:
        serving.kill()
        serving.wait()
