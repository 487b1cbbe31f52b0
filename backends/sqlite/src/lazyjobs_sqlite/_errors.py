"""What SQLite and the system report, told as the contract's errors: what happened, to which file, what to do."""

import sqlite3
from os import PathLike

from lazyjobs import BackendError, BackendUnavailableError

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full; nothing of this was stored; free some space and try again",
    sqlite3.SQLITE_IOERR: "the disk failed; see the system's log, then try again",
    sqlite3.SQLITE_READONLY: "it cannot be written; make the file and its directory writable and try again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; see that the file and its directory can be written by this user",
    sqlite3.SQLITE_PERM: "access is refused; make the file and its directory writable and try again",
    sqlite3.SQLITE_NOMEM: "there is not enough memory; try again",
}
_FATAL = {
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database; name another file",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a backup, or salvage it by `sqlite3 FILE .recover`",
    sqlite3.SQLITE_ERROR: "its tables are not as lazyjobs made them; restore a backup, or choose another prefix",
}


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection was in the way, so that the same again may succeed."""
    return primary_code(error) in _BUSY


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without what extends it; that of an error of the driver's own is 1."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF


def translate(error: sqlite3.Error, path: str | PathLike[str]) -> BackendError:
    """The error to raise in the place of `error`, which is to be its cause."""
    code = primary_code(error)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in _FATAL and hasattr(error, "sqlite_errorcode"):
        return BackendError(f"{path}: {_FATAL[code]} ({name}: {error})")
    advice = _ADVICE.get(code, "no answer; try again")
    return BackendUnavailableError(f"{path}: {advice} ({name}: {error})")


def translate_system(error: OSError, path: str | PathLike[str]) -> BackendUnavailableError:
    """The same for an error of the operating system."""
    return BackendUnavailableError(
        f"{path}: the system refuses: {error}; see that the directory is there, can be written, and has space"
    )


def locked(path: str | PathLike[str], seconds: float) -> BackendUnavailableError:
    return BackendUnavailableError(
        f"{path}: another program has held the write lock for longer than the busy timeout of {seconds:g} s; "
        "find who holds it open in a transaction, or raise busy_timeout"
    )


def missing(path: str | PathLike[str]) -> BackendUnavailableError:
    return BackendUnavailableError(
        f"{path}: the file was moved or deleted while it was open; put it back, or open the backend anew for a new one"
    )


def replaced(path: str | PathLike[str]) -> BackendUnavailableError:
    return BackendUnavailableError(f"{path}: another file has taken its place; nothing was written; try again")
