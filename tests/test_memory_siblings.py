"""Processes of one server that keep jobs in memory, each for itself, are told so."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lazyjobs import BaseJob, JobRunner

ROOT = Path(__file__).parents[1]
WARNING = "another process of this server has one too"

SERVER = """
import logging, sys
from lazyjobs import BaseJob, JobRunner

class Note(BaseJob):
    kind = "note"
    def work(self): ...

logging.basicConfig()
for _ in range(2):
    runner = JobRunner({url!r}, jobs=[Note])
    runner.enqueue(Note())
print("ready", file=sys.stderr, flush=True)
sys.stdin.read()
"""


class Note(BaseJob):
    """Does nothing."""

    kind = "note"

    def work(self) -> None:
        """Does nothing."""


@contextmanager
def process(*listening: socket.socket, url: str | None = None) -> Iterator[str]:
    """A process of the server that listens there, as long as the context lasts; gives what it logged."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER.format(url=url)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        pass_fds=[each.fileno() for each in listening],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        lines: list[str] = []
        while not lines or lines[-1] not in ("ready\n", ""):
            lines.append(running.stderr.readline())
        try:
            yield "".join(lines)
        finally:
            running.kill()


@pytest.fixture(params=["listens", "will listen"])
def listening(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """What a server listens on, or will as soon as its application has begun."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "listens":
            server.listen()
        yield server


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_the_second_process_of_a_server_warns_once(listening: socket.socket) -> None:
    with process(listening) as first, process(listening) as second:
        assert WARNING not in first
        assert second.count(WARNING) == 1
        assert "sqlite:///jobs.db" in second


def test_processes_of_two_servers_do_not_warn(listening: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, process(listening), process(other) as second:
        assert WARNING not in second


def test_processes_that_are_no_servers_do_not_warn() -> None:
    with process(), process() as second:
        assert WARNING not in second


def test_a_process_that_follows_another_does_not_warn(listening: socket.socket) -> None:
    with process(listening):
        pass
    with process(listening) as second:
        assert WARNING not in second


def test_a_backend_that_processes_share_needs_no_warning(listening: socket.socket, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/jobs.db"
    with process(listening, url=url), process(listening, url=url) as second:
        assert WARNING not in second


def test_a_forked_child_is_told_that_it_begins_with_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    runner = JobRunner("memory://", jobs=[Note])
    runner.enqueue(Note())
    child = os.fork()
    if child == 0:
        try:
            import logging

            logging.root.handlers[:] = [logging.StreamHandler(os.fdopen(2, "w"))]
            runner.enqueue(Note())
            logging.root.handlers[0].flush()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    told = capfd.readouterr().err
    assert told.count("this one was forked, and begins with none of its parent's jobs") == 1
