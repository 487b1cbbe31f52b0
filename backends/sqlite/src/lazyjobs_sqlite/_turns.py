"""Whose turn it is among the processes that write to one file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lazyjobs_sqlite._errors import locked
from lazyjobs_sqlite._patience import Patience
from lazyjobs_sqlite._place import Place

_PAUSE = 0.0002
"""Short against a commit, which is what a turn is for; growing pauses would leave the lock free between turns."""


class Turns:
    """A lock among the processes, and the handles, of one file; held by a killed process it is free at once.

    SQLite's own lock starves those who wait: whoever has just released it asks again first. Here everyone who wants the
    lock goes through a gate before it, and whoever waits for the lock holds the gate: so who comes back is behind him.
    A user who finds no such files and may not make them does without: then SQLite's lock is all there is.
    """

    __slots__ = ("_gate", "_lock", "_path", "_place", "_timeout")

    def __init__(self, place: Place, path: Path, timeout: float) -> None:
        self._place = place
        self._path = path
        self._timeout = timeout
        self._gate = -1
        self._lock = -1

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises `BackendUnavailableError` if it is not this one's turn within the timeout, and OSError.

        Raises `BackendError` where the files must not be used.
        """
        patience = Patience(self._timeout, longest=_PAUSE)
        if self._lock < 0:
            self._open()
        try:
            if self._lock >= 0:
                self._take(self._gate, patience)
                self._take(self._lock, patience)
                fcntl.flock(self._gate, fcntl.LOCK_UN)
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Gives back whatever is held; nothing is, and nothing happens."""
        if self._lock >= 0:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def _take(self, descriptor: int, patience: Patience) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not patience.pause():
                    raise locked(self._path, self._timeout) from None
            else:
                return

    def _open(self) -> None:
        with self._place.opened(make=True) as directory:
            gate = None if directory is None else directory.open_file("gate")
            if directory is None or gate is None:
                return
            try:
                lock = directory.open_file("lock")
            except BaseException:
                os.close(gate)
                raise
            if lock is None:
                os.close(gate)
            else:
                self._gate, self._lock = gate, lock

    def close(self) -> None:
        """Closes its files, not the locks of others; the next turn opens them again."""
        for descriptor in (self._gate, self._lock):
            if descriptor >= 0:
                with suppress(OSError):
                    os.close(descriptor)
        self._gate = self._lock = -1
