"""One database file: its connections, and whether it is still the file it was."""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar
from urllib.parse import quote

from lazyjobs import BackendClosedError, BackendError, ClaimLostError
from lazyjobs_sqlite import _errors as errors
from lazyjobs_sqlite._damage import UnreadableRowError
from lazyjobs_sqlite._guard import Guard, MendableError
from lazyjobs_sqlite._layout import UnmendableError
from lazyjobs_sqlite._patience import Patience
from lazyjobs_sqlite._place import Place
from lazyjobs_sqlite._settings import Durability, Settings

T = TypeVar("T")

_CHECKPOINT_PAGES = 8000
_WAL_LIMIT = 64 * 2**20
_CACHE_KIB = 16_384

Identity = tuple[int, int]


class JobFile:
    """The file of a backend; makes connections to it and tells whether it was moved, deleted or replaced."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.path = settings.path
        self.place = Place(settings.path, settings.mode)
        self.log = settings.path.with_name(f"{settings.path.name}-wal")
        self.log_index = settings.path.with_name(f"{settings.path.name}-shm")
        self._journal = settings.path.with_name(f"{settings.path.name}-journal")
        self.ready: Identity | None = None
        """The file that was found, or made, ready for use."""
        self.known_log: Identity | None = None
        """Its log, while someone here has it open."""
        self._target = str(settings.path)
        self._uri = f"file:{quote(os.fsencode(self._target))}"

    def identity(self) -> Identity:
        """Device and inode; raises `BackendUnavailableError` if there is no file."""
        try:
            found = os.stat(self._target)  # noqa: PTH116 (twice as fast as Path.stat, in every call)
        except FileNotFoundError as error:
            raise errors.missing(self.path) from error
        except OSError as error:
            raise errors.translate_system(error, self.path) from error
        return found.st_dev, found.st_ino

    def exists(self) -> bool:
        """Raises `BackendError` for what is no regular file or has several names, and OSError."""
        try:
            found = os.stat(self._target)  # noqa: PTH116
        except FileNotFoundError:
            return False
        if not stat.S_ISREG(found.st_mode):
            raise errors.no_file(self.path, found.st_mode)
        if found.st_nlink > 1:
            raise errors.linked(self.path, found.st_nlink)
        return True

    def log_identity(self) -> Identity | None:
        """The same of the write-ahead log; None if there is none."""
        try:
            found = self.log.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def connect(self, mode: str = "rw", *, like: Path | None = None) -> sqlite3.Connection:
        """A connection without SQLite's own transactions; `mode` is `ro`, `rw` or `rwc`, as in SQLite's URIs.

        A file that is made gets the permissions of the file `like`.
        """
        for each in (self.log, self.log_index, self._journal):
            _check_regular(each)
        if mode != "rwc":
            self._check_reader()
        copied = f"&modeof={quote(os.fsencode(like))}" if like else ""
        connection = sqlite3.connect(
            f"{self._uri}?mode={mode}{copied}",
            uri=True,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,
            factory=self.settings.connection_class,
        )
        try:
            self.patiently(lambda: self._prepare(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_reader(self) -> None:
        """Who may only read would make a log of his own, which keeps out those who may write."""
        may_write = os.access(self._target, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
        if not may_write and not (self.log.exists() and self.log_index.exists()):
            raise errors.only_readable(self.path)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        synchronous = "FULL" if self.settings.durability is Durability.FULL else "NORMAL"
        for pragma in (
            f"synchronous = {synchronous}",
            f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
            f"journal_size_limit = {_WAL_LIMIT}",
            f"cache_size = -{_CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # Opens the log, which from now on stays the same until the connection is closed.
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()

    def patiently(self, action: Callable[[], T]) -> T:
        """Repeats what another connection is in the way of, within the busy timeout; then the file is locked."""
        patience: Patience | None = None
        while True:
            try:
                return action()
            except sqlite3.OperationalError as error:
                if not errors.is_busy(error):
                    raise
                patience = patience or Patience(self.settings.busy_timeout)
                if not patience.pause():
                    raise errors.locked(self.path, self.settings.busy_timeout) from error


class Link:
    """A connection that is opened when it is needed, and given up after an error or when the file is another one.

    No statement is compiled before the schema has been found to be what it must be, nor anew, after some other program
    has changed the schema, before it was found to be so again.

    For one thread at a time; those who share it hold `lock`. `make_ready` is called for another file, `mend` for one
    whose schema or mode was changed. `begins` is the statement by which its transactions begin.
    """

    __slots__ = ("_begins", "_connection", "_file", "_guard", "_identity", "_make_ready", "_mend", "_shut", "lock")

    def __init__(self, file: JobFile, make_ready: Callable[[], None], mend: Callable[[], None], begins: str) -> None:
        self._begins = begins
        self._mend = mend
        self._guard = Guard(file.settings.prefix)
        self.lock = Lock()
        self._file = file
        self._make_ready = make_ready
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self._shut = False

    def run(self, action: Callable[[sqlite3.Connection], T], *, alone: bool = False) -> T:
        """What `action` makes of the connection; repeated while another connection is in the way.

        `alone` says that it calls `begin` and commits itself. SQLite's errors are translated; after one, and after an
        interruption, the connection is given up.
        """
        try:
            connection = self._get()
            try:
                return action(connection)
            except sqlite3.DatabaseError as error:
                if not (errors.is_busy(error) or errors.is_refused(error)):
                    raise
            return self._run_again(action, connection, alone)
        except (UnmendableError, MendableError) as error:
            self.close()
            raise errors.changed(self._file.path, error) from error
        except errors.REPORTED as error:
            self.close()
            raise errors.translate(error, self._file.path) from error
        except BaseException:
            if self._connection is not None and self._connection.in_transaction:
                self.close()
            raise

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begins a transaction, in which the schema is looked at if it is not known."""
        connection.execute(self._begins)
        if self._guard.inspects:
            self._guard.inspect(connection)

    def _run_again(self, action: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection, alone: bool) -> T:
        try:
            return self._file.patiently(partial(self._repeat, action, connection, alone))
        except MendableError:
            self.close()
            self._mend()
            return self._file.patiently(partial(self._repeat, action, self._get(), alone))

    def _repeat(self, action: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection, alone: bool) -> T:
        with self._guard.inspecting():
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return action(connection) if alone else self.transact(action, connection)

    def transact(self, action: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
        """`action` in a transaction of its own; what it tells of a lost claim or an unreadable row is its outcome."""
        connection.execute(self._begins)
        if self._guard.inspects:
            self._guard.inspect(connection)
        try:
            result = action(connection)
        except (ClaimLostError, UnreadableRowError):
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    def confirm(self) -> None:
        """Raises `BackendUnavailableError` if the file is no longer the one that the connection was made to."""
        if self._file.identity() != self._identity:
            raise errors.replaced(self._file.path)

    def _get(self) -> sqlite3.Connection:
        if self._shut:
            raise BackendClosedError
        identity = self._file.identity()
        if self._connection is not None:
            if identity == self._identity:
                return self._connection
            self._abandon()
        if identity != self._file.ready:
            self._make_ready()
            identity = self._file.identity()
        connection = self._connect()
        self._guard.watch(connection)
        self._connection, self._identity, self._file.known_log = connection, identity, self._file.log_identity()
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = self._file.connect()
        if is_logged(connection):
            return connection
        connection.close()
        self._mend()
        return self._file.connect()

    def close(self) -> None:
        """Closes the connection, which rolls back what it has not committed; the next `run` opens another."""
        with suppress(BackendError):
            if self._file.identity() == self._identity:
                connection, self._connection = self._connection, None
                if connection is not None:
                    with suppress(*errors.REPORTED):
                        connection.close()
                return
        self._abandon()

    def shut(self) -> None:
        """Closes for good: whoever comes yet is told that the backend is closed."""
        self._shut = True
        self.close()

    def _abandon(self) -> None:
        """Lets go of a connection to a file that is no longer the one of its name, but may be somewhere."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._guard.permit(all=True)
            with suppress(*errors.REPORTED):
                connection.rollback()
                connection.execute("PRAGMA wal_checkpoint").close()
            self._guard.permit(all=False)
            _leave_open(connection)


def is_logged(connection: sqlite3.Connection) -> bool:
    """Whether the file has a write-ahead log: without one, a reader keeps all writers out."""
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


def _check_regular(path: Path) -> None:
    """SQLite waits for ever when it opens a pipe."""
    with suppress(FileNotFoundError):
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise errors.no_file(path, found.st_mode)


def _leave_open(connection: sqlite3.Connection) -> None:
    """Keeps a connection from being closed, ever.

    Closing the last connection to a file deletes its write-ahead log, by name. Where another file has that name by
    now, that would be the other's log.
    """
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
