"""Ids that tell when they were made, unique without asking anyone."""

import secrets
from threading import Lock

_EPOCH = 1_735_689_600_000
"""2025-01-01, in milliseconds: 41 bits of them last until 2094."""
_RANDOM_BITS = 22
_LARGEST_STEP = 1 << 10


def milliseconds_since(id: int, earlier: int) -> int:
    """How many milliseconds after the id `earlier` the id was made; negative if before."""
    return (id >> _RANDOM_BITS) - (earlier >> _RANDOM_BITS)


class Ids:
    """Gives ids that grow: 41 bits of milliseconds, then 22 random ones. Thread-safe.

    Two instances may give the same id, once in four million of those made in one millisecond; the store tells.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0

    def next(self, now: int) -> int:
        """An id made at `now`, in microseconds since 1970."""
        milliseconds = max(now // 1000 - _EPOCH, 0)
        fresh = (milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = max(fresh, self._last + 1 + secrets.randbelow(_LARGEST_STEP))
            return self._last


def oldest_at(now: int) -> int:
    """The least id that can have been made at `now`, in microseconds since 1970."""
    return max(now // 1000 - _EPOCH, 0) << _RANDOM_BITS
