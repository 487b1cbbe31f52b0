"""The model disk: what a sync costs on it, and how many SQLite makes."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.json import decode

from benchmarks.sqlite import _disk
from benchmarks.sqlite._disk import MODEL_1MS, MODEL_200US, REAL, Disk, NoCompilerError, check_model

PROBE = """
import ctypes, json, os, sqlite3, sys, time
count = ctypes.CDLL(None).model_disk_syncs
count.restype = ctypes.c_long
descriptor = os.open("file", os.O_CREAT | os.O_RDWR)
taken = []
for sync in [os.fsync, os.fdatasync] * 50:
    begun = time.perf_counter_ns()
    sync(descriptor)
    taken.append(time.perf_counter_ns() - begun)
syncs = {}
for synchronous in ("FULL", "NORMAL"):
    connection = sqlite3.connect(f"{synchronous}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("CREATE TABLE numbers (number INTEGER)")
    before = count()
    for number in range(100):
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
    syncs[synchronous] = count() - before
print(json.dumps({"taken": sorted(taken), "syncs": syncs}))
"""


class Probed(Struct):
    """What the probe saw."""

    taken: list[int]
    syncs: dict[str, int]


def probe(disk: Disk, tmp_path: Path) -> Probed:
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=disk.environment(),
        timeout=60,
    )
    return decode(done.stdout, type=Probed)


@pytest.mark.parametrize("disk", [MODEL_1MS, MODEL_200US], ids=["1ms", "200us"])
def test_every_sync_takes_the_set_time_and_hardly_more(disk: Disk, tmp_path: Path) -> None:
    assert disk.nanoseconds is not None
    taken = probe(disk, tmp_path).taken
    assert disk.nanoseconds <= taken[0]
    assert taken[len(taken) // 10] < disk.nanoseconds + 100_000  # the quickest tenth, since the machine may be busy


def test_sqlite_syncs_once_a_commit_at_full_and_never_at_normal(tmp_path: Path) -> None:
    assert probe(MODEL_200US, tmp_path).syncs == {"FULL": 100, "NORMAL": 0}


def test_the_real_disk_needs_no_library() -> None:
    assert REAL.environment() == {}


def test_without_a_compiler_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_disk, "BUILT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCompilerError, match="apt-get install gcc"):
        MODEL_1MS.environment()


def test_a_library_that_cannot_be_preloaded_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    check_model()
    monkeypatch.setattr(_disk, "BUILT", tmp_path / "two words")
    with pytest.raises(RuntimeError, match="could not be preloaded"):
        check_model()
