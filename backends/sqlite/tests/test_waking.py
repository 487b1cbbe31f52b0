import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import process_time

import pytest

from lazyjobs import Record, WaitParams
from lazyjobs_sqlite import SQLiteBackend

LONG = timedelta(seconds=20)
WAITER = (
    "import sys; from datetime import timedelta; from lazyjobs import WaitParams; from lazyjobs_sqlite import *;"
    "backend = SQLiteBackend(sys.argv[1]); print('ready', flush=True);"
    "[print(backend.wait(WaitParams(timeout=timedelta(seconds=20))), flush=True) for _ in sys.stdin]; backend.close()"
)


@pytest.fixture
def ears(path: Path) -> Callable[[], list[str]]:
    """The names of the pipes that are there."""
    return lambda: [each.name for each in Path(f"{path}-lazyjobs").iterdir() if each.is_fifo()]


def start_waiter(path: Path) -> "subprocess.Popen[str]":
    waiter = subprocess.Popen(
        [sys.executable, "-c", WAITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert waiter.stdout is not None
    assert waiter.stdin is not None
    assert waiter.stdout.readline() == "ready\n"
    waiter.stdin.write("wait\n")
    waiter.stdin.flush()
    return waiter


def test_an_insert_wakes_a_waiter_in_another_process(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path, ears: Callable[[], list[str]],
    wait_until: Callable[..., None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with start_waiter(path) as waiter:
        wait_until(ears)
        insert()
        assert waiter.communicate()[0] == "True\n"
    assert ears() == []


def test_the_pipe_of_a_killed_waiter_is_removed_by_the_next_who_rings(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path, ears: Callable[[], list[str]],
    wait_until: Callable[..., None],
) -> None:  # fmt: skip
    board = Path(f"{path}-lazyjobs", "board")
    with start_waiter(path) as waiter:
        wait_until(lambda: ears() and any(board.read_bytes()))  # it has made its pipe, and said that it listens
        waiter.send_signal(signal.SIGKILL)
        waiter.communicate()
    assert len(ears()) == 1
    insert()
    assert ears() == []


def test_other_queues_ring_other_bells(
    backend: SQLiteBackend,
    insert: Callable[..., Record],
    ears: Callable[[], list[str]],
    wait_until: Callable[..., None],
) -> None:
    answers: list[bool] = []
    waiter = Thread(
        target=lambda: answers.append(backend.wait(WaitParams(queues=("mine",), timeout=LONG))), daemon=True
    )
    waiter.start()
    wait_until(ears)
    insert(queue="other")
    insert(queue="mine")
    waiter.join(20)
    assert answers == [True]


def test_where_no_pipe_can_be_made_waiting_still_ends(
    backend: SQLiteBackend, insert: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "not here")

    monkeypatch.setattr(os, "mkfifo", refuse)
    answers: list[bool] = []
    waiter = Thread(target=lambda: answers.append(backend.wait(WaitParams(timeout=LONG))), daemon=True)
    waiter.start()
    waiter.join(0.05)
    insert()
    waiter.join(20)
    assert answers == [True]


def test_waiting_costs_next_to_nothing(backend: SQLiteBackend) -> None:
    backend.wait(WaitParams(timeout=timedelta(0)))
    began = process_time()
    assert not backend.wait(WaitParams(timeout=timedelta(seconds=1)))
    assert process_time() - began < 0.2
