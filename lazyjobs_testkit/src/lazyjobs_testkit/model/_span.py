"""Times known only within bounds."""

from datetime import UTC, datetime, timedelta
from typing import Self

from msgspec import Struct

CLOCK_SLACK = timedelta(milliseconds=1)
"""By how much two readings of one machine's clock may seem out of order, as they are rounded in different ways."""

_NO_TIME = timedelta(0)


class Span(Struct, frozen=True, gc=False):
    """A time that lies between two instants, both included; when they are equal it is known."""

    earliest: datetime
    latest: datetime

    @classmethod
    def at(cls, time: datetime) -> Self:
        """A time that is known."""
        return cls(time, time)

    def __contains__(self, time: datetime) -> bool:
        return time.tzinfo is not None and self.earliest <= time <= self.latest

    def __str__(self) -> str:
        if self.earliest == self.latest:
            return tell_time(self.earliest)
        return f"from {tell_time(self.earliest)} to {tell_time(self.latest)}"

    def later_of(self, other: "Span") -> "Span":
        """The later of two times."""
        return Span(max(self.earliest, other.earliest), max(self.latest, other.latest))

    def shifted(self, by: timedelta) -> "Span":
        """The time that is so much later."""
        return Span(self.earliest + by, self.latest + by)

    def rounded_up(self, precision: timedelta) -> "Span":
        """The time as a backend of that precision stores it."""
        return Span(self.earliest, self.latest + precision - datetime.resolution)

    def widened(self, by: timedelta) -> "Span":
        """The time, less certain by so much on both sides."""
        return Span(self.earliest - by, self.latest + by) if by > _NO_TIME else self


def tell_time(time: datetime) -> str:
    """The time as people read it: in UTC, without the date if that is today's."""
    if time.utcoffset() is None:
        return f"{time.isoformat()} (naive)"
    utc = time.astimezone(UTC)
    clock = f"{utc:%H:%M:%S.%f}" if utc.microsecond else f"{utc:%H:%M:%S}"
    return clock if utc.date() == datetime.now(UTC).date() else f"{utc.date()}T{clock}Z"


class Window(Struct, frozen=True, gc=False):
    """When a call was made, by the caller's own clock."""

    began: datetime
    ended: datetime

    @classmethod
    def open(cls) -> Self:
        """A call that begins now and of which no end is known."""
        now = datetime.now(UTC)
        return cls(now, now)

    def clock(self, skew: timedelta) -> Span:
        """What the backend's clock may have shown during the call."""
        return Span(self.began, self.ended).widened(skew + CLOCK_SLACK)
