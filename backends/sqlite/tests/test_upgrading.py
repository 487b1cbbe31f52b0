"""Files that an older version wrote: their records are kept, and whoever has them open meanwhile goes on."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from lazyjobs import BackendError, InsertParams, Record, State
from lazyjobs_sqlite import SQLiteBackend
from lazyjobs_sqlite._schema import STEPS, make_migrations

COLUMNS = (
    "id, kind, queue, payload, state, attempt, max_attempts, run_at, created_at, updated_at, lease_expires_at, "
    "last_error"
)
ROWS = [
    (3, "a", "x", b"{}", "succeeded", 1, 5, 10, 10, 20, None, ""),
    (4, "a", "x", b'{"n":1}', "running", 2, 5, 10, 10, 30, 2**50, "first"),
    (6, "b", "y", b"[]", "pending", 0, 5, 40, 11, 11, None, ""),
    (7, "b", "x", b"[]", "retrying", 1, 5, 40, 11, 31, None, "again"),
    (9, "a", "y", b"[]", "discarded", 3, 5, 40, 12, 32, None, "no"),
]
VALUES = f"VALUES ({', '.join('?' * 12)})"


@pytest.fixture
def old(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of the version before, to a file of its own, with a record in every state; 9 was pruned, and 12."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        make_migrations("lazyjobs").apply(Database(connection), stop_before=list(STEPS)[2])
        connection.executemany(f"INSERT INTO lazyjobs_records ({COLUMNS}) {VALUES}", ROWS)
        connection.execute(f"INSERT INTO lazyjobs_records ({COLUMNS}) {VALUES}", (12, *ROWS[0][1:]))
        connection.execute("DELETE FROM lazyjobs_records WHERE id = 12")
        yield connection


def test_every_record_is_kept_and_ids_go_on(old: sqlite3.Connection, open_it: Callable[..., SQLiteBackend]) -> None:
    backend = open_it()
    records = {record.id: record for record in backend.list()}
    assert {id: (record.state, record.attempt) for id, record in records.items()} == {
        row[0]: (row[4], row[5]) for row in ROWS
    }
    assert {(record.abandoned, record.claimed_by, record.taken_from, record.spared) for record in records.values()} == {
        (0, "", None, 0)
    }
    assert records[4].payload == b'{"n":1}'
    assert records[4].last_error == "first"
    assert backend.stats().by_queue == {"x": 3, "y": 2}
    assert backend.insert(InsertParams(kind="greet")).id == 13


def test_who_has_it_open_meanwhile_goes_on(old: sqlite3.Connection, open_it: Callable[..., SQLiteBackend]) -> None:
    old.execute("SELECT * FROM lazyjobs_records").fetchall()
    backend = open_it()
    old.execute(f"INSERT INTO lazyjobs_records ({COLUMNS}) {VALUES}", (13, *ROWS[2][1:]))
    old.execute("UPDATE lazyjobs_records SET state = 'succeeded', lease_expires_at = NULL WHERE id = 4 AND attempt = 2")
    assert {record.id: record.state for record in backend.list()}[4] is State.SUCCEEDED
    assert backend.stats().total == 6
    assert backend.insert(InsertParams(kind="greet")).id == 14


def test_a_trigger_that_was_gone_before_leaves_no_id_to_come_twice(
    old: sqlite3.Connection, open_it: Callable[..., SQLiteBackend], insert: Callable[..., Record]
) -> None:
    old.execute("DROP TRIGGER lazyjobs_deleted")
    old.execute(f"INSERT INTO lazyjobs_records ({COLUMNS}) {VALUES}", (50, *ROWS[0][1:]))
    old.execute("DELETE FROM lazyjobs_records WHERE id = 50")
    assert open_it().insert(InsertParams(kind="greet")).id > 50


def test_views_indexes_and_triggers_of_others_survive(
    old: sqlite3.Connection, open_it: Callable[..., SQLiteBackend]
) -> None:
    old.execute("CREATE VIEW mine AS SELECT id FROM lazyjobs_records")
    old.execute("CREATE INDEX mine_too ON lazyjobs_records (kind)")
    open_it()
    assert old.execute("SELECT count(*) FROM mine").fetchall() == [(5,)]
    assert old.execute("SELECT tbl_name FROM sqlite_master WHERE name = 'mine_too'").fetchall() == [
        ("lazyjobs_records",)
    ]


def test_a_table_that_stands_in_the_way_is_told_and_nothing_changes(old: sqlite3.Connection, path: Path) -> None:
    old.execute("CREATE TABLE lazyjobs_damaged (mine)")
    before = old.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    with pytest.raises(BackendError, match="its tables are not as lazyjobs made them"):
        SQLiteBackend(path)
    assert old.execute("SELECT type, name, sql FROM sqlite_master").fetchall() == before
