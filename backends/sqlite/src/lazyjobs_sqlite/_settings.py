"""What can be chosen about a backend, checked."""

import re
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

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
    clock: Callable[[], datetime] | None
    connection_class: type[sqlite3.Connection]

    @property
    def place(self) -> Path:
        """The directory of what processes that share the file need beside it; nothing in it is worth keeping."""
        return self.path.with_name(f"{self.path.name}-lazyjobs")


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
