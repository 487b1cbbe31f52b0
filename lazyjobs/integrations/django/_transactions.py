"""Refuses to store a job that would wait for the transaction in which it is enqueued.

SQLite lets one connection write at a time. A transaction of Django's on the file in which the jobs are stored, too,
holds that right until it commits, which it cannot while it waits for the job to be stored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connections
from django.db.transaction import TransactionManagementError

from lazyjobs.contract import Backend, BackendURL, LazyJobsError
from lazyjobs.runner import add_guard

_SCHEME = "sqlite"


class EnqueueInTransactionError(LazyJobsError, TransactionManagementError):  # type: ignore[misc]
    """A job was enqueued in a transaction on the SQLite file that stores the jobs, too; nothing was stored."""

    def __init__(self, alias: str, path: str) -> None:
        super().__init__(
            f"the job was not stored: the connection {alias!r} is in a transaction on {path}, where the jobs are "
            "stored too, so this would wait for itself; enqueue by transaction.on_commit(), or once the transaction "
            "has ended, or keep the jobs in a file of their own"
        )
        self.alias = alias
        self.path = path

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return type(self), (self.alias, self.path)


def refuse_to_wait(url: str | None, backend: Backend | None) -> None:
    """Raises `EnqueueInTransactionError` if a connection of this thread is in a transaction on the file of the jobs."""
    if not settings.configured:
        return
    for connection in connections.all(initialized_only=True):
        if _is_in_transaction(connection):
            jobs = find_file(url, backend)
            for path in _open_files(connection) if jobs is not None else ():
                if is_same_file(jobs, path):
                    raise EnqueueInTransactionError(connection.alias, path)


def find_file(url: str | None, backend: Backend | None = None) -> str | None:
    """The SQLite file in which jobs are stored; None if that is elsewhere."""
    if backend is not None:
        path = getattr(backend, "path", None)
        return os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if url is None:
        return None
    try:
        parsed = BackendURL.parse(url)
    except LazyJobsError:  # whoever opens it says so
        return None
    return parsed.path.removeprefix("/") if parsed.scheme == _SCHEME and not parsed.host else None


def databases_in(jobs: str) -> Iterator[str]:
    """The aliases of the databases that Django keeps in the file `jobs`; opens nothing."""
    for connection in connections.all():
        name = os.fspath(connection.settings_dict.get("NAME") or "") if _is_sqlite(connection) else ""
        if name.startswith("file:"):
            name = unquote(urlsplit(name).path)
        if name and name != ":memory:" and is_same_file(jobs, name):
            yield connection.alias


def is_same_file(one: str | None, other: str | None) -> bool:
    """Whether two paths lead to one file, by whatever links; two that lead nowhere do if they are spelled alike."""
    if not one or not other:
        return False
    try:
        return Path(one).samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _is_sqlite(connection: Any) -> bool:
    return bool(connection.vendor == "sqlite")


def _is_in_transaction(connection: Any) -> bool:
    opened = connection.connection
    return opened is not None and _is_sqlite(connection) and (connection.in_atomic_block or opened.in_transaction)


def _open_files(connection: Any) -> Iterator[str]:
    """The files of the connection: that of the database and those that were attached to it, as SQLite opened them."""
    with closing(connection.connection.cursor()) as cursor:
        yield from (path for _, _, path in cursor.execute("PRAGMA database_list").fetchall() if path)


add_guard(refuse_to_wait)
