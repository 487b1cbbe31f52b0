"""Namespaces that a run has left behind are destroyed by the next one, and nothing else is."""

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from lazyjobs import Backend
from lazyjobs_testkit import Harness
from lazyjobs_testkit.harness import Namespaces, _namespaces, child_environment, destroy_leftovers, load_harness
from lazyjobs_testkit.harness._ledger import ledger_directory

HARNESS = """
from lazyjobs_testkit import Harness

class DirectoriesHarness(Harness):
    def open(self, namespace):
        raise NotImplementedError

    def destroy(self, namespace):
        raise NotImplementedError
"""

KILLED = """
import os, signal, sys
from lazyjobs_testkit.harness import Namespaces, load_harness
namespaces = Namespaces(load_harness(sys.argv[1])())
kept, gone = namespaces.create(), namespaces.create()
namespaces.forget(gone)
print(kept, flush=True)
if sys.argv[2] == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _own_ledgers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def harness(tmp_path: Path) -> type[Harness]:
    file = tmp_path / "directories.py"
    file.write_text(HARNESS)
    return load_harness(f"{file}:DirectoriesHarness")


def start_child(harness: type[Harness], fate: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, harness.reference(), fate],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_a_killed_run_left_is_destroyed_once(harness: type[Harness]) -> None:
    with start_child(harness, "dies") as child:
        left, _ = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    destroyed: list[str] = []
    assert destroy_leftovers(harness, destroyed.append) == destroyed == left.split()
    assert destroy_leftovers(harness, destroyed.append) == []


def test_what_a_living_run_uses_is_left_alone(harness: type[Harness]) -> None:
    with start_child(harness, "lives") as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("kit_")
        assert destroy_leftovers(harness, pytest.fail) == []
        child.communicate(timeout=60)


def test_what_another_harness_left_is_left_alone(harness: type[Harness], tmp_path: Path) -> None:
    with start_child(harness, "dies") as child:
        child.communicate(timeout=60)
    other = tmp_path / "other.py"
    other.write_text(HARNESS)
    assert destroy_leftovers(load_harness(f"{other}:DirectoriesHarness"), pytest.fail) == []
    assert len(list(ledger_directory().iterdir())) == 1


def test_the_empty_ledger_of_a_process_that_is_gone_is_cleared_away(harness: type[Harness]) -> None:
    abandoned = ledger_directory() / "1-0123"
    abandoned.write_text(f"+{'1' * 16} kit_{'2' * 16}\n-{'1' * 16} kit_{'2' * 16}\n")
    destroy_leftovers(harness, pytest.fail)
    assert not abandoned.exists()


def test_what_cannot_be_destroyed_stays_to_be_tried_again(harness: type[Harness]) -> None:
    with start_child(harness, "dies") as child:
        left, _ = child.communicate(timeout=60)

    def refuse(namespace: str) -> None:
        raise ConnectionError(namespace)

    with pytest.raises(ConnectionError):
        destroy_leftovers(harness, refuse)
    assert destroy_leftovers(harness, lambda _: None) == left.split()


def test_only_names_that_the_kit_makes_are_destroyed(harness: type[Harness]) -> None:
    with start_child(harness, "dies") as child:
        child.communicate(timeout=60)
    (ledger,) = ledger_directory().iterdir()
    (first, *_) = lines = ledger.read_text().splitlines()
    odd = first.replace("kit_", "public_")
    ledger.write_text("\n".join([odd, *lines, odd.replace(" ", " ../"), ""]))
    assert destroy_leftovers(harness, lambda _: None) == [first.split()[1]]


def test_a_directory_that_others_can_write_to_is_refused() -> None:
    ledger_directory().chmod(0o777)
    with pytest.raises(PermissionError, match="others can write to"):
        ledger_directory()


class CountingHarness(Harness):
    def __init__(self) -> None:
        self.destroyed: list[str] = []

    def open(self, namespace: str) -> Backend:
        raise NotImplementedError

    def destroy(self, namespace: str) -> None:
        self.destroyed.append(namespace)


def test_a_namespace_is_new_every_time_and_destroyed_through_the_harness() -> None:
    harness = CountingHarness()
    namespaces = Namespaces(harness)
    names = [namespaces.create() for _ in range(100)]
    assert len(set(names)) == 100
    for name in names:
        namespaces.destroy(name)
    assert harness.destroyed == names


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_writes_to_a_ledger_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_namespaces, "_open_ledger", cache(_namespaces._open_ledger.__wrapped__))
    Namespaces(CountingHarness()).create()
    (ledger,) = ledger_directory().iterdir()
    before = ledger.read_text()
    pid = os.fork()
    if pid == 0:
        Namespaces(CountingHarness()).create()
        os._exit(0)
    os.waitpid(pid, 0)
    assert ledger.read_text() == before
    assert len(list(ledger_directory().iterdir())) == 2


def test_a_user_id_needs_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("getpass.getuser", fail)
    monkeypatch.setattr("pwd.getpwuid", fail)
    assert ledger_directory().name.endswith(f"-{os.getuid()}")
