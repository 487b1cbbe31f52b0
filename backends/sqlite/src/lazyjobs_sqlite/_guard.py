"""Keeps a connection from working on a schema that was not looked at.

SQLite compiles a statement when it is first used, and again when some program has changed the schema since. Both ask
for permission, and what has been compiled costs nothing. So permission is given only within a transaction in which the
schema was found to be as it must be.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from lazyjobs_sqlite._layout import check_mendable, differing

_ASKED_FOR = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_UPDATE,
        sqlite3.SQLITE_DELETE,
    }
)


class MendableError(Exception):
    """The schema is not as it must be, and opening the file would make it so."""


class Guard:
    """The one of a link, for each of its connections in turn."""

    __slots__ = ("_permits", "_prefix", "_version", "inspects")

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._permits = False
        self.inspects = False
        """Whether the schema is to be looked at."""
        self._version: int | None = None

    def watch(self, connection: sqlite3.Connection) -> None:
        """From now on the connection works on nothing that was not looked at."""
        self._version = None
        connection.set_authorizer(self._authorize)

    @contextmanager
    def inspecting(self) -> Iterator[None]:
        """Until it is left, `inspect` looks at the schema and permits what follows."""
        self.inspects = True
        try:
            yield
        finally:
            self.inspects = self._permits = False

    def inspect(self, connection: sqlite3.Connection) -> None:
        """Within a transaction: raises `UnmendableError`, or `MendableError`, if the schema is not as it must be."""
        self._permits = True
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        if version != self._version:
            if names := differing(connection, self._prefix):
                check_mendable(connection, self._prefix, names)
                raise MendableError
            self._version = version

    def _authorize(self, action: int, *_: object) -> int:
        return sqlite3.SQLITE_OK if self._permits or action not in _ASKED_FOR else sqlite3.SQLITE_DENY
