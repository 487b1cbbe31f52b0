"""Whose the files are: who made them, who may write, and what somebody else has put there."""

import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from lazyjobs import BackendError, ClaimParams, InsertParams, WaitParams
from lazyjobs_sqlite import SQLiteBackend
from lazyjobs_sqlite._errors import translate

ADA, BOB, EVE = 62001, 62002, 62003
TEAM = 62100
AS_USER = """
import os, sys
from datetime import timedelta
import sqlite_utils
import lazyjobs_sqlite._setup
from lazyjobs import InsertParams, WaitParams
from lazyjobs_sqlite import SQLiteBackend

path, uid, *groups = sys.argv[1], *map(int, sys.argv[2:])
os.setgroups(groups)
os.setresgid(*[uid] * 3)
os.setresuid(*[uid] * 3)
os.umask(0o077)

def insert(**options):
    backend = SQLiteBackend(path, **options)
    backend.insert(InsertParams(kind="greet"))
    backend.wait(WaitParams(timeout=timedelta(0)))
    backend.close()

"""
INSERT = "insert()"
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="takes the part of several users, for which root is needed; nothing of it applies here"
)
needs_a_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may do what is forbidden here")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that every user can reach and write; where tests have their temporary files only this user can."""
    directory = Path(tempfile.mkdtemp(dir="/var/tmp"))
    directory.chmod(0o1777)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def run_as(shared: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a program as one of the users, with an own umask that lets in nobody else."""

    def run_as(uid: int, program: str, groups: Sequence[int] = ()) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", AS_USER + program, str(shared / "jobs.db"), str(uid), *map(str, groups)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run_as


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def _beside(path: Path) -> Path:
    return Path(f"{path}-lazyjobs")


def test_a_new_file_and_its_log_are_for_the_owner_alone(path: Path, open_it: Callable[..., SQLiteBackend]) -> None:
    previous = os.umask(0)
    try:
        open_it().insert(InsertParams(kind="greet"))
    finally:
        os.umask(previous)
    modes = {each.name: _mode(each) for each in path.parent.iterdir()}
    assert modes == {"jobs.db": 0o600, "jobs.db-wal": 0o600, "jobs.db-shm": 0o600, "jobs.db-lazyjobs": 0o700}
    assert {_mode(each) for each in _beside(path).iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("mode", "directory", "files"),
    [(0o660, 0o770, 0o660), (0o644, 0o700, 0o600), (0o666, 0o777, 0o666)],
)
def test_a_new_file_has_the_mode_that_was_asked_for_and_what_is_beside_it_lets_in_who_may_write(
    path: Path, open_it: Callable[..., SQLiteBackend], mode: int, directory: int, files: int
) -> None:  # fmt: skip
    previous = os.umask(0o077)
    try:
        open_it(mode=mode).insert(InsertParams(kind="greet"))
    finally:
        os.umask(previous)
    assert {_mode(path), _mode(Path(f"{path}-wal")), _mode(Path(f"{path}-shm"))} == {mode}
    assert _mode(_beside(path)) == directory
    assert {_mode(each) for each in _beside(path).iterdir()} == {files}


def test_a_mode_that_was_changed_later_is_followed(path: Path) -> None:
    SQLiteBackend(path).close()
    path.chmod(0o660)
    with closing(SQLiteBackend(path)) as backend:
        backend.insert(InsertParams(kind="greet"))
    assert _mode(_beside(path)) == 0o770
    assert _mode(_beside(path) / "lock") == 0o660


def test_reading_makes_nothing(path: Path) -> None:
    SQLiteBackend(path).close()
    shutil.rmtree(_beside(path))
    with closing(SQLiteBackend(path)) as backend:
        backend.list()
        assert backend.stats().total == 0
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["gate", "lock", "board"])
@pytest.mark.parametrize("plant", ["link", "hard link", "pipe", "socket", "directory"])
def test_nothing_beside_the_file_is_opened_but_what_lazyjobs_made(path: Path, name: str, plant: str) -> None:
    with closing(SQLiteBackend(path)) as backend:
        backend.insert(InsertParams(kind="greet"))
    victim = path.with_name("victim")
    victim.write_bytes(b"precious" * 100)
    target = _beside(path) / name
    _plant(target, plant, victim)
    with pytest.raises(BackendError, match=f"{target}: not used, since .* then delete the directory"):
        SQLiteBackend(path)
    assert victim.read_bytes() == b"precious" * 100


def _plant(target: Path, plant: str, victim: Path) -> None:
    target.unlink(missing_ok=True)
    match plant:
        case "link":
            target.symlink_to(victim)
        case "hard link":
            target.hardlink_to(victim)
        case "pipe":
            os.mkfifo(target)
        case "socket":
            with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as bound:
                bound.bind(f"{short}/s")
                Path(f"{short}/s").rename(target)
        case "directory":
            target.mkdir()


@pytest.mark.parametrize("name", ["gate", "lock", "board"])
def test_what_is_put_there_while_the_file_is_open_is_not_followed(
    path: Path, durability: str, open_it: Callable[..., SQLiteBackend], name: str
) -> None:
    backend = open_it(durability=durability)
    victim = path.with_name("victim")
    victim.write_bytes(b"precious" * 100)
    _beside(path).mkdir(exist_ok=True)
    _plant(_beside(path) / name, "link", victim)
    try:
        backend.insert(InsertParams(kind="greet"))
    except BackendError as error:
        assert f"{name}: not used" in str(error)  # noqa: PT017 (who takes no turns has no use for the lock)
    assert backend.wait(WaitParams()) is (backend.stats().total == 1)
    assert victim.read_bytes() == b"precious" * 100


def test_a_link_that_looks_like_a_waiter_is_not_written_to(path: Path, open_it: Callable[..., SQLiteBackend]) -> None:
    backend = open_it()
    backend.wait(WaitParams(timeout=WaitParams().timeout / 100))
    victim = path.with_name("victim")
    victim.write_bytes(b"precious")
    (_beside(path) / "ear-1").symlink_to(victim)
    (_beside(path) / "board").write_bytes(b"\1" * 256)
    backend.insert(InsertParams(kind="greet"))
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("plant", ["link", "pipe", "socket"])
def test_a_directory_beside_the_file_that_is_none_is_refused(path: Path, plant: str) -> None:
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    _plant(_beside(path), plant, elsewhere)
    with pytest.raises(BackendError, match=f"{_beside(path)}: not used, since it is a link, or no directory"):
        SQLiteBackend(path)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("plant", ["pipe", "socket"])
def test_what_is_no_file_is_refused_and_not_waited_for(path: Path, suffix: str, plant: str) -> None:
    if suffix:
        SQLiteBackend(path).close()
    target = path.with_name(f"{path.name}{suffix}")
    _plant(target, plant, path)
    with pytest.raises(BackendError, match=f"{target} is a {plant}, and no file that SQLite can use"):
        SQLiteBackend(path)


def test_a_device_is_refused() -> None:
    with pytest.raises(BackendError, match="/dev/zero is a device, and no file that SQLite can use"):
        SQLiteBackend("/dev/zero")


def test_a_pipe_in_the_place_of_an_open_file_is_refused(
    path: Path, open_it: Callable[..., SQLiteBackend], durability: str
) -> None:
    backend = open_it(durability=durability)
    path.unlink()
    os.mkfifo(path)
    for call in (backend.list, backend.stats, lambda: backend.claim(ClaimParams())):
        with pytest.raises(BackendError, match="is a pipe"):
            call()


def test_a_pipe_that_came_after_the_file_was_looked_at_is_told_as_one(path: Path) -> None:
    os.mkfifo(path)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
    assert str(translate(error, path)).startswith(f"{path} is a pipe, and no file that SQLite can use")


@pytest.mark.parametrize("name", [b"caf\xe9.db", b"\xff\xfe", b"a b%20?#.db", b"'\"[x].db"])
def test_a_file_may_have_any_name(path: Path, name: bytes) -> None:
    file = os.fsdecode(bytes(path.parent) + b"/" + name)
    with closing(SQLiteBackend(file)) as backend:
        assert backend.insert(InsertParams(kind="greet")).id == 1
    assert name in os.listdir(bytes(path.parent))  # noqa: PTH208 (as bytes)
    with closing(SQLiteBackend(file)) as backend:
        Path(file).unlink()
        with pytest.raises(BackendError) as refused:
            backend.stats()
    assert str(refused.value).encode()


@pytest.mark.parametrize("name", ["x" * 300, "/".join(["x" * 200] * 40)])
def test_a_name_that_is_too_long_is_told(path: Path, name: str) -> None:
    with pytest.raises(BackendError, match=r"the system refuses: .*File name too long"):
        SQLiteBackend(path.parent / name)


@needs_a_user
def test_a_file_in_a_directory_of_others_is_told(path: Path) -> None:
    path.parent.chmod(0)
    try:
        with pytest.raises(BackendError, match=r"the system refuses: .*Permission denied"):
            SQLiteBackend(path)
    finally:
        path.parent.chmod(0o700)


@needs_root
def test_users_of_a_group_share_a_file_that_one_of_them_made(
    shared: Path, run_as: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    shared.chmod(0o2770)
    os.chown(shared, ADA, TEAM)
    for uid, program in [(ADA, "insert(mode=0o660)"), (BOB, INSERT), (ADA, INSERT), (BOB, INSERT)]:
        assert run_as(uid, program, [TEAM]).returncode == 0
    made = [_beside(shared / "jobs.db"), *_beside(shared / "jobs.db").iterdir()]
    assert {(each.stat().st_uid, each.stat().st_gid) for each in made} == {(ADA, TEAM)}
    shutil.rmtree(_beside(shared / "jobs.db"))
    for uid in (BOB, ADA, BOB):
        assert run_as(uid, INSERT, [TEAM]).returncode == 0
    assert _beside(shared / "jobs.db").stat().st_uid == ADA
    with closing(SQLiteBackend(shared / "jobs.db")) as backend:
        assert backend.stats().total == 7


@needs_root
def test_root_leaves_nothing_behind_that_locks_the_owner_out(
    shared: Path, run_as: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    file = shared / "jobs.db"
    assert run_as(ADA, INSERT).returncode == 0
    shutil.rmtree(_beside(file))
    with closing(SQLiteBackend(file)) as backend:
        assert backend.stats().total == 1
    assert not _beside(file).exists()
    with closing(SQLiteBackend(file)) as backend:
        backend.insert(InsertParams(kind="greet"))
        assert {each.stat().st_uid for each in shared.iterdir()} == {ADA}
        assert run_as(ADA, INSERT).returncode == 0
    assert {each.stat().st_uid for each in [_beside(file), *_beside(file).iterdir()]} == {ADA}
    assert run_as(ADA, INSERT).returncode == 0


@needs_root
@pytest.mark.parametrize("make", ["os.mkdir(p, 0o777); os.chmod(p, 0o777)", "os.symlink('/', p)", "os.mkfifo(p)"])
def test_a_directory_that_somebody_else_made_first_is_refused(
    shared: Path, run_as: Callable[..., "subprocess.CompletedProcess[str]"], make: str
) -> None:
    assert run_as(EVE, f"p = path + '-lazyjobs'; {make}").returncode == 0
    refused = run_as(ADA, INSERT)
    assert f"BackendError: {shared}/jobs.db-lazyjobs: not used, since it" in refused.stderr
    assert not (shared / "jobs.db").exists()


@needs_root
def test_a_file_that_somebody_else_put_into_the_directory_is_refused(
    shared: Path, run_as: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    assert run_as(ADA, INSERT).returncode == 0
    for name in ("gate", "lock", "board"):
        target = _beside(shared / "jobs.db") / name
        target.unlink(missing_ok=True)
        target.touch()
        os.chown(target, EVE, EVE)
        assert f"{name}: not used, since it belongs to user {EVE}" in run_as(ADA, INSERT).stderr
        target.unlink()


@needs_root
def test_who_may_only_read_the_file_cannot_hold_its_writers_up(
    shared: Path, run_as: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    assert run_as(ADA, "insert(mode=0o644)").returncode == 0
    refused = run_as(EVE, "os.listdir(path + '-lazyjobs')")
    assert "PermissionError" in refused.stderr
    with closing(SQLiteBackend(shared / "jobs.db")) as backend:
        backend.insert(InsertParams(kind="greet"))
        assert run_as(EVE, "SQLiteBackend(path).stats()").returncode == 0


@needs_root
@pytest.mark.parametrize("look", ["stats()", "list()", "insert(InsertParams(kind='greet'))"])
def test_who_may_only_read_the_file_leaves_nothing_that_locks_its_writers_out(
    shared: Path, run_as: Callable[..., "subprocess.CompletedProcess[str]"], look: str
) -> None:
    shared.chmod(0o777)
    assert run_as(ADA, "insert(mode=0o644)").returncode == 0
    refused = run_as(EVE, f"os.umask(0o022); SQLiteBackend(path).{look}")
    assert "BackendUnavailableError" in refused.stderr
    assert "it cannot be written by this user, and nobody who may write it has it open" in refused.stderr
    assert {each.stat().st_uid for each in shared.iterdir()} == {ADA}
    assert run_as(ADA, INSERT).returncode == 0


@needs_root
def test_a_file_that_was_write_protected_for_a_while_goes_on_when_it_is_not(
    shared: Path, run_as: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    assert run_as(ADA, INSERT).returncode == 0
    for name in ("stats()", "insert(InsertParams(kind='greet'))"):
        (shared / "jobs.db").chmod(0o400)
        assert "it cannot be written by this user" in run_as(ADA, f"SQLiteBackend(path).{name}").stderr
        (shared / "jobs.db").chmod(0o600)
        assert run_as(ADA, INSERT).returncode == 0
