"""A run of the kit that is killed amid its work: its processes end, and the next run destroys what it left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REFERENCE = "lazyjobs_testkit.zoo.files:Durable.Harness"
MARK = "LAZYJOBS_TEST_OF_A_KILLED_RUN"


def begin(directory: Path, rule: str) -> "subprocess.Popen[bytes]":
    """Begins a run that makes everything temporary below `directory`, by which its processes are told from others."""
    command = [sys.executable, "-m", "lazyjobs_testkit", REFERENCE, "--rule", rule, "--output", str(directory)]
    environment = {**os.environ, "TMPDIR": str(directory), MARK: str(directory)}
    return subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.DEVNULL)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def journals(directory: Path) -> set[Path]:
    """The files in which the backend keeps its namespaces."""
    return set(directory.glob("lazyjobs-zoo-*/durable/kit_*"))


def processes(directory: Path) -> list[int]:
    """Those that still live of what was begun there."""
    mark = f"{MARK}={directory}".encode()
    found = [path.parent for path in Path("/proc").glob("[0-9]*/environ") if mark in read(path)]
    return [int(path.name) for path in found if b"State:\tZ" not in read(path / "status")]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_what_a_run_left_that_was_killed_amid_a_campaign_is_destroyed_by_the_next(tmp_path: Path) -> None:
    run = begin(tmp_path, "DUR-03")
    wait_until(lambda: len(journals(tmp_path)) > 1 and len(processes(tmp_path)) > 2)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    wait_until(lambda: not processes(tmp_path))
    left = journals(tmp_path)
    assert left
    assert begin(tmp_path, "INS-01").wait(60) == 0
    assert journals(tmp_path) == set()
    assert not list(tmp_path.glob("lazyjobs-testkit-*/*"))


def test_what_a_living_run_uses_is_left_to_it_by_another(tmp_path: Path) -> None:
    run = begin(tmp_path, "DUR-03")
    wait_until(lambda: len(journals(tmp_path)) > 1)
    assert begin(tmp_path, "INS-01").wait(60) == 0
    assert run.wait(60) == 0
    assert journals(tmp_path) == set()
