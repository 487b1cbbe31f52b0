"""What may befall a file: removed, replaced, made read-only, opened by many at once, taken along in a fork.

Each time the error says which file, what was acknowledged is there, and work goes on when the cause is gone.
"""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from lazyjobs import InsertParams, ListOptions
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import ChildProcess, Site, open_at_once
from lazyjobs_testkit.harness import child_environment
from lazyjobs_testkit.suite._kills import assert_allowed
from torture.checking import asking, assert_named, check_all, check_life, try_to_open
from torture.conftest import OpenSite, Tell
from torture.disk import Disk, Kind
from torture.harness import FullHarness, file_of

_INSERT = m.Insert(InsertParams(kind="kit.crash"))
_TO_CHANGE = (Kind.OPEN, Kind.WRITE, Kind.TRUNCATE, Kind.UNLINK, Kind.RENAME)


@pytest.fixture
def site(open_site: OpenSite) -> Site:
    return open_site(FullHarness, new=True)


@pytest.fixture
def child(site: Site) -> Iterator[ChildProcess]:
    """A process that has the file open and has inserted a record."""
    with site.fork() as child:
        child.open(site.namespace)
        site.note(child.ask(_INSERT))
        yield child


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES])
def test_a_file_that_became_read_only_says_so_and_goes_on_afterwards(
    error: int, site: Site, child: ChildProcess, disk: Disk
) -> None:
    with disk.failing(error, _TO_CHANGE):
        answer = child.ask(_INSERT).answer
        assert isinstance(answer, m.Unknown)
        assert_named(answer, file_of(site.namespace), "read-only")
    check_all(site, asking(site, child), "it was read-only for a while")
    check_life(site, asking(site, child), "it was read-only for a while")


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("there", [False, True], ids=["a new file", "a file"])
def test_what_cannot_be_opened_for_writing_says_so(there: bool, error: int, site: Site, disk: Disk) -> None:
    with site.fork() as child:
        if there:
            child.open(site.namespace)
            child.close()
        with disk.failing(error, _TO_CHANGE):
            answer = try_to_open(site, child)
            if isinstance(answer, m.Nothing):
                answer = child.ask(_INSERT).answer
        assert isinstance(answer, m.Unknown)
        assert_named(answer, file_of(site.namespace), "read-only")
        child.open(site.namespace)
        check_life(site, asking(site, child), "it could not be written for a while")


def test_a_file_that_was_moved_away_says_so_and_goes_on_when_it_is_back(site: Site, child: ChildProcess) -> None:
    directory = file_of(site.namespace).parent
    away = directory.rename(directory.with_name(f"{directory.name}_away"))
    _assert_refuses(site, child, "moved away")
    away.rename(directory)
    check_all(site, asking(site, child), "moved away and back")
    check_life(site, asking(site, child), "moved away and back")


def test_a_file_that_was_deleted_says_so_and_is_not_made_anew(site: Site, child: ChildProcess) -> None:
    _delete(file_of(site.namespace))
    for _ in range(3):
        _assert_refuses(site, child, "deleted")
    assert not file_of(site.namespace).exists()


def test_what_is_acknowledged_after_a_replacement_is_in_the_new_file(
    open_site: OpenSite, site: Site, child: ChildProcess
) -> None:
    other = open_site(FullHarness)
    with other.fork() as maker:
        maker.open(other.namespace)
        for _ in range(5):
            other.note(maker.ask(_INSERT))
        maker.close()
    old, new = file_of(site.namespace), file_of(other.namespace)
    _delete(old)
    shutil.copy(new, old.with_suffix(".new"))
    old.with_suffix(".new").rename(old)
    answers = [child.ask(_INSERT).answer for _ in range(3)]
    for answer in answers:
        assert_named(answer, old, "replaced")
    ids = {answer.record.id for answer in answers if isinstance(answer, m.One)}
    found = _ids_of(site)
    assert {1, 2, 3, 4, 5} | ids <= found, f"acknowledged {ids}, found {found}"


def test_a_file_that_is_no_database_is_refused_untouched(site: Site) -> None:
    file = file_of(site.namespace)
    for content in (b"no database", b"SQLite format 3\0" + b"but not really" * 500, random.Random(1).randbytes(9000)):
        file.write_bytes(content)
        with site.fork() as child:
            answer = try_to_open(site, child)
        assert isinstance(answer, m.Unknown)
        assert_named(answer, file, "no database")
        assert file.read_bytes() == content


