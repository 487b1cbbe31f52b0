"""The backend's own clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

# The class itself: imported in a test that freezes time, the name stands for one that tells no time afterwards.
_datetime: type[datetime] = next(cls for cls in datetime.__mro__ if cls.__module__ == "datetime")
read_utc: Callable[[], datetime] = partial(_datetime.now, UTC)


class Clock:
    """A clock that never goes back, so that the order of transitions is the order of their times.

    Not thread-safe: read it under the backend's lock.
    """

    __slots__ = ("_latest", "_read")

    def __init__(self, read: Callable[[], datetime]) -> None:
        self._read = read
        self._latest = datetime.min.replace(tzinfo=UTC)

    def read(self) -> datetime:
        now = self._read()
        if now < self._latest:
            return self._latest
        self._latest = now
        return now
