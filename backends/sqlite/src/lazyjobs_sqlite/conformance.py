"""How the conformance kit tries this backend; needs the extra `conformance`.

The storage has no server to restart, so that hook is the only one that is not offered.
"""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from sqlite_utils import Database

from lazyjobs import InsertParams, Record
from lazyjobs_sqlite import SQLiteBackend
from lazyjobs_sqlite._records import read_record
from lazyjobs_sqlite._schema import STEPS, make_migrations, set_name
from lazyjobs_sqlite._settings import Durability
from lazyjobs_sqlite._tables import COLUMNS
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.harness import private_directory

_PREFIX = SQLiteBackend.default_prefix
_DAY = 86_400_000_000
_OLD_TIME = 1_700_000_000_000_000

Moment = Literal["before", "after"]


class SQLiteHarness(Harness):
    """Every namespace is a file in a directory of its own, below the directory for temporary files."""

    traits = Traits(durable=True, multi_process=True, max_payload=SQLiteBackend.max_payload)
    durability: ClassVar[Durability] = Durability.FULL

    def open(self, namespace: str) -> SQLiteBackend:
        return SQLiteBackend(
            _make_home(namespace),
            durability=self.durability,
            clock=_clock(namespace).read,
            connection_class=_switch(namespace).connection_class,
        )

    def url_of(self, namespace: str) -> str:
        return f"sqlite:///{quote(str(_make_home(namespace)))}?durability={self.durability}"

    def destroy(self, namespace: str) -> None:
        shutil.rmtree(_path(namespace).parent, ignore_errors=True)

    def faults(self, namespace: str) -> "Switch":
        return _switch(namespace)

    def set_clock(self, namespace: str, offset: timedelta) -> None:
        _clock(namespace).offset = offset

    def old_schema(self, namespace: str) -> Sequence[Record]:
        """The first layout, with a record in every state."""
        second_step = list(STEPS)[1]
        with closing(sqlite3.connect(_make_home(namespace))) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            make_migrations(_PREFIX).apply(Database(connection), stop_before=second_step)
            with connection:
                connection.executemany(
                    f"INSERT INTO {_PREFIX}_records ({', '.join(_OLD_COLUMNS)}) "
                    f"VALUES ({', '.join('?' * len(_OLD_COLUMNS))})",
                    _OLD_ROWS,
                )
        return [_read_old_record(row) for row in _OLD_ROWS]

    def newer_schema(self, namespace: str) -> Callable[[], bytes]:
        """Today's layout with one more column and one more step."""
        path = _make_home(namespace)
        backend = SQLiteBackend(path)
        backend.insert(InsertParams(kind="kept"))
        backend.close()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"ALTER TABLE {_PREFIX}_records ADD COLUMN priority INTEGER")
            connection.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, 'priorities', '2100')",
                (set_name(_PREFIX),),
            )
        return path.read_bytes


class SQLiteNormalHarness(SQLiteHarness):
    """The same without waiting for the disk."""

    name = "sqlite-normal"
    durability = Durability.NORMAL


class Switch:
    """Makes statements on one namespace fail: those of every connection of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._moment: Moment = "before"
        self._skip = 0
        self._left = 0
        self._failed = 0
        self.connection_class: type[sqlite3.Connection] = self._make_class()

    def arm(self, moment: Moment, count: int = 1, skip: int = 0) -> None:
        with self._lock:
            self._moment, self._left, self._skip, self._failed = moment, count, skip, 0

    def clear(self) -> int:
        with self._lock:
            self._left = 0
            return self._failed

    def _is_hit(self) -> bool:
        if not self._left:
            return False
        with self._lock:
            if self._skip:
                self._skip -= 1
                return False
            if hit := self._left > 0:
                self._left -= 1
                self._failed += 1
            return hit

    def _run(self, statement: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        hit = self._is_hit()
        if hit and self._moment == "before":
            raise _broken()
        cursor = statement()
        if hit:
            cursor.close()
            raise _broken()
        return cursor

    def _make_class(self) -> type[sqlite3.Connection]:
        run = self._run

        class FailingConnection(sqlite3.Connection):
            def execute(self, *arguments: Any) -> sqlite3.Cursor:
                plain = super().execute
                return run(lambda: plain(*arguments))

            def executemany(self, *arguments: Any) -> sqlite3.Cursor:
                plain = super().executemany
                return run(lambda: plain(*arguments))

        return FailingConnection


def _broken() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    error.sqlite_errorname = "SQLITE_IOERR"
    return error


class _ShiftedClock:
    offset = timedelta(0)

    def read(self) -> datetime:
        return datetime.now(UTC) + self.offset


_switch = cache(lambda namespace: Switch())  # noqa: ARG005 (one for each)
_clock = cache(lambda namespace: _ShiftedClock())  # noqa: ARG005 (one for each)


def _path(namespace: str) -> Path:
    return private_directory("lazyjobs-sqlite-conformance") / namespace / "jobs.db"


def _make_home(namespace: str) -> Path:
    path = _path(namespace)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return path


def _old_row(id: int, state: str, attempt: int, lease: int | None = None, error: str = "") -> tuple[object, ...]:
    updated_at = _OLD_TIME + attempt * 1_000_003
    payload = b'{"n": 1e2, "text": "\xc3\xa9"}'
    return (id, "kind", f"queue{id % 2}", payload, state, attempt, 5, _OLD_TIME, _OLD_TIME, updated_at, lease, error)


def _read_old_record(row: tuple[object, ...]) -> Record:
    added = {"abandoned": 0, "claimed_by": "", "taken_from": None, "spared": 0}
    values = added | dict(zip(_OLD_COLUMNS, row, strict=True))
    return read_record([values[name] for name in COLUMNS])


_OLD_COLUMNS = (
    "id", "kind", "queue", "payload", "state", "attempt", "max_attempts", "run_at", "created_at", "updated_at",
    "lease_expires_at", "last_error",
)  # fmt: skip
_OLD_ROWS = [
    _old_row(1, "succeeded", 1),
    _old_row(2, "discarded", 3, error="gave up"),
    _old_row(4, "pending", 0),
    _old_row(5, "running", 2, lease=_OLD_TIME + _DAY, error="first"),
    _old_row(7, "retrying", 1, error="timed out"),
    _old_row(8, "pending", 0),
]
