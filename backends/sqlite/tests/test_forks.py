import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from lazyjobs import ClaimParams, CompleteParams, InsertParams, Record
from lazyjobs_sqlite import SQLiteBackend

pytestmark = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")


def in_child(action: Callable[[], object]) -> int:
    """Runs the action in a forked child; its exit code, which is 0 if nothing was raised."""
    child = os.fork()
    if not child:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_parent_and_child_go_on_with_the_same_instance(
    backend: SQLiteBackend, insert: Callable[..., Record], claim: Callable[..., Record], path: Path
) -> None:
    insert()
    before = backend.list()

    def use() -> None:
        assert backend.list() == before
        record = claim()
        backend.complete(CompleteParams(id=record.id, attempt=1))
        insert()
        backend.close()

    assert in_child(use) == 0
    assert insert().id == 3
    assert claim().id == 2
    assert backend.stats().total == 3


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system does not tell what a process has open")
def test_nothing_of_it_is_open_in_the_child(backend: SQLiteBackend, insert: Callable[..., Record], path: Path) -> None:
    insert()
    backend.list()
    reading, writing = os.pipe()

    def tell() -> None:
        os.write(writing, "\n".join(_opened(path)).encode())

    assert in_child(tell) == 0
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == ""


def _opened(path: Path) -> Iterator[str]:
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if (target := str(descriptor.readlink())).startswith(str(path)):
                yield target


def test_a_fork_amid_the_work_of_threads_harms_neither_side(
    backend: SQLiteBackend, insert: Callable[..., Record]
) -> None:
    def use() -> None:
        for _ in range(5):
            insert(queue="child")
        backend.claim(ClaimParams(queues=("child",)))

    with working(backend) as done:
        for _ in range(10):
            assert in_child(use) == 0
    assert backend.stats().by_queue == {"child": 50, "parent": done[0]}


@contextmanager
def working(backend: SQLiteBackend) -> Iterator[list[int]]:
    """Two threads insert until the end; how often, in the end."""
    stop, done = Event(), [0]

    def insert(counts: list[int]) -> None:
        while not stop.is_set():
            backend.insert(InsertParams(kind="greet", queue="parent"))
            counts[0] += 1

    counts = [[0], [0]]
    threads = [Thread(target=insert, args=(each,), daemon=True) for each in counts]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
        done[0] = counts[0][0] + counts[1][0]
