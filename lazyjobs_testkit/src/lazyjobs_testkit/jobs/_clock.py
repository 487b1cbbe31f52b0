"""The clock of a test."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells aware UTC, and stands still until it is moved; called, it tells the time, as `JobRunner(clock=…)` wants."""

    __slots__ = ("_now",)

    def __init__(self, now: datetime | None = None) -> None:
        self._now = datetime.now(UTC) if now is None else _check_aware(now)

    def __call__(self) -> datetime:
        return self._now

    @property
    def now(self) -> datetime:
        """What the clock tells."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Moves on; what becomes due is run by the next drain. Raises ValueError for a step back."""
        self.move_to(self._now + by)

    def move_to(self, when: datetime) -> None:
        """Moves on to an aware time; raises ValueError for one that has passed, as no backend's clock goes back."""
        when = _check_aware(when)
        if when < self._now:
            raise ValueError(
                f"the clock stands at {self._now} and cannot go back to {when}; a test that lives in the past begins "
                "there, with Jobs(now=…)"
            )
        self._now = when


def _check_aware(when: datetime) -> datetime:
    if when.tzinfo is None:
        raise ValueError(f"{when} has no time zone; write datetime(…, tzinfo=UTC)")
    return when.astimezone(UTC)
