"""Keeps a connection from working on a schema that was not looked at.

SQLite compiles a statement when it is first used, and again when some program has changed the schema since. Both ask
for permission, and what has been compiled costs nothing. So permission is given only to what is asked again, within a
transaction in which the schema was found to be as it must be.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from lazyjobs_sqlite._layout import check_mendable, differing


class MendableError(Exception):
    """The schema is not as it must be, and opening the file would make it so."""


class Guard:
    """The one of a link, for each of its connections in turn."""

    __slots__ = ("_prefix", "_version", "_votes", "inspects")

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._votes: defaultdict[object, int] = defaultdict(int)
        self._votes[sqlite3.SQLITE_DENY] = 1
        self.inspects = False
        """Whether the schema is to be looked at."""
        self._version: int | None = None

    def watch(self, connection: sqlite3.Connection) -> None:
        """From now on the connection works on nothing that was not looked at."""
        self._version = None
        # The answer with the most votes. No function of Python's own: what a signal's handler raises in one that SQLite
        # calls is lost.
        answers = sqlite3.SQLITE_OK, sqlite3.SQLITE_DENY
        connection.set_authorizer(partial(max, *answers, key=self._votes.__getitem__))

    def permit(self, *, all: bool) -> None:
        """Lets everything pass, or nothing that has to be compiled."""
        self._votes[sqlite3.SQLITE_OK] = 2 if all else 0

    @contextmanager
    def inspecting(self) -> Iterator[None]:
        """Until it is left everything passes, and `inspect` is to be called when a transaction has begun."""
        self.inspects = True
        self.permit(all=True)
        try:
            yield
        finally:
            self.inspects = False
            self.permit(all=False)

    def inspect(self, connection: sqlite3.Connection) -> None:
        """Within a transaction: raises `UnmendableError` or `MendableError` if the schema is not as it must be."""
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        if version != self._version:
            if names := differing(connection, self._prefix):
                check_mendable(connection, self._prefix, names)
                raise MendableError
            self._version = version
