"""Damaged rows that a worker meets: it gets past any number of them, and none holds it up for ever."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from lazyjobs import (
    BackendError,
    BackendUnavailableError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    Record,
    RetryParams,
    State,
)
from lazyjobs_sqlite import SQLiteBackend

HIGHEST = 2**63 - 1


def set_aside(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [id for (id,) in connection.execute("SELECT id FROM lazyjobs_damaged ORDER BY id")]


@pytest.mark.parametrize("queues", [("default",), ("other", "default")], ids=["one queue", "two queues"])
def test_many_damaged_rows_are_set_aside_by_the_first_claim_that_meets_one(
    backend: SQLiteBackend, path: Path, queues: tuple[str, ...]
) -> None:
    backend.insert_many([InsertParams(kind="greet")] * 1001)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE lazyjobs_records SET attempt = -1 WHERE id <= 1000 AND id <> 500")
    with pytest.raises(BackendUnavailableError, match=r"record 1: attempt is -1.* and 994 more.*set aside"):
        backend.claim(ClaimParams(queues=queues))
    assert [record.id for record in backend.claim_many(ClaimParams(queues=queues), 5)] == [500, 1001]
    assert set_aside(path) == [id for id in range(1, 1001) if id != 500]


def test_running_rows_among_them_too(backend: SQLiteBackend, path: Path, insert: Callable[..., Record]) -> None:
    insert()
    insert()
    at_once = ClaimParams(lease=timedelta(microseconds=1))
    assert len(backend.claim_many(at_once, 2)) == 2
    insert()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE lazyjobs_records SET abandoned = -1 WHERE state = 'running'")
    with pytest.raises(BackendError, match="abandoned is -1"):
        backend.claim_many(ClaimParams(), 2)
    assert [record.id for record in backend.claim_many(ClaimParams(), 3)] == [3]
    assert set_aside(path) == [1, 2]


@pytest.mark.parametrize("column", ["attempt", "abandoned", "spared"])
def test_a_number_that_cannot_be_raised_is_damage(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None], column: str
) -> None:
    insert()
    insert()
    backend.claim(ClaimParams(lease=timedelta(microseconds=1)))
    spoil(f"{column} = {HIGHEST}")
    for _ in range(2):
        try:
            claimed = backend.claim(ClaimParams())
        except BackendError as error:
            assert f"record 1: {column} is {HIGHEST}" in str(error)  # noqa: PT017 (the order is that of due times)
        else:
            assert claimed is not None
            assert claimed.id == 2
    assert {record.id: record.state for record in backend.list()} == {1: State.DISCARDED, 2: State.RUNNING}


def complete(backend: SQLiteBackend) -> None:
    backend.complete(CompleteParams(id=1, attempt=1))


def retry(backend: SQLiteBackend) -> None:
    backend.retry(RetryParams(id=1, attempt=1, last_error="no", spare=True))


def discard(backend: SQLiteBackend) -> None:
    backend.discard(DiscardParams(id=1, attempt=1, last_error="no"))


def extend(backend: SQLiteBackend) -> None:
    backend.extend(ExtendParams(id=1, attempt=1, lease=timedelta(minutes=1)))


def finish_and_claim(backend: SQLiteBackend) -> None:
    backend.finish_and_claim(CompleteParams(id=1, attempt=1), ClaimParams())


@pytest.mark.parametrize("change", ["payload = 5", "claimed_by = x'00'", "created_at = 'x'"])
@pytest.mark.parametrize("verb", [complete, retry, discard, extend, finish_and_claim])
def test_an_outcome_of_a_row_that_takes_none_is_not_tried_for_ever(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None], path: Path, change: str,
    verb: Callable[[SQLiteBackend], None],
) -> None:  # fmt: skip
    insert()
    backend.claim(ClaimParams())
    spoil(change)
    with pytest.raises(BackendUnavailableError, match=f"record 1: {change.split()[0]} is of type"):
        verb(backend)
    assert set_aside(path) == [1]
    with nullcontext() if verb is discard else pytest.raises(ClaimLostError):
        verb(backend)


def test_a_text_in_the_place_of_an_attempt_is_a_lost_claim(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None]
) -> None:
    insert()
    backend.claim(ClaimParams())
    spoil("attempt = CAST(x'ff' AS TEXT)")
    for verb in (complete, retry, extend):
        with pytest.raises(ClaimLostError, match="found: running, attempt -1"):
            verb(backend)


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_an_id_that_none_can_follow_is_taken_out_by_the_insert_that_meets_it(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path, many: bool
) -> None:
    insert()
    insert()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE lazyjobs_records SET id = {HIGHEST} WHERE id = 2")
    params = InsertParams(kind="greet")
    with pytest.raises(BackendUnavailableError, match=f"record {HIGHEST}: id is {HIGHEST}, which is out of range"):
        backend.insert_many([params]) if many else backend.insert(params)
    assert backend.insert(params).id > 1
    assert set_aside(path) == [HIGHEST]


def test_who_keeps_the_error_sees_what_comes_after_it(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None]
) -> None:
    for _ in range(3):
        insert()
    spoil("run_at = -5")
    with pytest.raises(BackendError) as kept:
        backend.list()
    assert {record.id: record.state for record in backend.list()}[1] is State.DISCARDED
    insert()
    assert backend.stats().total == len(backend.list()) == 4
    assert "record 1: run_at is -5" in str(kept.value)


def test_workers_that_meet_it_together_set_it_aside_once(
    path: Path, open_it: Callable[..., SQLiteBackend], insert: Callable[..., Record], spoil: Callable[..., None]
) -> None:
    insert()
    insert()
    spoil("attempt = -1")
    backends, at_once, told = [open_it() for _ in range(4)], Barrier(4), []

    def claim(backend: SQLiteBackend) -> None:
        at_once.wait(20)
        try:
            backend.claim(ClaimParams())
        except BackendError as error:
            told.append(error)

    threads = [Thread(target=claim, args=(backend,)) for backend in backends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert told
    assert set_aside(path) == [1]
