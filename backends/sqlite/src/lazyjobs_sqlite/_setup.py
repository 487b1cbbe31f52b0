"""Making a file ready for use: it is created, migrated, or refused."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from enum import Enum, auto

from lazyjobs import BackendError
from lazyjobs_sqlite import _errors as errors
from lazyjobs_sqlite._file import JobFile, make_place
from lazyjobs_sqlite._schema import STEPS, make_migrations, read_steps
from lazyjobs_sqlite._turns import Turns

OLDEST_SQLITE = (3, 38, 0)
"""The first that has STRICT tables, RETURNING and the JSON functions without being built for them."""

_SETUP_TIMEOUT = 60.0
_PAGE_SIZE = 2048
"""Of new files. Each transition touches a row here and there, and the log takes a whole page for each."""


class _Found(Enum):
    READY = auto()
    TO_DO = auto()


def check_sqlite() -> None:
    """Raises `BackendError` if the interpreter's SQLite is too old."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise BackendError(
            f"SQLite {sqlite3.sqlite_version} is too old, {needed} is needed; use a newer Python or a newer libsqlite3"
        )


def prepare(file: JobFile) -> None:
    """Sees to it that there is a file and that it has today's tables; several processes may do so at the same instant.

    Raises `BackendError` for a file that is of a newer version or no database, which is left as it is, and
    `BackendUnavailableError` for what may pass.
    """
    if file.path.is_dir():
        raise BackendError(f"{file.path} is a directory; name a file in it, such as {file.path / 'jobs.db'}")
    if not file.settings.create and file.ready is None and not file.path.exists():
        raise BackendError(f"{file.path} is not there, and with create=no it is not made; see to the name in the URL")
    try:
        if not file.path.exists() or _look(file) is _Found.TO_DO:
            with _turn(file):
                _migrate(file)
        make_place(file.settings)
        file.ready = file.identity()
    except sqlite3.Error as error:
        raise errors.translate(error, file.path) from error
    except OSError as error:
        raise errors.translate_system(error, file.path) from error


def prepare_another(file: JobFile) -> None:
    """The same for a file that has taken the place of the one that was ready.

    If the other's log is still there, it is removed: SQLite would take it for the new file's and mix the two.
    """
    try:
        with _turn(file):
            if file.identity() != file.ready and file.known_log is not None and file.log_identity() == file.known_log:
                file.log_index.unlink(missing_ok=True)
                file.log.unlink(missing_ok=True)
    except OSError as error:
        raise errors.translate_system(error, file.path) from error
    prepare(file)


@contextmanager
def _turn(file: JobFile) -> Iterator[None]:
    turns = Turns(make_place(file.settings), file.path, _SETUP_TIMEOUT)
    try:
        with turns.taken():
            yield
    finally:
        turns.close()


def _look(file: JobFile) -> _Found:
    """Reads without writing; what only a writer can find out, such as how an interrupted creation ended, is to do."""
    try:
        with closing(file.connect("ro")) as connection:
            steps = file.patiently(lambda: read_steps(connection, file.settings.prefix))
    except sqlite3.DatabaseError as error:
        if errors.primary_code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return _Found.TO_DO
        raise
    return _judge(file, steps)


def _judge(file: JobFile, steps: Sequence[str]) -> _Found:
    if newer := [step for step in steps if step not in STEPS]:
        raise BackendError(
            f"{file.path}: a newer version of lazyjobs-sqlite has changed this file (step {newer[0]!r}); nothing was "
            "touched; upgrade lazyjobs-sqlite"
        )
    return _Found.READY if len(steps) == len(STEPS) else _Found.TO_DO


def _migrate(file: JobFile) -> None:
    from sqlite_utils import Database

    settings = file.settings
    is_new = not file.path.exists()
    with closing(file.connect("rwc")) as connection:
        if _judge(file, file.patiently(lambda: read_steps(connection, settings.prefix))) is _Found.READY:
            return
        connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
        file.patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone())
        connection.execute("PRAGMA synchronous = FULL")
        file.patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
        try:
            make_migrations(settings.prefix).apply(Database(connection))
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
    if is_new:
        _sync_directory(file)


def _sync_directory(file: JobFile) -> None:
    """Makes the name of a new file survive a loss of power."""
    descriptor = os.open(file.path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
