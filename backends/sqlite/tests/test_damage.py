"""Rows that something else has changed: each is named, set aside, and in nobody's way."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from lazyjobs import (
    BackendError,
    BackendUnavailableError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ListOptions,
    Record,
    State,
    WaitParams,
)
from lazyjobs_sqlite import SQLiteBackend

CLAIMED: dict[str, str] = {
    "attempt = 9223372036854775807": "attempt is 9223372036854775807, which is out of range",
    "attempt = -1": "attempt is -1, which is out of range",
    "max_attempts = x'00'": "max_attempts is of type blob, not integer",
    "created_at = 4611686018427387904": "created_at is 4611686018427387904, which is out of range",
    "updated_at = 9223372036854775807": "updated_at is 9223372036854775807, which is out of range",
    "run_at = -9223372036854775808": "run_at is -9223372036854775808, which is out of range",
    "kind = CAST(x'ff' AS TEXT)": "kind is no UTF-8",
    "kind = NULL": "kind is of type null, not text",
    "kind = 5": "kind is of type integer, not text",
    "last_error = CAST(x'c328' AS TEXT)": "last_error is no UTF-8",
    "last_error = x'00'": "last_error is of type blob, not text",
    "payload = 'text'": "payload is of type text, not blob",
    "payload = NULL": "payload is of type null, not blob",
    "abandoned = -3": "abandoned is -3, which is out of range",
    "spared = 'x'": "spared is of type text, not integer",
    "claimed_by = CAST(x'80' AS TEXT)": "claimed_by is no UTF-8",
    "lease_expires_at = 5": "state is 'pending' with a lease",
}
"""What is done to a record that is due, and what is said of it."""
LISTED: dict[str, str] = {
    "run_at = 4611686018427387904": "run_at is 4611686018427387904, which is out of range",
    "queue = CAST(x'ff' AS TEXT)": "queue is no UTF-8",
    "state = 'succeeded', updated_at = 4611686018427387904": "updated_at is 4611686018427387904",
    "state = 'running', lease_expires_at = 4611686018427387904": "lease_expires_at is 4611686018427387904",
    "state = 'running', lease_expires_at = 1.5": "lease_expires_at is of type real, not integer",
}
"""The same of one that no claim would find."""
OPENED: dict[str, str] = {
    "state = 'weird'": "state is 'weird', which is none",
    "state = CAST(x'ff' AS TEXT)": "state is no UTF-8",
    "state = 'running'": "state is 'running' without a lease",
    "state = 'succeeded', lease_expires_at = 5": "state is 'succeeded' with a lease",
}
"""And of one that is in no state, so that neither finds it."""
ALL = CLAIMED | LISTED


def _set_aside(path: Path) -> Sequence[tuple[int, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT id, reason FROM lazyjobs_damaged").fetchall()


@pytest.mark.parametrize(("change", "said"), CLAIMED.items(), ids=CLAIMED)
@pytest.mark.parametrize("queues", [("default",), ("default", "other")], ids=["one queue", "two queues"])
def test_a_row_that_cannot_be_claimed_is_told_and_what_stands_behind_it_runs(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None], path: Path, change: str,
    said: str, queues: tuple[str, ...],
) -> None:  # fmt: skip
    insert()
    behind = insert()
    spoil(change)
    if "-9223372036854775808" in change:
        behind = insert()
    with pytest.raises(BackendError, match=f"{path}: .*record 1: {said}.*set aside") as told:
        backend.claim(ClaimParams(queues=queues))
    assert "try again" in str(told.value)
    claimed = backend.claim(ClaimParams(queues=queues))
    assert claimed is not None
    assert claimed.id in (2, behind.id)
    assert _set_aside(path) == [(1, said)]


@pytest.mark.parametrize(("change", "said"), ALL.items(), ids=ALL)
def test_a_row_that_cannot_be_read_is_told_once_and_then_listed_as_discarded(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None], path: Path, change: str,
    said: str,
) -> None:  # fmt: skip
    insert()
    insert()
    spoil(change)
    with pytest.raises(BackendError, match=f"{path}: .*record 1: {said}"):
        backend.list()
    records = {record.id: record for record in backend.list()}
    assert records[1].state is State.DISCARDED
    assert said in records[1].last_error
    assert records[2].state is State.PENDING
    stats = backend.stats()
    assert stats.by_state == {State.PENDING: 1, State.DISCARDED: 1}
    assert stats.total == sum(stats.by_kind.values()) == sum(stats.by_queue.values()) == 2
    with pytest.raises(ClaimLostError):
        backend.complete(CompleteParams(id=1, attempt=1))


@pytest.mark.parametrize(("change", "said"), OPENED.items(), ids=OPENED)
def test_a_row_in_no_state_is_set_aside_on_opening(
    path: Path, open_it: Callable[..., SQLiteBackend], spoil: Callable[..., None], change: str, said: str,
    caplog: pytest.LogCaptureFixture, insert: Callable[..., Record],
) -> None:  # fmt: skip
    insert()
    spoil(change)
    (record,) = open_it().list()
    assert record.state is State.DISCARDED
    assert said in record.last_error
    assert f"record 1 of lazyjobs_records is damaged ({said}) and was set aside" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("change", ["kind = NULL", "kind = 5", "attempt = NULL", "kind = CAST(x'ff' AS TEXT)"])
def test_a_file_with_damaged_rows_opens_when_its_counts_are_gone(
    path: Path, open_it: Callable[..., SQLiteBackend], spoil: Callable[..., None], change: str,
    caplog: pytest.LogCaptureFixture, insert: Callable[..., Record],
) -> None:  # fmt: skip
    insert()
    insert()
    spoil(change)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE lazyjobs_counts")
    backend = open_it()
    with suppress(BackendError):  # what the tables took is told when it is read, and what they did not was set aside
        backend.list()
    assert {record.id: record.state for record in backend.list()} == {1: State.DISCARDED, 2: State.PENDING}
    assert backend.stats().by_state == {State.DISCARDED: 1, State.PENDING: 1}
    caplog.clear()


@pytest.mark.parametrize("id", [9223372036854775807, 4611686018427387905, 0, -7])
def test_a_row_whose_id_none_can_have_is_taken_out_on_opening(
    path: Path, open_it: Callable[..., SQLiteBackend], spoil: Callable[..., None], id: int,
    caplog: pytest.LogCaptureFixture, insert: Callable[..., Record],
) -> None:  # fmt: skip
    for _ in range(2):
        insert()
    spoil(f"id = {id}")
    backend = open_it()
    assert [record.id for record in backend.list()] == [2]
    assert insert().id == 3
    assert _set_aside(path) == [(id, f"id is {id}, which is out of range")]
    caplog.clear()


@pytest.mark.parametrize("change", ["kind = CAST(x'ff' AS TEXT)", "queue = CAST(x'ff' AS TEXT)"])
def test_counts_with_a_name_that_cannot_be_read_are_told_once(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None], path: Path, change: str
) -> None:
    insert()
    insert()
    spoil(change)
    with pytest.raises(BackendError, match=f"{path}: .*record 1: {change.split()[0]} is no UTF-8"):
        backend.stats()
    assert backend.stats().by_state == {State.PENDING: 1, State.DISCARDED: 1}


@pytest.mark.parametrize("change", ["total = -4", "retrying = 9"])
def test_counts_that_cannot_be_are_told_and_counted_anew(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path, change: str
) -> None:
    insert()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE lazyjobs_counts SET {change}")
    with pytest.raises(BackendError, match=f"{path}: .*counted anew; try again"):
        backend.stats()
    assert backend.stats().total == 1


def test_many_are_claimed_up_to_one_that_cannot_be_read(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None]
) -> None:
    for _ in range(4):
        insert()
    spoil("attempt = 9223372036854775807", 3)
    assert [record.id for record in backend.claim_many(ClaimParams(), 4)] == [1, 2]
    with pytest.raises(BackendError, match="record 3: attempt is"):
        backend.claim_many(ClaimParams(), 4)
    assert [record.id for record in backend.claim_many(ClaimParams(), 4)] == [4]


def test_a_finish_is_done_though_the_next_claim_cannot_be(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None], claim: Callable[..., Record]
) -> None:
    insert()
    insert()
    record = claim()
    spoil("kind = CAST(x'ff' AS TEXT)", 2)
    assert backend.finish_and_claim(CompleteParams(id=record.id, attempt=1), ClaimParams()) is None
    assert backend.wait(WaitParams(timeout=timedelta(0)))
    with pytest.raises(BackendError, match="record 2: kind is no UTF-8"):
        backend.claim(ClaimParams())
    assert {record.id: record.state for record in backend.list()} == {1: State.SUCCEEDED, 2: State.DISCARDED}


def test_a_state_that_cannot_be_read_is_a_lost_claim(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None], claim: Callable[..., Record]
) -> None:
    insert()
    claim()
    spoil("state = CAST(x'ff' AS TEXT)")
    for finish in (CompleteParams(id=1, attempt=1), DiscardParams(id=1, attempt=1)):
        with pytest.raises(ClaimLostError, match="found: damaged, attempt 1"):
            backend.complete(finish) if isinstance(finish, CompleteParams) else backend.discard(finish)


def test_a_row_that_cannot_be_read_may_be_one_of_those_that_nobody_asked_for(
    backend: SQLiteBackend, insert: Callable[..., Record], spoil: Callable[..., None]
) -> None:
    insert()
    insert()
    spoil("run_at = 4611686018427387904")
    assert [record.id for record in backend.list(ListOptions(limit=1))] == [2]


def test_who_may_not_write_is_told_of_the_row_all_the_same(
    path: Path, open_it: Callable[..., SQLiteBackend], spoil: Callable[..., None], durability: str,
    watching: Callable[..., type[sqlite3.Connection]], insert: Callable[..., Record],
) -> None:  # fmt: skip
    def refuse_writing(connection: sqlite3.Connection, _: str) -> None:
        sqlite3.Connection.execute(connection, "PRAGMA query_only = 1")

    insert()
    spoil("attempt = -1")
    reader = open_it(durability=durability, connection_class=watching(refuse_writing))
    for _ in range(2):
        with pytest.raises(BackendError, match=r"record 1: .*not set aside, since .*cannot be written"):
            reader.list()


def test_a_page_of_the_file_that_is_overwritten_is_told_by_the_files_name(
    path: Path, insert: Callable[..., Record], backend: SQLiteBackend
) -> None:
    for _ in range(200):
        insert()
    backend.close()
    size = path.stat().st_size
    for start in range(0, size, 2048):
        content = bytearray(path.read_bytes())
        content[start + (100 if start == 0 else 0) : start + 2048] = b"\xa5" * (1948 if start == 0 else 2048)
        other = path.with_name(f"damaged{start}.db")
        other.write_bytes(content)
        for call in (SQLiteBackend.list, SQLiteBackend.stats, lambda backend: backend.claim(ClaimParams())):
            try:
                with closing(SQLiteBackend(other)) as damaged:
                    call(damaged)
            except BackendError as error:
                assert str(other) in str(error)  # noqa: PT017 (some pages hold nothing of what is asked for)


def test_a_schema_whose_text_is_no_utf8_is_told_by_the_files_name(
    path: Path, insert: Callable[..., Record], backend: SQLiteBackend
) -> None:
    insert()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        broken = b"CREATE \xc3 ("
        connection.execute("UPDATE sqlite_master SET sql = CAST(? AS TEXT) WHERE name = 'lazyjobs_counts'", (broken,))
        connection.execute(f"PRAGMA schema_version = {version + 1}")
    for ask in (backend.stats, insert, lambda: SQLiteBackend(path)):
        with pytest.raises(BackendError, match=f"{path}: it is damaged") as refused:
            ask()
        assert not isinstance(refused.value, BackendUnavailableError)
