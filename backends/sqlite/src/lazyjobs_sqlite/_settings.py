"""What can be chosen about a backend, checked."""

import os
import re
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from unicodedata import category

from msgspec import Struct

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_TIMEOUT = timedelta(hours=1)


class Durability(StrEnum):
    """What an acknowledged call survives."""

    FULL = "full"
    """The loss of power: each commit waits for the disk."""
    NORMAL = "normal"
    """The death of the process, not that of the machine, which may lose the last commits."""


class Settings(Struct, frozen=True, kw_only=True):
    """What one backend was opened with."""

    path: Path
    """Absolute, with no symbolic link in it, so that all who open the file meet at the same place."""
    durability: Durability
    busy_timeout: float
    """In seconds."""
    prefix: str
    create: bool
    """Whether a file that is not there is made."""
    mode: int
    """The permissions of a file that is made."""
    clock: Callable[[], datetime] | None
    connection_class: type[sqlite3.Connection]


def check_path(path: str | os.PathLike[str]) -> str:
    """The path as a text; raises ValueError for what names no file."""
    text = os.fsdecode(path)
    if not text or text.endswith("/"):
        raise ValueError("names no file; write the path of one, such as jobs.db or /var/lib/jobs.db")
    if text == ":memory:":
        raise ValueError("is no file; for jobs that are kept in memory alone open memory://, of lazyjobs-memory")
    if text.lower().startswith("file:"):
        raise ValueError(f"is a URI of SQLite's own, which is not understood here; write the path alone, {text[5:]!r}")
    for character in text:
        if category(character) in ("Cc", "Zl", "Zp"):
            raise ValueError(
                f"has a line end or control character in it, {character!r}; no file is named so on purpose"
            )
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise ValueError(f"cannot be the name of a file: {text!r}") from None
    return text


def check_mode(mode: int) -> int:
    if isinstance(mode, bool) or not 0 <= mode <= 0o777 or mode & 0o600 != 0o600 or mode & 0o111:
        raise ValueError("mode must be three octal digits of 0, 2, 4 and 6, such as 600 or 660, the first of them 6")
    return mode


def read_mode(text: str) -> int:
    """Octal digits, as chmod takes them."""
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise ValueError(f"must be three octal digits such as 600 or 660, not {text!r}")
    return check_mode(int(text, 8))


def check_prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix) or prefix.startswith("sqlite"):
        raise ValueError(
            f"prefix must be 1 to 40 characters of a-z 0-9 _, begin with a letter and not with 'sqlite', not {prefix!r}"
        )
    return prefix


def check_timeout(timeout: timedelta) -> float:
    if not timedelta(0) <= timeout <= _LONGEST_TIMEOUT:
        raise ValueError(f"busy_timeout must be from 0 to {_LONGEST_TIMEOUT}, not {timeout}")
    return timeout.total_seconds()


def read_durability(text: str) -> Durability:
    try:
        return Durability(text)
    except ValueError:
        raise ValueError(f"must be {' or '.join(Durability)}, not {text!r}") from None


def read_create(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"must be yes or no, not {text!r}")
    return text == "yes"


def read_timeout(text: str) -> timedelta:
    """Seconds, such as 5 or 0.5."""
    try:
        timeout = timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        raise ValueError(f"must be a number of seconds such as 5 or 0.5, not {text!r}") from None
    check_timeout(timeout)
    return timeout
