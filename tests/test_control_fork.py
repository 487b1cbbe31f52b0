"""What the child of a fork has of the control plane that its parent serves: nothing."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.servers import start
from tests.support.waiting import GENEROUS, wait_until

TIMEOUT = GENEROUS.total_seconds()
APPLICATION = """
import os
import time
from pathlib import Path

from lazyjobs import BaseJob, JobRunner


class Forks(BaseJob):
    kind = "forks"

    def work(self):
        if not (child := os.fork()):
            time.sleep(600)
            os._exit(0)
        Path("part").write_text(str(child))
        Path("part").rename("child")


runner = JobRunner("sqlite:///jobs.db", jobs=[Forks])
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APPLICATION)
    return tmp_path


def test_when_a_worker_is_killed_its_child_keeps_neither_the_port_nor_a_connection(place: Path) -> None:
    address = ("127.0.0.1", free_port())
    child = place / "child"
    worker = start("-m", "lazyjobs", "worker", "app:runner", "--control", f"127.0.0.1:{address[1]}", cwd=place)
    with worker:
        try:
            assert worker.stdout is not None
            assert "the control plane is at" in worker.stdout.readline()
            with socket.create_connection(address, timeout=TIMEOUT) as silent:
                silent.sendall(b"GET /jo")
                with start("-m", "lazyjobs", "enqueue", "forks", "--app", "app:runner", cwd=place) as enqueue:
                    assert enqueue.wait(TIMEOUT) == 0
                wait_until(child.exists, what="the fork")
                with socket.create_connection(address, timeout=TIMEOUT) as other:
                    other.sendall(b"GET /jobs HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    assert b"200 OK" in other.makefile("rb").read()
                worker.kill()
                worker.wait(TIMEOUT)
                os.kill(int(child.read_text()), 0)  # it lives
                with suppress(ConnectionResetError):
                    assert silent.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address, timeout=TIMEOUT)
            with socket.socket() as next_one:
                next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                next_one.bind(address)
        finally:
            worker.kill()
            if child.exists():
                os.kill(int(child.read_text()), signal.SIGKILL)
