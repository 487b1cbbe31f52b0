"""Damaged SQLite files: whatever stands in one, the backend answers, or raises its own errors."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from lazyjobs import (
    BackendError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
)
from lazyjobs_sqlite import SQLiteBackend
from tests.fuzz.mutation import mutate
from tests.fuzz.targets.target import Target
from tests.support.calls import FAR_FUTURE

_TABLE = "lazyjobs_records"
_VALUES: tuple[object, ...] = (
    2**62,
    -(2**63),
    2**63 - 1,
    0,
    -1,
    1.5,
    float("inf"),
    "",
    "no number",
    "\ud800".encode(errors="surrogatepass"),
    b"\xff\xfe",
    b"",
    None,
    "x" * 100_000,
)

Damage = Callable[[Path], None]


@contextmanager
def target(directory: Path) -> Iterator[Target]:
    """A file with a record in every state, damaged, and then used."""
    whole = directory / "whole.db"
    _fill(whole)
    content = whole.read_bytes()
    with closing(sqlite3.connect(whole)) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({_TABLE})")]
    file = directory / "damaged.db"

    def make(chance: random.Random) -> Damage:
        return _change_values(chance, columns) if chance.random() < 0.6 else _change_bytes(chance, content)

    def give(damage: Damage) -> None:
        _remove(file)
        shutil.copy(whole, file)
        damage(file)
        with suppress(BackendError):
            _use(file)

    yield Target(make, give)


def _fill(file: Path) -> None:
    backend = SQLiteBackend(file)
    for number in range(6):
        backend.insert(InsertParams(kind=f"kind{number % 2}", queue="default", payload=b'{"n": %d}' % number))
    for _ in range(2):
        backend.claim(ClaimParams())
    backend.complete(CompleteParams(id=1, attempt=1))
    backend.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Values:
    """Values of records, as somebody may have written them behind the backend's back."""

    def __init__(self, changes: list[tuple[str, object, int]]) -> None:
        self._changes = changes

    def __repr__(self) -> str:
        return f"values {self._changes}"

    def __call__(self, file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            for column, value, id in self._changes:
                with suppress(sqlite3.Error), connection:
                    connection.execute(f"UPDATE {_TABLE} SET {column} = ? WHERE id = ?", (value, id))


def _change_values(chance: random.Random, columns: list[str]) -> Damage:
    return _Values(
        [(chance.choice(columns), chance.choice(_VALUES), chance.randint(1, 6)) for _ in range(chance.randint(1, 3))]
    )


class _Bytes:
    """Bytes of the file, as a failing disk may have them."""

    def __init__(self, content: bytes, named: str) -> None:
        self._content = content
        self._named = named

    def __repr__(self) -> str:
        return f"{self._named}, {len(self._content)} bytes"

    def __call__(self, file: Path) -> None:
        file.write_bytes(self._content)


def _change_bytes(chance: random.Random, content: bytes) -> Damage:
    if chance.random() < 0.5:
        return _Bytes(mutate(chance, [content]), "mutated")
    changed = bytearray(content)
    for _ in range(chance.randint(1, 30)):
        changed[chance.randrange(100, len(changed))] = chance.randrange(256)
    return _Bytes(bytes(changed), "some bytes changed")


def _use(file: Path) -> None:
    backend = SQLiteBackend(file)
    try:
        for call in _calls(backend):
            with suppress(BackendError, ClaimLostError):
                call()
    finally:
        backend.close()


def _calls(backend: SQLiteBackend) -> Iterator[Callable[[], object]]:
    yield lambda: backend.list(ListOptions(limit=None))
    yield backend.stats
    yield lambda: backend.insert(InsertParams(kind="new"))
    for _ in range(3):
        yield lambda: _claim_and_complete(backend)
    yield lambda: backend.claim(ClaimParams(now=FAR_FUTURE, lease=timedelta(seconds=1)))
    yield lambda: backend.prune(PruneParams(finished_before=FAR_FUTURE))


def _claim_and_complete(backend: SQLiteBackend) -> None:
    record = backend.claim(ClaimParams())
    if record is not None:
        assert isinstance(record, Record)
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))


def _remove(file: Path) -> None:
    for path in file.parent.glob(f"{file.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
