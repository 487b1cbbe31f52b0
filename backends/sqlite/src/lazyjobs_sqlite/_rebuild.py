"""Making anew what of the schema is missing or not as it was made: tables with their rows, and what follows from them.

Every function is to be called within a transaction that holds the write lock.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from lazyjobs_sqlite import _tables as sql
from lazyjobs_sqlite._clock import read_clock
from lazyjobs_sqlite._layout import differing, find_columns

LEAP = 1_000_000_000
"""How far the ids go ahead when the highest that was deleted is not known."""
HIGHEST_ID = 2**62
"""No id that was given is higher, and behind one that is there would soon be none left to give."""
WRONG_TYPE = "a value is of a wrong type"

_TEXTS = ("kind", "queue", "state", "last_error", "claimed_by")
_INTEGERS = ("attempt", "max_attempts", "run_at", "created_at", "updated_at", "abandoned", "spared")
_OPTIONAL = {"lease_expires_at": "integer", "taken_from": "text"}
_COUNTING = frozenset({"counts", "inserted", "moved", "renamed", "deleted"})


def rebuild_all(connection: sqlite3.Connection, prefix: str) -> None:
    """Makes the records, with today's columns, and all that depends on them anew; each record is kept."""
    found = differing(connection, prefix)
    with _objects_of_others_kept(connection, prefix):
        for name in sql.DERIVED:
            _drop(connection, prefix, name)
        _rebuild_records(connection, prefix)
        renew_ids(connection, prefix, leap=not found.isdisjoint({"deleted", "ids"}))
        recount(connection, prefix)
        _create(connection, prefix, sql.DERIVED)


def mend(connection: sqlite3.Connection, prefix: str, names: AbstractSet[str]) -> None:
    """Makes those tables, indexes, triggers and views anew, by the ends of their names."""
    if "damaged" in names:
        _renew_damaged(connection, prefix)
    if "records" in names:
        rebuild_all(connection, prefix)
        return
    for name in names & set(sql.DERIVED):
        _drop(connection, prefix, name)
    if not names.isdisjoint({"ids", "deleted", "disordered"}):
        renew_ids(connection, prefix, leap=not names.isdisjoint({"ids", "deleted"}))
    if not names.isdisjoint(_COUNTING):
        recount(connection, prefix)
    _create(connection, prefix, [name for name in sql.DERIVED if name in names])


def recount(connection: sqlite3.Connection, prefix: str) -> None:
    """Counts the records, all of them."""
    connection.execute(f"DROP TABLE IF EXISTS {prefix}_counts")
    _create(connection, prefix, ["counts"])
    connection.execute(_fill(sql.COUNT_ALL, prefix))


def renew_ids(connection: sqlite3.Connection, prefix: str, *, leap: bool) -> None:
    """Writes anew which ids were given; `leap` says that some may have been given of which there is no trace."""
    table, last = f"{prefix}_ids", 0
    if "last_deleted" in find_columns(connection, table):
        query = f"SELECT max(last_deleted) FROM {table} WHERE typeof(last_deleted) = 'integer' AND last_deleted <= ?"
        last = connection.execute(query, (HIGHEST_ID,)).fetchone()[0] or 0
    highest = connection.execute(f"SELECT max(id) FROM {prefix}_records WHERE id <= ?", (HIGHEST_ID,)).fetchone()[0]
    last = max(last, highest or 0) + LEAP if leap else max(last, 0)
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    _create(connection, prefix, ["ids"])
    connection.execute(f"INSERT INTO {table} SELECT ?, coalesce(max(created_at), 0) FROM {prefix}_records", (last,))


