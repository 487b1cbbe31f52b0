import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from time import monotonic, sleep

import pytest

from lazyjobs import ClaimParams, InsertParams, WaitParams
from lazyjobs_memory import MemoryBackend

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def use_in_child(backend: MemoryBackend) -> int:
    """The child's exit code: 0 if it could use its copy; a deadlock ends it within ten seconds."""
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        alone = backend._monitor._waiters == []
        used = backend.insert(InsertParams(kind="greet")).id == backend.stats().total
        os._exit(0 if alone and used and backend.claim(ClaimParams()) else 1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def test_a_child_can_use_its_copy_although_another_thread_was_inside_at_the_fork() -> None:
    inside, armed = Event(), Event()

    def clock() -> datetime:
        if armed.is_set():
            inside.set()
            Event().wait(timeout=0.3)
        return datetime.now(UTC)

    backend = MemoryBackend(clock=clock)
    backend.insert(InsertParams(kind="greet"))
    armed.set()
    with ThreadPoolExecutor(1) as pool:
        inserting = pool.submit(backend.insert, InsertParams(kind="greet"))
        assert inside.wait(timeout=5)
        assert use_in_child(backend) == 0
        assert inserting.result(timeout=5).id == 2


def test_those_who_wait_in_the_parent_do_not_wait_in_the_child() -> None:
    backend = MemoryBackend()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(backend.wait, WaitParams(timeout=timedelta(seconds=20)))
        deadline = monotonic() + 5
        while not backend._monitor._waiters:
            assert monotonic() < deadline
            sleep(0.001)
        code = use_in_child(backend)
        backend.insert(InsertParams(kind="greet"))
        assert waiting.result(timeout=5)
    assert code == 0


def test_what_the_child_does_stays_in_the_child() -> None:
    backend, other = MemoryBackend(), MemoryBackend()
    record = backend.insert(InsertParams(kind="greet"))
    assert use_in_child(backend) == 0
    assert backend.list() == [record]
    assert use_in_child(other) == 0
    assert other.insert(InsertParams(kind="greet")).id == 1
