"""The worker as the first process of a container, which the kernel spares every signal that it has no handler for."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.waiting import GENEROUS, wait_until

ROOT = Path(__file__).parents[1]
TIMEOUT = GENEROUS.total_seconds()

APPLICATION = r"""
import os
import re
import subprocess
import time
from pathlib import Path

from lazyjobs import BaseJob, JobRunner


class Patient(BaseJob):
    kind = "patient"

    def work(self):
        Path("began").touch()
        while not Path("go").exists():
            time.sleep(0.005)


class Holding(BaseJob):
    kind = "holding"

    def work(self):
        Path("began").touch()
        re.match("(a+)+$", "a" * 60 + "b")  # holds the interpreter's lock


class Orphaning(BaseJob):
    kind = "orphaning"

    def work(self):
        found = subprocess.run(["sh", "-c", "sleep 0.01 & echo $!"], capture_output=True, text=True)
        child = Path("/proc", found.stdout.strip())
        while child.exists():
            time.sleep(0.005)


runner = JobRunner("memory://", jobs=[Patient, Holding, Orphaning])
if kind := os.environ.get("KIND"):
    runner.enqueue({"patient": Patient, "holding": Holding, "orphaning": Orphaning}[kind]())
"""
SLOW = "import time\nfrom pathlib import Path\nPath('importing').touch()\ntime.sleep(60)\n"
PRETENDING = [
    sys.executable,
    "-c",
    "import os, sys; os.getpid = lambda: 1; import lazyjobs.cli as c; sys.exit(c.main())",
]
"""A process that takes itself for the first one; the kernel does not."""


def _unshared() -> list[str] | None:
    """What makes a command the first process of a namespace; None where this may not be done."""
    tool = shutil.which("unshare")
    for rights in ([], ["--user", "--map-root-user"]):
        wrapper = [str(tool), *rights, "--pid", "--fork", "--kill-child", "--mount-proc"]
        if tool and subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode == 0:
            return wrapper
    return None


UNSHARED = _unshared()


class Container:
    """Starts commands as first processes, in a directory with an application."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._started: list[subprocess.Popen[bytes]] = []
        (home / "app.py").write_text(APPLICATION)
        (home / "slow.py").write_text(SLOW)

    def start(self, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        made = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(self.home))), **environment}
        with (self.home / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=self.home, env=made, stderr=log, stdout=log)
        self._started.append(process)
        return process

    def wait_for(self, name: str) -> None:
        wait_until((self.home / name).exists, what=f"{name} in {self.home}")

    def wait_for_log(self, text: str) -> None:
        wait_until(lambda: text in (self.home / "log").read_text(), what=f"{text!r} in the log")

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    container = Container(tmp_path)
    yield container
    container.end()


def _itself(process: subprocess.Popen[bytes]) -> int:
    return process.pid


def _child(process: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(children.read_text, what="the first process")
    return int(children.read_text().split()[0])


Found = Callable[[subprocess.Popen[bytes]], int]
FIRST: list[tuple[list[str], Found]] = [(PRETENDING, _itself)]
if UNSHARED:
    FIRST.append(([*UNSHARED, sys.executable, "-m", "lazyjobs"], _child))
as_first = pytest.mark.parametrize(("command", "find"), FIRST, ids=["pretending", "unshared"][: len(FIRST)])


@as_first
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_the_application_is_imported_ends_it(
    container: Container, command: list[str], find: Found, number: signal.Signals, code: int
) -> None:
    worker = container.start([*command, "worker", "slow:runner"])
    container.wait_for("importing")
    os.kill(find(worker), number)
    assert worker.wait(TIMEOUT) == code


@as_first
def test_the_first_signal_lets_jobs_end(container: Container, command: list[str], find: Found) -> None:
    worker = container.start([*command, "worker", "app:runner"], KIND="patient")
    container.wait_for("began")
    os.kill(find(worker), signal.SIGTERM)
    container.wait_for_log("stopping: ")
    (container.home / "go").touch()
    assert worker.wait(TIMEOUT) == 0


@as_first
@pytest.mark.parametrize("kind", ["patient", "holding"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_second_signal_ends_it_at_once_whatever_the_job_does(
    container: Container, command: list[str], find: Found, kind: str, number: signal.Signals, code: int
) -> None:
    worker = container.start([*command, "worker", "app:runner"], KIND=kind)
    container.wait_for("began")
    first = find(worker)
    deadline = time.monotonic() + TIMEOUT
    while worker.poll() is None and time.monotonic() < deadline:
        os.kill(first, number)
        time.sleep(0.2)
    assert worker.poll() == code


@as_first
def test_the_control_plane_ends_at_a_signal(container: Container, command: list[str], find: Found) -> None:
    serving = container.start([*command, "control", "--backend", "memory://", "--listen", "127.0.0.1:0"])
    container.wait_for_log("the control plane is at")
    os.kill(find(serving), signal.SIGINT)
    assert serving.wait(TIMEOUT) == 0


@as_first
def test_the_exit_code_is_that_of_the_command(container: Container, command: list[str], find: Found) -> None:
    del find
    assert container.start([*command, "worker", "nowhere:runner"]).wait(TIMEOUT) == 2
    container.wait_for_log("lazyjobs: there is no module 'nowhere'")


@pytest.mark.skipif(UNSHARED is None, reason="no namespace may be made here")
def test_what_a_job_leaves_behind_is_waited_for(container: Container) -> None:
    assert UNSHARED is not None
    command = [*UNSHARED, sys.executable, "-m", "lazyjobs", "worker", "app:runner", "--drain"]
    assert container.start(command, KIND="orphaning").wait(TIMEOUT) == 0
