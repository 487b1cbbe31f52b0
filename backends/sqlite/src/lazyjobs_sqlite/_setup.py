"""Making a file ready for use: it is created, migrated, or refused."""

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager, suppress
from enum import Enum, auto

from lazyjobs import BackendError
from lazyjobs_sqlite import _errors as errors
from lazyjobs_sqlite._audit import disagreeing, find_strays
from lazyjobs_sqlite._clock import read_clock
from lazyjobs_sqlite._damage import find_damaged, set_aside
from lazyjobs_sqlite._file import JobFile, is_logged
from lazyjobs_sqlite._layout import UnmendableError, check_mendable, differing
from lazyjobs_sqlite._rebuild import mend
from lazyjobs_sqlite._schema import STEPS, make_migrations, read_steps
from lazyjobs_sqlite._turns import Turns

OLDEST_SQLITE = (3, 38, 0)
"""The first that has STRICT tables, RETURNING and the JSON functions without being built for them."""

_log = logging.getLogger("lazyjobs.sqlite")
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

    What other programs have changed is made as it was, if that can lose nothing. Raises `BackendError` for a file whose
    changes cannot be mended, that is of a newer version, or that is no database, which is left as it is, and
    `BackendUnavailableError` for what may pass.
    """
    try:
        there = file.exists()
        if not (there or file.settings.create or file.ready):
            raise BackendError(
                f"{errors.show(file.path)} is not there, and with create=no it is not made; see to the name in the URL"
            )
        file.place.check()
        if not there or _look(file) is _Found.TO_DO:
            with _turn(file):
                _make_ready(file)
        file.ready = file.identity()
    except UnmendableError as error:
        raise errors.changed(file.path, error) from error
    except errors.REPORTED as error:
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
    turns = Turns(file.place, file.path, _SETUP_TIMEOUT)
    try:
        with turns.taken():
            yield
    finally:
        turns.close()


def _look(file: JobFile) -> _Found:
    """Reads without writing; what only a writer can find out, such as how an interrupted creation ended, is to do."""
    try:
        with closing(file.connect("ro")) as connection:
            return file.patiently(lambda: _inspect(file, connection))
    except sqlite3.DatabaseError as error:
        if errors.primary_code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            return _Found.TO_DO
        raise


def _inspect(file: JobFile, connection: sqlite3.Connection) -> _Found:
    prefix = file.settings.prefix
    connection.execute("BEGIN")
    try:
        if _judge(file, read_steps(connection, prefix)) is _Found.TO_DO or not is_logged(connection):
            return _Found.TO_DO
        if names := differing(connection, prefix):
            check_mendable(connection, prefix, names)
            return _Found.TO_DO
        sound = not disagreeing(connection, prefix) and not find_strays(connection, prefix)
        return _Found.READY if sound else _Found.TO_DO
    finally:
        connection.execute("ROLLBACK")


def _judge(file: JobFile, steps: Sequence[str]) -> _Found:
    if newer := [step for step in steps if step not in STEPS]:
        raise BackendError(
            f"{errors.show(file.path)}: a newer version of lazyjobs-sqlite has changed this file (step {newer[0]!r}); "
            "nothing was touched; upgrade lazyjobs-sqlite"
        )
    return _Found.READY if len(steps) == len(STEPS) else _Found.TO_DO


def _make_ready(file: JobFile) -> None:
    if file.exists():
        with closing(file.connect("rw")) as connection:
            is_new = not connection.execute("PRAGMA page_count").fetchone()[0]
            _migrate_and_mend(file, connection)
    else:
        is_new = True
        with file.place.opened(make=True) as directory:
            assert directory is not None, "who makes a file may make the directory"
            with (
                directory.pattern(file.settings.mode) as pattern,
                closing(file.connect("rwc", like=pattern)) as connection,
            ):
                _migrate_and_mend(file, connection)
    if is_new:
        _sync_directory(file)


def _migrate_and_mend(file: JobFile, connection: sqlite3.Connection) -> None:
    prefix = file.settings.prefix
    steps = file.patiently(lambda: read_steps(connection, prefix))
    _judge(file, steps)
    if not steps:
        connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
    _set_mode(file, connection)
    connection.execute("PRAGMA synchronous = FULL")
    file.patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        if _judge(file, read_steps(connection, prefix)) is _Found.TO_DO:
            from sqlite_utils import Database

            make_migrations(prefix).apply(Database(connection))
        told = _mend(connection, prefix)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            with suppress(*errors.REPORTED):
                connection.execute("ROLLBACK")
    for each in told:
        _log.warning("%s: %s", errors.show(file.path), each)


def _set_mode(file: JobFile, connection: sqlite3.Connection) -> None:
    """A restored backup has no write-ahead log, nor has a file whose mode somebody changed."""
    (mode,) = file.patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone())
    if mode != "wal":
        raise BackendError(
            f"{errors.show(file.path)}: SQLite cannot keep a write-ahead log for it (the mode stays {mode!r}), without "
            "which a reader would stop every writer; put the file on a local disk"
        )


def _mend(connection: sqlite3.Connection, prefix: str) -> Sequence[str]:
    """Makes right what is not, and says what."""
    names = differing(connection, prefix)
    check_mendable(connection, prefix, names)
    told = [f"{_list(prefix, names)}: changed by another program, made anew"] if names else []
    aside = dict(_mend_all(connection, prefix, names))
    if wrong := disagreeing(connection, prefix):
        told.append(f"{_list(prefix, wrong)}: not what the records say, made anew")
        aside |= _mend_all(connection, prefix, wrong)
    aside |= set_aside(connection, prefix, find_strays(connection, prefix), read_clock(), "it cannot be claimed")
    told += [f"record {id} of {prefix}_records is damaged ({reason}) and was set aside" for id, reason in aside.items()]
    return told


def _mend_all(connection: sqlite3.Connection, prefix: str, names: AbstractSet[str]) -> Mapping[int, str]:
    """Makes those anew; returns the records that were in the way, and set aside, with the reason."""
    try:
        mend(connection, prefix, names)
    except sqlite3.IntegrityError:
        aside = set_aside(connection, prefix, find_damaged(connection, prefix), read_clock(), "it is in the way")
        mend(connection, prefix, names)
        return aside
    return {}


def _list(prefix: str, names: AbstractSet[str]) -> str:
    return ", ".join(sorted(f"{prefix}_{name}" for name in names))


def _sync_directory(file: JobFile) -> None:
    """Makes the name of a new file survive a loss of power."""
    descriptor = os.open(file.path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
