"""Rows that cannot be read, since something other than lazyjobs has changed them: found, told, and set aside.

Who is set aside is kept as it was in a table of its own. Its record is discarded, with what is wrong as its error, and
with something readable in the place of what was not: so it is in every list and count, and in nobody's way.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from lazyjobs import BackendUnavailableError, State
from lazyjobs_sqlite import _tables as sql
from lazyjobs_sqlite._clock import to_time
from lazyjobs_sqlite._errors import is_undecodable
from lazyjobs_sqlite._rebuild import HIGHEST_ID, damage_text

HIGHEST_COUNT = 2**63 - 2
"""Of attempts and the like; one more can still be stored."""
_STATES = frozenset(State)
_FINISHED = (State.SUCCEEDED.value.encode(), State.DISCARDED.value.encode())
_TIMES = ("run_at", "created_at", "updated_at", "lease_expires_at")
_COUNTS = ("attempt", "abandoned", "spared")
_NEXT = (
    ("waiting", "state IN ('pending', 'retrying')", "run_at, id"),
    ("leased", "lease_expires_at IS NOT NULL", "lease_expires_at, id"),
)
_LOOKED_AT = 5000
_SHOWN = 80
_TOLD = 5

Row = Mapping[str, tuple[str, Any]]
"""By the name of the column, the type of the value and the value; texts as bytes."""


class UnreadableRowError(Exception):
    """A row cannot be made a record; `id` is 0 if it is not known which."""

    def __init__(self, id: int, reason: str) -> None:
        super().__init__(f"row {id}: {reason}")
        self.id = id
        self.reason = reason


class DamagedRowError(BackendUnavailableError):
    """A record could not be read; it was set aside, so the same call may succeed now."""


@contextmanager
def naming_undecodable(id: int) -> Iterator[None]:
    """Raises `UnreadableRowError` with that id for a text that is no UTF-8."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if not is_undecodable(error):
            raise
        raise UnreadableRowError(id, "a text of it is no UTF-8") from error


def damaged(place: str, table: str, found: Mapping[int, str], done: str = "") -> DamagedRowError:
    """The error that names the file and the records."""
    some = "; ".join(f"record {id}: {reason}" for id, reason in [*found.items()][:_TOLD])
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    done = done or f"set aside: discarded now, and kept as it was in {table}_damaged"
    what = f"cannot be read in {table}_records ({some}{more}); {done}" if found else "counted anew"
    return DamagedRowError(f"{place}: another program has changed it: {what}; try again")


def set_aside(
    connection: sqlite3.Connection, prefix: str, ids: Collection[int], now: int, why: str = ""
) -> Mapping[int, str]:
    """Sets those of the records aside that are damaged, and says why; within a transaction.

    `why` is said of the others that have not finished; without it they stay as they are.
    """
    return {id: reason for id in ids if (reason := _set_one_aside(connection, prefix, id, now, why))}


def find_damaged(connection: sqlite3.Connection, prefix: str) -> Collection[int]:
    """The ids of all damaged rows; reads every row, but no payload."""
    return _find(connection, f"SELECT {_PAIRS} FROM {prefix}_records")


