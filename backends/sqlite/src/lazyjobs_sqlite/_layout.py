"""What the schema must have, compared with what a file has; other tools may have changed it since.

Tables may have been made anew by other words, or have more columns: what counts is that they keep what is put into them
as it was, and take nothing else. What follows from the tables must be what lazyjobs made, word for word.
"""

import re
import sqlite3
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from functools import lru_cache

from msgspec import Struct

from lazyjobs_sqlite import _tables as sql

_WORD = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\[[^\]]*\]|`[^`]*`|--[^\n]*|/\*.*?\*/|\w+|[^\w\s]""", re.DOTALL)
_RESTRAINTS = frozenset(
    ["collate", "check", "unique", "references", "foreign", "conflict", "generated", "autoincrement", "constraint"]
)
"""Words of a table's definition by which it would refuse, compare or change values in a way of its own."""

Column = tuple[str, int, str | None, int, int]


class Thing(Struct, frozen=True):
    """A table, index, trigger or view."""

    kind: str
    words: tuple[str, ...]
    columns: dict[str, Column]
    """Of a table: type, whether NULL is refused, default, place in the primary key, whether it is hidden."""
    traits: tuple[str, int, int]
    """Of a table: what kind of one, whether it has no rowid, and whether it is strict."""

    def keeps_what(self, other: "Thing") -> bool:
        """Whether it is as good a table as `other`."""
        return (
            self.traits == other.traits
            and self.columns.items() >= other.columns.items()
            and all(
                not column[1] or column[2] is not None
                for name, column in self.columns.items()
                if name not in other.columns
            )
            and _RESTRAINTS.isdisjoint(set(self.words) - set(other.words))
        )


class UnmendableError(Exception):
    """The schema is not what lazyjobs made, and making it so could lose something."""


def differing(connection: sqlite3.Connection, prefix: str) -> AbstractSet[str]:
    """What is missing or not as it must be, by the ends of the names."""
    expected, found = _expected(prefix), _describe(connection, prefix)
    return {
        name
        for name, thing in expected.items()
        if name not in found or not (found[name].words == thing.words or _serves(name, found[name], thing))
    }


def check_mendable(connection: sqlite3.Connection, prefix: str, names: Collection[str]) -> None:
    """Raises `UnmendableError` if one of these cannot be made anew without losing something that was stored."""
    expected, found = _expected(prefix), _describe(connection, prefix)
    for name in names:
        if name in found:
            _check_kind(f"{prefix}_{name}", found[name], expected[name])
    if "damaged" in names and "damaged" in found:
        _check_columns(f"{prefix}_damaged", expected["damaged"], found["damaged"])
    if "records" in names:
        _check_records(connection, prefix, expected["records"], found.get("records"))


def find_columns(connection: sqlite3.Connection, table: str) -> dict[str, Column]:
    """The columns of a table or view, in their order; none if there is no such."""
    rows = connection.execute(f'PRAGMA table_xinfo("{table}")')
    return {
        name.lower(): (kind.upper(), notnull, default, key, hidden)
        for _, name, kind, notnull, default, key, hidden in rows
    }


def _serves(name: str, found: Thing, expected: Thing) -> bool:
    return name in sql.TABLES and found.kind == "table" and found.keeps_what(expected)


def _check_kind(name: str, found: Thing, expected: Thing) -> None:
    if found.kind != expected.kind:
        raise UnmendableError(f"{name} is a {found.kind}, and not the {expected.kind} that lazyjobs made")
    if expected.kind == "table" and found.traits[0] != "table":
        raise UnmendableError(f"{name} is a {found.traits[0]} table, and not the one that lazyjobs made")


def _check_records(connection: sqlite3.Connection, prefix: str, expected: Thing, found: Thing | None) -> None:
    table = f"{prefix}_records"
    if found is None:
        raise UnmendableError(f"the table {table}, which holds the records, is not there")
    _check_columns(table, expected, found)
    if added := [name for name in found.columns if name not in expected.columns]:
        raise UnmendableError(
            f"{table} was changed, and has a column {added[0]!r} that lazyjobs did not make and would lose; move what "
            "is in it elsewhere and drop it, then open the file again"
        )
    if connection.execute(f"SELECT 1 FROM {table} WHERE typeof(id) <> 'integer' LIMIT 1").fetchone():
        raise UnmendableError(f"{table} has rows whose id is no number")


def _check_columns(table: str, expected: Thing, found: Thing) -> None:
    for name in expected.columns:
        if name not in found.columns:
            raise UnmendableError(f"{table} has no column {name!r}")


@lru_cache
def _expected(prefix: str) -> dict[str, Thing]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in (*sql.TABLES.values(), *sql.DERIVED.values()):
            connection.execute(statement.replace("{p}", prefix))
        return _describe(connection, prefix)
    finally:
        connection.close()


def _describe(connection: sqlite3.Connection, prefix: str) -> dict[str, Thing]:
    """What there is of ours, by the ends of the names. A trigger may have the name of a table beside it."""
    things: dict[str, Thing] = {}
    names = {f"{prefix}_{name}": name for name in (*sql.TABLES, *sql.DERIVED)}
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    for kind, full_name, text in rows:
        name = names.get(full_name.lower())
        if name is not None and (kind == "trigger") == (_kind_of(name) == "trigger"):
            things[name] = _describe_one(connection, kind, full_name, text)
    return things


def _kind_of(name: str) -> str:
    return (sql.TABLES.get(name) or sql.DERIVED[name]).split()[1].lower()


def _describe_one(connection: sqlite3.Connection, kind: str, name: str, text: str) -> Thing:
    if kind != "table":
        return Thing(kind, _words(text), {}, ("", 0, 0))
    rows = connection.execute(f'PRAGMA table_list("{name}")').fetchall()
    (traits,) = [(type, wr, strict) for schema, _, type, _, wr, strict in rows if schema == "main"]
    return Thing(kind, _words(text), find_columns(connection, name), traits)


def _words(text: str) -> tuple[str, ...]:
    """The words of a statement, as SQLite tells them apart: without comments, quotes of names and upper case."""
    return tuple(_plain(word) for word in _WORD.findall(text) if not word.startswith(("--", "/*")))


def _plain(word: str) -> str:
    if word[0] == "'":
        return word
    return word.strip('"[]`').lower() if len(word) > 1 else word.lower()
