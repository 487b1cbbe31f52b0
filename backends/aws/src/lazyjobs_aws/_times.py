"""Times as the table has them: whole microseconds since 1970."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SECOND = 1_000_000
"""In microseconds."""

Clock = Callable[[], datetime]


def read_utc() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def to_microseconds(moment: datetime | timedelta) -> int:
    """A length, or the time since 1970."""
    return (moment - _EPOCH if isinstance(moment, datetime) else moment) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
