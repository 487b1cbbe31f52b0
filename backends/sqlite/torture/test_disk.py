"""The disk itself: it fails, kills and remembers as told, and the model of a power cut knows what is durable."""

import errno
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from torture.disk import Disk, Event, Kind, Loss, Platter, read_log

_WRITE = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
for letter in b"abc":
    os.pwrite(file, bytes([letter]) * 1024, (letter - 97) * 1024)
    if letter != ord("c"):
        os.fsync(file)
"""


@pytest.fixture
def place(disk: Disk, tmp_path: Path) -> Path:
    """A directory on the disk."""
    place = tmp_path / "place"
    place.mkdir()
    disk.watch(place)
    return place


def _run(code: str, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True)


def test_calls_are_counted_by_kind(disk: Disk, place: Path) -> None:
    with disk.counting([Kind.WRITE, Kind.SYNC]):
        assert _run(_WRITE, place / "file").returncode == 0
    assert disk.calls == ["write file", "sync file", "write file", "sync file", "write file"]


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_the_chosen_call_fails_and_the_next_does_not(error: int, disk: Disk, place: Path) -> None:
    code = _WRITE.replace("os.fsync(file)", "print(letter)").replace(
        "    os.pwrite", "    if letter != ord('b'): os.pwrite"
    )
    with disk.failing(error, [Kind.WRITE], first=1, count=1):
        ran = _run(code, place / "file")
    assert os.strerror(error) in ran.stderr
    with disk.failing(error, [Kind.WRITE], first=2, count=1):
        assert _run(code, place / "file").returncode == 0
    assert disk.acted == 0


def test_a_process_is_killed_before_the_chosen_call(disk: Disk, place: Path) -> None:
    with disk.killing([Kind.WRITE], first=1):
        assert _run(_WRITE, place / "file").returncode == -signal.SIGKILL
    assert (place / "file").read_bytes() == b"a" * 1024


def test_a_process_is_killed_in_the_middle_of_a_write(disk: Disk, place: Path) -> None:
    with disk.killing([Kind.WRITE], first=1, torn=True):
        assert _run(_WRITE, place / "file").returncode == -signal.SIGKILL
    assert (place / "file").read_bytes() == b"a" * 1024 + b"b" * 512


def test_other_directories_are_not_concerned(disk: Disk, place: Path, tmp_path: Path) -> None:
    with disk.failing(errno.EIO, list(Kind)):
        assert _run(_WRITE, tmp_path / "file").returncode == 0
    assert disk.acted == 0


@pytest.fixture
def platter(disk: Disk, place: Path, log: Path) -> Platter:
    """What was written above, the directory synced before the last write."""
    with disk.remembering(log):
        assert _run(_WRITE.replace("    os.pwrite", _SYNC_DIRECTORY), place / "file").returncode == 0
    platter = Platter(place)
    for entry in read_log(log):
        platter.add(entry)
    return platter


_SYNC_DIRECTORY = """
    if letter == ord("c"):
        os.fsync(os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY))
    os.pwrite"""


def test_what_was_synced_is_left_whatever_is_lost(platter: Platter, choices: random.Random) -> None:
    for loss in Loss:
        assert platter.cut(loss, choices)["file"].startswith(b"a" * 1024 + b"b" * 1024)


def test_what_was_not_synced_may_be_lost_by_the_sector(platter: Platter, choices: random.Random) -> None:
    assert len(platter.cut(Loss.ALL, choices)["file"]) == 2048
    assert platter.cut(Loss.NONE, choices)["file"].endswith(b"c" * 1024)
    tails = {platter.cut(Loss.ANY, choices)["file"][2048:] for _ in range(100)}
    assert tails == {b"", b"c" * 512, bytes(512) + b"c" * 512, b"c" * 1024}


def test_a_name_is_durable_when_its_directory_was_synced(disk: Disk, place: Path, log: Path) -> None:
    with disk.remembering(log):
        assert _run(_WRITE, place / "file").returncode == 0
    platter = Platter(place)
    for entry in read_log(log):
        platter.add(entry)
    assert "file" not in platter.cut(Loss.ALL, random.Random(1))
    assert "file" in platter.cut(Loss.NONE, random.Random(1))


def test_a_sync_covers_what_was_written_before_it_began(disk: Disk, place: Path, log: Path) -> None:
    with disk.remembering(log):
        assert _run(_WRITE, place / "file").returncode == 0
    entries = read_log(log)
    begun = next(number for number, entry in enumerate(entries) if entry.event is Event.SYNC_BEGUN)
    late = next(entry for entry in reversed(entries) if entry.event is Event.WRITTEN)
    platter = Platter(place)
    for entry in (*entries[: begun + 1], late, entries[begun + 1]):
        platter.add(entry)
    assert platter.unsynced == 2, "the late write and the name"


def test_a_disk_that_lies_remembers_no_sync(disk: Disk, place: Path, log: Path) -> None:
    with disk.remembering(log), disk.lying():
        assert _run(_WRITE, place / "file").returncode == 0
    assert Event.SYNC_ENDED not in {entry.event for entry in read_log(log)}
