"""The page by which the preloaded shim is told what to do; the same layout as in shim.c."""

import ctypes
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

_PATH = 512
_CALLS = 4096
_WHAT = 64
ALWAYS = 2**62
"""A number of calls that is never reached."""
KILL = -1


class Kind(IntEnum):
    """What a call asks of the disk."""

    OPEN = 0
    """For writing."""
    READ = 1
    """Opening for reading, too."""
    WRITE = 2
    SYNC = 3
    TRUNCATE = 4
    UNLINK = 5
    RENAME = 6
    MAP = 7
    STATEMENT = 8
    """Not a call: what a process tells by itself, see `TellingConnection`."""
    LOCK = 9
    """Taking a lock, not letting go of one."""


CHANGES = (Kind.OPEN, Kind.WRITE, Kind.SYNC, Kind.TRUNCATE, Kind.UNLINK, Kind.RENAME, Kind.MAP)
"""The calls between which the storage cannot change, but for what is written to mapped memory."""


class _Page(ctypes.Structure):
    _fields_ = (
        ("prefix", ctypes.c_char * _PATH),
        ("log", ctypes.c_char * _PATH),
        ("armed", ctypes.c_int64),
        ("kinds", ctypes.c_int64),
        ("first", ctypes.c_int64),
        ("count", ctypes.c_int64),
        ("action", ctypes.c_int64),
        ("torn", ctypes.c_int64),
        ("remembering", ctypes.c_int64),
        ("lying", ctypes.c_int64),
        ("calls", ctypes.c_int64),
        ("acted", ctypes.c_int64),
        ("what", (ctypes.c_char * _WHAT) * _CALLS),
    )


class Disk:
    """The disk as processes see it that were started in its `environment`. One at a time uses it.

    Leaving `counting`, `failing`, `killing` or `remembering` makes it an ordinary disk again.
    """

    def __init__(self, shim: Path, directory: Path) -> None:
        self._file = directory / "control"
        self._file.write_bytes(bytes(ctypes.sizeof(_Page)))
        with self._file.open("r+b") as file:
            self._page = _Page.from_buffer(mmap.mmap(file.fileno(), 0))
        self._shim = shim

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a program use this disk."""
        return {"LD_PRELOAD": str(self._shim), "LAZYJOBS_TORTURE": str(self._file)}

    @property
    def calls(self) -> Sequence[str]:
        """The calls that were counted, such as `write jobs.db-wal`."""
        return [self._page.what[number].value.decode() for number in range(min(self._page.calls, _CALLS))]

    @property
    def acted(self) -> int:
        """How many calls failed, or killed."""
        return int(self._page.acted)

    def watch(self, directory: Path) -> None:
        """Only the files in that directory are concerned."""
        self._page.prefix = f"{directory}{os.sep}".encode()

    @contextmanager
    def counting(self, kinds: Sequence[Kind]) -> Iterator[None]:
        """Counts the calls of these kinds."""
        with self._armed(kinds, 0, 0, 0):
            yield

    @contextmanager
    def failing(
        self, error: int, kinds: Sequence[Kind], *, first: int = 0, count: int = ALWAYS, torn: bool = False
    ) -> Iterator[None]:
        """Lets so many calls fail from the first on; a torn write is done by half before the next one fails."""
        with self._armed(kinds, first, count, error, torn=torn):
            yield

    @contextmanager
    def killing(self, kinds: Sequence[Kind], *, first: int, torn: bool = False) -> Iterator[None]:
        """Kills the process before that call, or after half of it if it is a write and torn."""
        with self._armed(kinds, first, 1, KILL, torn=torn):
            yield

    @contextmanager
    def remembering(self, log: Path) -> Iterator[None]:
        """Writes all that changes the files to a log; see `read_log`."""
        self._page.log = str(log).encode()
        self._page.remembering = 1
        try:
            yield
        finally:
            self._page.remembering = 0

    @contextmanager
    def lying(self) -> Iterator[None]:
        """Syncs do nothing, and succeed."""
        self._page.lying = 1
        try:
            yield
        finally:
            self._page.lying = 0

    @contextmanager
    def _armed(
        self, kinds: Sequence[Kind], first: int, count: int, action: int, *, torn: bool = False
    ) -> Iterator[None]:
        page = self._page
        page.kinds = sum(1 << kind for kind in kinds)
        page.first, page.count, page.action, page.torn = first, count, action, torn
        page.calls = page.acted = 0
        page.armed = 1
        try:
            yield
        finally:
            page.armed = 0
