"""Times as they are stored: microseconds since 1970, in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time_ns

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_from_timestamp = datetime.fromtimestamp

Clock = Callable[[], int]


def read_clock() -> int:
    """The system's clock."""
    return time_ns() // 1000


def make_clock(read: Callable[[], datetime] | None) -> Clock:
    """A clock that tells what `read` tells; the system's for None."""
    if read is None:
        return read_clock
    return lambda: to_micros(read())


def to_micros(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def span(duration: timedelta) -> int:
    return duration // _MICROSECOND


def to_time(micros: int) -> datetime:
    """Exact until the year 2242, where a float of seconds no longer tells microseconds apart."""
    return _from_timestamp(micros / 1_000_000, UTC)
