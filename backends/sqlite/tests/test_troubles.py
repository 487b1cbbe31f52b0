"""What may befall the file: each is told by its name, nothing is lost, and work goes on afterwards."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Timer

import pytest

from lazyjobs import BackendError, ClaimParams, InsertParams, Record
from lazyjobs_sqlite import SQLiteBackend

CALLS: dict[str, Callable[[SQLiteBackend], object]] = {
    "insert": lambda backend: backend.insert(InsertParams(kind="greet")),
    "claim": lambda backend: backend.claim(ClaimParams()),
    "list": lambda backend: backend.list(),
    "stats": lambda backend: backend.stats(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_file_that_was_moved_away_is_missed_until_it_is_back(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path, call: Callable[..., object],
    refusal: Callable[..., str],
) -> None:  # fmt: skip
    insert()
    path.rename(path.with_name("elsewhere"))
    assert f"{path}: the file was moved or deleted while it was open; put it back" in refusal(lambda: call(backend))
    assert not path.exists()
    path.with_name("elsewhere").rename(path)
    insert()
    call(backend)
    assert backend.stats().total >= 2


def test_a_deleted_file_is_not_made_anew_behind_its_back(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path, refusal: Callable[..., str]
) -> None:
    insert()
    path.unlink()
    refusal(insert)
    assert not path.exists()
    with closing(SQLiteBackend(path)) as anew:
        insert()
        assert [record.id for record in anew.list()] == [1]


def test_another_file_in_its_place_is_used_from_then_on(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path, tmp_path: Path
) -> None:
    insert()
    other = tmp_path / "other.db"
    with closing(SQLiteBackend(other)) as writer:
        for _ in range(5):
            writer.insert(InsertParams(kind="restored"))
    other.replace(path)
    assert insert().id == 6
    backend.close()
    with closing(SQLiteBackend(path)) as again:
        assert again.stats().by_kind == {"restored": 5, "greet": 1}


def test_another_file_that_is_no_database_is_refused(backend: SQLiteBackend, path: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text" * 1000)
    (tmp_path / "text").replace(path)
    with pytest.raises(BackendError, match="it is not an SQLite database"):
        backend.stats()
    assert path.read_text() == "text" * 1000


def test_a_full_disk_stores_nothing_and_work_goes_on_when_there_is_space(
    path: Path, open_it: Callable[..., SQLiteBackend], durability: str, refusal: Callable[..., str],
    watching: Callable[..., type[sqlite3.Connection]],
) -> None:  # fmt: skip
    full = False

    def limit_pages(connection: sqlite3.Connection, statement: str) -> None:
        if statement.lstrip().startswith(("BEGIN", "INSERT")):
            pages = 1 if full else 2**30
            sqlite3.Connection.execute(connection, f"PRAGMA max_page_count = {pages}")

    backend = open_it(durability=durability, connection_class=watching(limit_pages))
    large = InsertParams(kind="large", payload=b'"%s"' % (b"x" * 100_000))
    backend.insert(large)
    full = True
    assert f"{path}: the disk is full; nothing of this was stored" in refusal(lambda: backend.insert(large))
    assert backend.stats().total == 1
    full = False
    assert backend.insert(large).id == 2


def test_a_file_that_cannot_be_written_is_told_as_such(
    path: Path, open_it: Callable[..., SQLiteBackend], durability: str, refusal: Callable[..., str],
    watching: Callable[..., type[sqlite3.Connection]],
) -> None:  # fmt: skip
    locked = False

    def refuse_writing(connection: sqlite3.Connection, _: str) -> None:
        sqlite3.Connection.execute(connection, f"PRAGMA query_only = {int(locked)}")

    backend = open_it(durability=durability, connection_class=watching(refuse_writing))

    def insert() -> Record:
        return backend.insert(InsertParams(kind="greet"))

    insert()
    locked = True
    assert f"{path}: it cannot be written; make the file and its directory writable" in refusal(insert)
    assert backend.stats().total == 1
    locked = False
    assert insert().id == 2


def test_a_lock_held_longer_than_the_timeout_is_told_and_a_shorter_one_is_waited_for(
    path: Path, open_it: Callable[..., SQLiteBackend], durability: str, refusal: Callable[..., str],
) -> None:  # fmt: skip
    backend = open_it(durability=durability, busy_timeout=timedelta(milliseconds=50))
    patient = open_it(durability=durability)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = refusal(lambda: backend.insert(InsertParams(kind="greet")))
        assert f"{path}: another program has held the write lock for longer than the busy timeout of 0.05 s" in said
        assert backend.stats().total == 0
        Timer(0.1, lambda: other.execute("COMMIT")).start()
        assert patient.insert(InsertParams(kind="greet")).id == 1


def test_another_file_that_a_newer_version_wrote_is_refused_every_time(
    backend: SQLiteBackend, insert: Callable[..., Record], path: Path, tmp_path: Path
) -> None:
    insert()
    newer = tmp_path / "newer.db"
    SQLiteBackend(newer).close()
    with closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('lazyjobs:lazyjobs', 'later')")
    newer.replace(path)
    before = path.read_bytes()
    for _ in range(3):
        for call in CALLS.values():
            with pytest.raises(BackendError, match="a newer version of lazyjobs-sqlite has changed this file"):
                call(backend)
    assert path.read_bytes() == before
