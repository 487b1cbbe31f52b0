"""The write-ahead log stays small, and shrinks again."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from lazyjobs import InsertParams
from lazyjobs_sqlite import SQLiteBackend

MIB = 2**20
BATCH = [InsertParams(kind="large", payload=b'"%s"' % (b"x" * 20_000))] * 100


def size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size


def test_a_long_reader_lets_the_log_grow_only_for_as_long_as_it_reads(
    path: Path, open_it: Callable[..., SQLiteBackend]
) -> None:
    backend = open_it(durability="normal")
    backend.insert_many(BATCH)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM lazyjobs_records").fetchone()
        for _ in range(45):
            backend.insert_many(BATCH)
        assert size(path) > 80 * MIB
        reader.execute("COMMIT")
    for _ in range(3):
        backend.insert_many(BATCH)
    assert size(path) <= 64 * MIB


def test_without_one_it_stays_as_it_is(path: Path, open_it: Callable[..., SQLiteBackend]) -> None:
    backend = open_it(durability="normal")
    for _ in range(45):
        backend.insert_many(BATCH)
    assert size(path) < 40 * MIB


def test_closing_leaves_one_file(path: Path, open_it: Callable[..., SQLiteBackend]) -> None:
    backend = open_it()
    backend.insert_many(BATCH)
    backend.close()
    assert [each.name for each in path.parent.iterdir() if each.is_file()] == [path.name]
