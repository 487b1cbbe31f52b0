"""A file, backends on it, and short words for what nearly every test does."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from lazyjobs import BackendUnavailableError, ClaimParams, InsertParams, Record
from lazyjobs_sqlite import SQLiteBackend


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture(params=["full", "normal"])
def durability(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_it(path: Path) -> Iterator[Callable[..., SQLiteBackend]]:
    """Opens the file, with the options given; closed at the end."""
    with ExitStack() as stack:

        def open_it(**options: Any) -> SQLiteBackend:
            return stack.enter_context(closing(SQLiteBackend(path, **options)))

        yield open_it


@pytest.fixture
def backend(open_it: Callable[..., SQLiteBackend], durability: str) -> SQLiteBackend:
    return open_it(durability=durability)


@pytest.fixture
def insert(backend: SQLiteBackend) -> Callable[..., Record]:
    """Inserts a record with the fields given."""

    def insert(**fields: Any) -> Record:
        return backend.insert(InsertParams(kind="greet", **fields))

    return insert


@pytest.fixture
def claim(backend: SQLiteBackend) -> Callable[..., Record]:
    """Claims the next record, of which there must be one."""

    def claim(**fields: Any) -> Record:
        record = backend.claim(ClaimParams(**fields))
        assert record is not None
        return record

    return claim


@pytest.fixture
def refusal() -> Callable[[Callable[[], object]], str]:
    """What a call says that finds the storage unavailable."""

    def refusal(call: Callable[[], object]) -> str:
        with pytest.raises(BackendUnavailableError) as raised:
            call()
        return str(raised.value)

    return refusal


@pytest.fixture
def watching() -> Callable[[Callable[[sqlite3.Connection, str], object]], type[sqlite3.Connection]]:
    """Makes a class of connections that call a function ahead of each statement."""

    def watching(before: Callable[[sqlite3.Connection, str], object]) -> type[sqlite3.Connection]:
        class Watched(sqlite3.Connection):
            def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
                before(self, sql)
                return super().execute(sql, *arguments)

        return Watched

    return watching


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], None]:
    """Returns as soon as the condition holds; fails the test if that takes unreasonably long."""

    def wait_until(condition: Callable[[], object]) -> None:
        deadline = monotonic() + 20
        while not condition():
            assert monotonic() < deadline
            sleep(0.002)

    return wait_until


@pytest.fixture
def spoil(path: Path) -> Callable[..., None]:
    """Changes a row as no table would allow it, and so that its schema is the same again."""

    def spoil(change: str, id: int = 1) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            (schema,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'lazyjobs_records'").fetchone()
            loose = schema.replace(") STRICT", ")").replace(" NOT NULL", "").replace(" INTEGER,", " ANY,")
            connection.execute("PRAGMA writable_schema = ON")
            _rewrite(connection, loose.replace("attempt INTEGER", "attempt ANY").replace(" TEXT", " ANY"))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"UPDATE lazyjobs_records SET {change} WHERE id = ?", (id,))
            connection.execute("PRAGMA writable_schema = ON")
            _rewrite(connection, schema)

    return spoil


def _rewrite(connection: sqlite3.Connection, schema: str) -> None:
    (version,) = connection.execute("PRAGMA schema_version").fetchone()
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'lazyjobs_records'", (schema,))
    connection.execute(f"PRAGMA schema_version = {version + 1}")