def find_damaged_due(connection: sqlite3.Connection, prefix: str, queues: Sequence[str]) -> Collection[int]:
    """The same of those that are to be claimed next: some thousands, be they due or not."""
    found: set[int] = set()
    most = -(-_LOOKED_AT // len(queues))
    for queue in queues:
        for index, condition, order in _NEXT:
            next_ones = f"SELECT id FROM {prefix}_records INDEXED BY {prefix}_{index} WHERE queue = ? AND {condition}"
            query = f"SELECT {_PAIRS} FROM {prefix}_records WHERE id IN ({next_ones} ORDER BY {order} LIMIT ?)"
            found.update(_find(connection, query, (queue, most)))
    return found


def find_impossible(connection: sqlite3.Connection, prefix: str) -> Collection[int]:
    """The ids that are so high that none can follow."""
    return [id for (id,) in connection.execute(f"SELECT id FROM {prefix}_records WHERE id > {HIGHEST_ID}").fetchall()]


def _find(connection: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> Collection[int]:
    with _texts_as_bytes(connection):
        rows = connection.execute(query, values).fetchall()
    return [row["id"][1] for row in map(_pair, rows) if _find_fault(row)]


def _set_one_aside(connection: sqlite3.Connection, prefix: str, id: int, now: int, why: str) -> str | None:
    table = f"{prefix}_records"
    with _texts_as_bytes(connection):
        values = connection.execute(f"SELECT {_PAIRS} FROM {table} WHERE id = ?", (id,)).fetchone()
    if values is None:
        return None
    row = _pair(values)
    reason = _find_fault(row) or ("" if row["state"][1] in _FINISHED else why)
    if not reason:
        return None
    names = ", ".join(sql.COLUMNS)
    connection.execute(
        f"INSERT INTO {prefix}_damaged (found_at, reason, {names}) SELECT ?, ?, {names} FROM {table} WHERE id = ?",
        (now, reason, id),
    )
    if 1 <= id <= HIGHEST_ID:
        repaired = _repair(row, now, reason)
        setters = ", ".join(f"{name} = ?" for name in repaired)
        payload = "CASE typeof(payload) WHEN 'blob' THEN payload ELSE CAST(coalesce(payload, '{}') AS BLOB) END"
        connection.execute(f"UPDATE {table} SET {setters}, payload = {payload} WHERE id = ?", (*repaired.values(), id))
    else:
        (last,) = connection.execute(f"SELECT last_deleted FROM {prefix}_ids").fetchone()
        connection.execute(f"DELETE FROM {table} WHERE id = ?", (id,))
        connection.execute(f"UPDATE {prefix}_ids SET last_deleted = ?", (last,))
    return reason


def _find_fault(row: Row) -> str | None:
    """What is wrong with a row, or None."""
    for name, (kind, value) in row.items():
        if fault := _find_fault_of(name, kind, value):
            return f"{name} {fault}"
    state, until = row["state"][1].decode(), row["lease_expires_at"][1]
    if state not in _STATES:
        return f"state is {state[:_SHOWN]!r}, which is none"
    if (until is not None) != (state == State.RUNNING):
        return f"state is {state!r} {'without' if until is None else 'with'} a lease"
    return None


def _find_fault_of(name: str, kind: str, value: Any) -> str | None:
    if kind not in _KINDS[name]:
        return f"is of type {kind}, not {_KINDS[name][0]}"
    if kind == "text" and not _is_text(value):
        return "is no UTF-8"
    if kind == "integer" and not _is_sound(name, value):
        return f"is {value}, which is out of range"
    return None


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_sound(name: str, value: int) -> bool:
    if name == "id":
        return 1 <= value <= HIGHEST_ID
    if name in _COUNTS:
        return 0 <= value <= HIGHEST_COUNT
    if name in _TIMES:
        try:
            return value >= 0 and bool(to_time(value))
        except (ValueError, OverflowError, OSError):
            return False
    return value >= 0


def _repair(row: Row, now: int, reason: str) -> dict[str, Any]:
    """Values for the columns of a row but its id and payload, each what it was if that can be read."""
    stand_ins = {"kind": "damaged", "queue": "damaged", "claimed_by": "", "taken_from": None, "max_attempts": 1}
    repaired: dict[str, Any] = {}
    for name, (kind, value) in row.items():
        if _find_fault_of(name, kind, value):
            repaired[name] = stand_ins.get(name, now if name in _TIMES else 0)
        else:
            repaired[name] = value.decode() if kind == "text" else value
    del repaired["id"], repaired["payload"]
    updated_at = max(now, repaired["updated_at"])
    repaired |= {"state": State.DISCARDED.value, "lease_expires_at": None, "last_error": damage_text(reason)}
    return {**repaired, "updated_at": updated_at}


_KINDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("kind", "queue", "state", "last_error", "claimed_by"), ("text",)),
    **dict.fromkeys(("id", "max_attempts", *_COUNTS, *_TIMES), ("integer",)),
    "lease_expires_at": ("integer", "null"),
    "taken_from": ("text", "null"),
    "payload": ("blob",),
}
_PAIRS = ", ".join(f"typeof({name}), {'NULL' if name == 'payload' else name}" for name in sql.COLUMNS)


def _pair(values: tuple[Any, ...]) -> Row:
    kinds = (kind.decode() for kind in values[::2])
    return dict(zip(sql.COLUMNS, zip(kinds, values[1::2], strict=True), strict=True))


@contextmanager
def _texts_as_bytes(connection: sqlite3.Connection) -> Iterator[None]:
    kept, connection.text_factory = connection.text_factory, bytes
    try:
        yield
    finally:
        connection.text_factory = kept