def test_six_processes_open_a_new_file_at_the_same_instant(open_site: OpenSite, long: bool, tell: Tell) -> None:
    rounds = 100 if long else 10
    for _ in range(rounds):
        site = open_site(FullHarness, new=True)
        with ExitStack() as exits:
            children = [exits.enter_context(site.fork()) for _ in range(6)]
            open_at_once(site, children)
            assert_allowed(site.survey(asking(site, children[0])), "six opened a new file")
    tell(new_files=rounds)


def test_the_directory_beside_the_file_may_be_deleted_at_any_time(site: Site, child: ChildProcess) -> None:
    shutil.rmtree(file_of(site.namespace).with_name("jobs.db-lazyjobs"))
    site.note(child.ask(_INSERT))
    with site.fork() as other:
        other.open(site.namespace)
        for _ in range(3):
            site.note(child.ask(_INSERT))
            site.note(other.ask(_INSERT))
    check_all(site, asking(site, child), "the directory beside it was deleted")


_WAIT = """
import sys
from datetime import timedelta
from lazyjobs import WaitParams
from torture.harness import FullHarness

backend = FullHarness().open(sys.argv[1])
print("waiting", flush=True)
while not backend.wait(WaitParams(queues=("awaited",), timeout=timedelta(seconds=20))):
    pass
print("woken", flush=True)
"""


_AWAITED = m.Insert(InsertParams(kind="kit.crash", queue="awaited"))


def test_waiters_that_were_killed_leave_nothing_behind(site: Site, child: ChildProcess) -> None:
    for _ in range(5):
        waiter = _wait(site)
        time.sleep(0.05)
        waiter.kill()
        waiter.communicate()
    waiter = _wait(site)
    site.note(child.ask(_AWAITED))
    assert waiter.stdout is not None
    assert waiter.stdout.read() == "woken\n"
    waiter.communicate()
    site.note(child.ask(_AWAITED))
    left = [each.name for each in file_of(site.namespace).with_name("jobs.db-lazyjobs").iterdir()]
    assert not [name for name in left if "ear" in name], left


def _wait(site: Site) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WAIT, site.namespace]
    waiter = subprocess.Popen(command, env=child_environment(), stdout=subprocess.PIPE, text=True)
    assert waiter.stdout is not None
    assert waiter.stdout.readline() == "waiting\n"
    return waiter


_FORKS = """
import os, sys, threading, time
from lazyjobs import InsertParams, ListOptions
from torture.harness import FullHarness

backend = FullHarness().open(sys.argv[1])
ids, end = [], threading.Event()

def insert():
    while not end.is_set():
        ids.append(backend.insert(InsertParams(kind="parent")).id)

threads = [threading.Thread(target=insert) for _ in range(4)]
for thread in threads:
    thread.start()
read, write = os.pipe()
children = []
for number in range(int(sys.argv[2])):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            for _ in range(3):
                os.write(write, b"%d\\n" % backend.insert(InsertParams(kind="child")).id)
            if number % 2:
                backend.close()
            code = 0
        finally:
            os._exit(code)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
end.set()
for thread in threads:
    thread.join()
os.close(write)
with os.fdopen(read) as told:
    ids += [int(line) for line in told]
found = {record.id for record in backend.list(ListOptions(limit=None))}
print(f"{codes} {len(ids) - len(set(ids))} twice, {len(set(ids) - found)} lost, {len(found - set(ids))} invented")
"""


def test_a_fork_amid_the_work_of_four_threads_loses_nothing(site: Site, long: bool) -> None:
    forks = 100 if long else 10
    command = [sys.executable, "-c", _FORKS, site.namespace, str(forks)]
    program = subprocess.Popen(
        command,
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        told, errors = program.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.communicate()
    assert told == f"{[0] * forks} 0 twice, 0 lost, 0 invented\n", errors


def _assert_refuses(site: Site, child: ChildProcess, what: str) -> None:
    for request in (_INSERT, m.CountRecords()):
        answer = child.ask(request).answer
        assert isinstance(answer, m.Unknown), f"{what}: {request.method} answered {answer}"
        assert_named(answer, file_of(site.namespace), what)


def _delete(file: Path) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        if each.is_file():
            each.unlink()


def _ids_of(site: Site) -> set[int]:
    with site.reopened() as ask:
        answer = ask(m.ListRecords(ListOptions(limit=None)))
        assert isinstance(answer, m.Many)
        return {record.id for record in answer.records}