def _rebuild_records(connection: sqlite3.Connection, prefix: str) -> None:
    """Rows with a value that the table would not take go to the damaged ones, too, and are discarded."""
    old, new = f"{prefix}_records", f"{prefix}_records_anew"
    there = find_columns(connection, old)
    columns = [name for name in sql.COLUMNS if name in there]
    wrong = _is_wrong(columns)
    names = ", ".join(columns)
    values = ", ".join(_stand_in(name, wrong) for name in columns)
    connection.execute(f"DROP TABLE IF EXISTS {new}")
    connection.execute(_fill(sql.TABLES["records"], prefix).replace(old, new, 1))
    connection.execute(
        f"INSERT INTO {prefix}_damaged (found_at, reason, {names}) SELECT ?, ?, {names} FROM {old} WHERE {wrong}",
        (read_clock(), WRONG_TYPE),
    )
    connection.execute(f"INSERT INTO {new} ({names}) SELECT {values} FROM {old} ORDER BY id")
    connection.execute(f"DROP TABLE {old}")
    connection.execute(f"ALTER TABLE {new} RENAME TO {old}")


def _is_wrong(columns: Iterable[str]) -> str:
    """Whether a row has a value of a wrong type, as SQL."""
    tests = [f"typeof({name}) <> '{kind}'" for name in columns if (kind := _type_of(name)) and name not in _OPTIONAL]
    tests += [f"typeof({name}) NOT IN ('{kind}', 'null')" for name, kind in _OPTIONAL.items() if name in columns]
    return f"({' OR '.join(tests)})"


def _type_of(name: str) -> str:
    if name in _TEXTS:
        return "text"
    if name in _INTEGERS:
        return "integer"
    return _OPTIONAL.get(name) or ("blob" if name == "payload" else "")


def _stand_in(name: str, wrong: str) -> str:
    """The value of a column, or what stands for it in a row with something wrong, as SQL."""
    kind = _type_of(name)
    if name in _OPTIONAL:
        return f"CASE WHEN NOT {wrong} THEN {name} END"
    if name == "state":
        return f"CASE WHEN {wrong} THEN 'discarded' ELSE state END"
    if name == "last_error":
        text = damage_text(WRONG_TYPE).replace("'", "''")
        return f"CASE WHEN {wrong} THEN '{text}' ELSE last_error END"
    if not kind:
        return name
    stand_in = {"text": "'damaged'", "integer": "1", "blob": f"CAST(coalesce({name}, '{{}}') AS BLOB)"}[kind]
    return f"CASE typeof({name}) WHEN '{kind}' THEN {name} ELSE {stand_in} END"


def damage_text(reason: str) -> str:
    """What a record that was set aside has as its error."""
    return f"damaged: {reason}; set aside, so that others run; the table of damaged rows has it as it was"


def _renew_damaged(connection: sqlite3.Connection, prefix: str) -> None:
    table, rows = f"{prefix}_damaged", []
    names = ", ".join(("id", "found_at", "reason", *sql.COLUMNS[1:]))
    if find_columns(connection, table):
        rows = connection.execute(f"SELECT {names} FROM {table} WHERE typeof(id) = 'integer'").fetchall()
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    _create(connection, prefix, ["damaged"])
    values = ", ".join("?" * len(names.split(", ")))
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({values})", rows)


@contextmanager
def _objects_of_others_kept(connection: sqlite3.Connection, prefix: str) -> Iterator[None]:
    """Makes the indexes and triggers of others on the records again, and has their views say what they said."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master "
        "WHERE lower(tbl_name) = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL",
        (f"{prefix}_records",),
    ).fetchall()
    ours = {f"{prefix}_{name}" for name in (*sql.DERIVED, "due")}
    connection.execute("PRAGMA legacy_alter_table = ON")
    try:
        yield
        for name, text in rows:
            if name.lower() not in ours:
                connection.execute(text)
    finally:
        connection.execute("PRAGMA legacy_alter_table = OFF")


def _drop(connection: sqlite3.Connection, prefix: str, name: str) -> None:
    connection.execute(f"DROP {sql.DERIVED[name].split()[1]} IF EXISTS {prefix}_{name}")


def _create(connection: sqlite3.Connection, prefix: str, names: Iterable[str]) -> None:
    for name in names:
        connection.execute(_fill(sql.TABLES.get(name) or sql.DERIVED[name], prefix))


def _fill(statement: str, prefix: str) -> str:
    return statement.replace("{p}", prefix)
