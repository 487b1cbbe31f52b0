"""What a call does about rows that cannot be read or changed: it sets them aside, and tells of them."""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from lazyjobs import BackendError
from lazyjobs_sqlite._clock import Clock
from lazyjobs_sqlite._damage import (
    DamagedRowError,
    UnreadableRowError,
    damaged,
    find_damaged,
    find_damaged_due,
    find_impossible,
    set_aside,
)
from lazyjobs_sqlite._errors import show
from lazyjobs_sqlite._group import Action
from lazyjobs_sqlite._rebuild import recount
from lazyjobs_sqlite._settings import Settings
from lazyjobs_sqlite._store import Store

Find = Callable[[sqlite3.Connection], Collection[int]]


class Salvage:
    """For one backend; each method that returns an error has set aside what it names."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._prefix = settings.prefix
        self._names = show(settings.path), settings.prefix
        self._clock = clock

    def insert(self, action: Action, *, whole: bool = False) -> Any:
        """Inserts; raises `DamagedRowError` if a record had an id that none can follow."""
        try:
            return self._store.write(action, whole=whole)
        except BackendError as error:
            self._explain(error, lambda connection: find_impossible(connection, self._prefix))
            raise

    def change(self, action: Action, id: int, *, whole: bool = False) -> Any:
        """Changes a record; raises `DamagedRowError` if it was damaged so that it takes no change."""
        try:
            return self._store.write(action, whole=whole)
        except BackendError as error:
            self._explain(error, lambda _: (id,))
            raise

    def clear(self, error: UnreadableRowError, queues: Sequence[str]) -> DamagedRowError:
        """For a record that cannot be claimed, and for those behind it that could not be, either.

        All at once, so that a worker gets past any number of them in a few claims.
        """

        def action(connection: sqlite3.Connection) -> Mapping[int, str]:
            found = set_aside(connection, self._prefix, (error.id,), self._clock(), error.reason)
            ids = find_damaged_due(connection, self._prefix, queues)
            return {**found, **set_aside(connection, self._prefix, ids, self._clock())}

        return self._run(action, (error.id,), error)

    def clear_all(self, error: UnreadableRowError) -> DamagedRowError:
        """For all that cannot be read; counts anew, too."""
        ids = self._store.read(lambda connection: find_damaged(connection, self._prefix), whole=True)

        def action(connection: sqlite3.Connection) -> Mapping[int, str]:
            found = set_aside(connection, self._prefix, ids, self._clock())
            recount(connection, self._prefix)
            return found

        return self._run(action, ids, error)

    def _run(self, action: Action, ids: Collection[int], error: UnreadableRowError) -> DamagedRowError:
        try:
            return damaged(*self._names, self._store.write(action, whole=True))
        except BackendError as refused:
            return damaged(*self._names, dict.fromkeys(ids, error.reason), f"not set aside, since {refused}")

    def _explain(self, error: BackendError, find: Find) -> None:
        """Raises `DamagedRowError` if the schema refuses what damaged records of those that `find` finds would be."""
        if not isinstance(error.__cause__, sqlite3.IntegrityError):
            return

        def action(connection: sqlite3.Connection) -> Mapping[int, str]:
            return set_aside(connection, self._prefix, find(connection), self._clock())

        found: Mapping[int, str] = {}
        with suppress(BackendError):
            found = self._store.write(action, whole=True)
        if found:
            raise damaged(*self._names, found) from error
