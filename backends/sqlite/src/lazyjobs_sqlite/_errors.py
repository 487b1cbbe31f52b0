"""What SQLite and the system report, told as the contract's errors: what happened, to which file, what to do."""

import os
import sqlite3
import stat
from os import PathLike
from pathlib import Path

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
REPORTED = (sqlite3.Error, UnicodeDecodeError)
"""What the driver raises: the second where SQLite's message quotes a damaged file, and so is no UTF-8."""
_FOREIGN = "its tables are not as lazyjobs made them; restore a backup, or choose another prefix"
_FATAL = {
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database; name another file",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a backup, or salvage it by `sqlite3 FILE .recover`",
    sqlite3.SQLITE_ERROR: _FOREIGN,
    sqlite3.SQLITE_MISMATCH: _FOREIGN,
    sqlite3.SQLITE_SCHEMA: _FOREIGN,
    sqlite3.SQLITE_RANGE: _FOREIGN,
    sqlite3.SQLITE_CONSTRAINT: (
        "a constraint or trigger on its tables that lazyjobs did not make, or a value that it did not write, is in the "
        "way; nothing of this was stored; find it by `sqlite3 FILE .schema`"
    ),
    sqlite3.SQLITE_TOOBIG: "a value in it is longer than SQLite can handle; restore a backup",
}


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection was in the way, so that the same again may succeed."""
    return primary_code(error) in _BUSY


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without what extends it; that of an error of the driver's own is 1."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF


def is_refused(error: sqlite3.Error) -> bool:
    """Whether a statement was not compiled: it is not known what the schema is, or something is not there."""
    return hasattr(error, "sqlite_errorcode") and primary_code(error) in (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_ERROR)


def is_undecodable(error: sqlite3.Error) -> bool:
    """Whether it is the driver's own, for a text in the file that is no UTF-8."""
    return not hasattr(error, "sqlite_errorcode") and "decode to UTF-8" in str(error)


def show(path: str | PathLike[str]) -> str:
    """The path as it may be printed: what is no UTF-8 in it, and what is not for printing, is escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def translate(error: sqlite3.Error | UnicodeDecodeError, path: str | PathLike[str]) -> BackendError:
    """The error to raise in the place of `error`, one of those `REPORTED`, which is to be its cause."""
    if isinstance(error, UnicodeDecodeError):
        return BackendError(f"{show(path)}: {_FATAL[sqlite3.SQLITE_CORRUPT]} (what SQLite says of it is no UTF-8)")
    if (replaced_by := _kind_of(path)) is not None:
        return no_file(path, replaced_by)
    code = primary_code(error)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if is_undecodable(error):
        return BackendError(f"{show(path)}: {_FOREIGN} (a text is no UTF-8)")
    if code in _FATAL and hasattr(error, "sqlite_errorcode"):
        return BackendError(f"{show(path)}: {_FATAL[code]} ({name}: {error})")
    advice = _ADVICE.get(code, "no answer; try again")
    return BackendUnavailableError(f"{show(path)}: {advice} ({name}: {error})")


def _kind_of(path: str | PathLike[str]) -> int | None:
    """The mode of what stands there, if it is no file: it may have come after it was looked at, and before it was read.

    None for a file, and where there is nothing.
    """
    try:
        mode = Path(os.fsdecode(path)).stat().st_mode
    except OSError:
        return None
    return None if stat.S_ISREG(mode) else mode


def not_ours(path: str | PathLike[str], error: Exception) -> BackendError:
    """For what in the file makes no sense, and was found by Python."""
    return BackendError(f"{show(path)}: {_FOREIGN} ({type(error).__name__}: {error})")


def translate_system(error: OSError, path: str | PathLike[str]) -> BackendUnavailableError:
    """The same for an error of the operating system."""
    return BackendUnavailableError(
        f"{show(path)}: the system refuses: {error}; see that the directory is there, can be written, and has space"
    )


def locked(path: str | PathLike[str], seconds: float) -> BackendUnavailableError:
    return BackendUnavailableError(
        f"{show(path)}: another program has held the write lock for longer than the busy timeout of {seconds:g} s; "
        "find who holds it open in a transaction, or raise busy_timeout"
    )


def missing(path: str | PathLike[str]) -> BackendUnavailableError:
    return BackendUnavailableError(
        f"{show(path)}: the file was moved or deleted while it was open; put it back, or open the backend anew "
        "for a new one"
    )


def replaced(path: str | PathLike[str]) -> BackendUnavailableError:
    return BackendUnavailableError(f"{show(path)}: another file has taken its place; nothing was written; try again")


def no_file(path: str | PathLike[str], mode: int) -> BackendError:
    kinds = {
        stat.S_IFDIR: f"a directory; name a file in it, such as {show(path)}/jobs.db",
        stat.S_IFIFO: "a pipe, and no file that SQLite can use; see what has made it, and name another file",
        stat.S_IFSOCK: "a socket, and no file that SQLite can use; name another file",
        stat.S_IFLNK: "a link, and must be a file; see what has made it, and remove it",
    }
    kind = kinds.get(stat.S_IFMT(mode), "a device, and no file that SQLite can use; name another file")
    return BackendError(f"{show(path)} is {kind}")


def only_readable(path: str | PathLike[str]) -> BackendUnavailableError:
    return BackendUnavailableError(
        f"{show(path)}: it cannot be written by this user, and nobody who may write it has it open; only while "
        "somebody has, others can look; make the file and its directory writable, or try again then"
    )


def linked(path: str | PathLike[str], names: int) -> BackendError:
    return BackendError(
        f"{show(path)} is one of {names} names of the same file (hard links): SQLite would keep a write-ahead log for "
        "each, and opened by two of them the file loses records; remove the other names, or copy the file and use the "
        "copy"
    )


def changed(path: str | PathLike[str], reason: object) -> BackendError:
    return BackendError(
        f"{show(path)}: its tables are not as lazyjobs made them: {reason}; nothing was written; restore a backup, or "
        "choose another prefix"
    )
