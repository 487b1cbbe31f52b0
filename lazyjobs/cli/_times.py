"""Durations and moments, as they are written on a command line and shown in a table."""

import argparse
import re
from datetime import UTC, datetime, timedelta

from lazyjobs.contract import InsertParams

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_DURATION = re.compile("([0-9]+[wdhms])+")
_PART = re.compile("([0-9]+)([wdhms])")


def read_duration(text: str) -> timedelta:
    """The sum of the parts of `text`, such as 90s, 15m, 12h, 30d, 2w or 1h30m; for argparse."""
    if not _DURATION.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"write numbers with units, such as 90s, 15m, 12h, 30d, 2w or 1h30m, not {text!r}"
        )
    try:
        return sum((int(number) * _UNITS[unit] for number, unit in _PART.findall(text)), timedelta(0))
    except (OverflowError, ValueError) as error:  # of a product too large, or of a number of thousands of digits
        raise argparse.ArgumentTypeError("that is longer than any clock tells") from error


def read_moment(text: str) -> datetime:
    """The aware time that `text` gives by ISO 8601; for argparse."""
    example = "write a time with its offset from UTC, such as 2030-01-31T12:00Z or 2030-01-31T12:00+01:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{example}, not {text!r}") from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{example}, since {text!r} is another time in every place")
    try:
        run_at = InsertParams(kind="any", run_at=moment).run_at
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    assert run_at is not None
    return run_at


def shift(now: datetime, by: timedelta) -> datetime:
    """`now` moved by a duration that somebody wrote; raises ValueError where that is no time of any record."""
    try:
        return now + by
    except OverflowError:
        raise ValueError("that is in no year from 1970 to 2200") from None


def tell_distance(moment: datetime, now: datetime) -> str:
    """How far `moment` is from `now`, in its largest unit: "3m ago", "in 2d", "now"."""
    seconds = round((moment - now).total_seconds())
    if not seconds:
        return "now"
    amount = _tell_amount(abs(seconds))
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def _tell_amount(seconds: int) -> str:
    for unit, most in (("s", 60), ("m", 60), ("h", 48)):
        length = int(_UNITS[unit].total_seconds())
        if seconds < most * length:
            return f"{round(seconds / length)}{unit}"
    return f"{round(seconds / 86400)}d"


def tell_moment(moment: datetime, now: datetime) -> str:
    """`moment` in UTC: its time if it is of the last 12 hours, else its date; and how far it is from `now`."""
    recent = abs(moment - now) < timedelta(hours=12)
    utc = moment.astimezone(UTC)
    return (
        f"{utc:%H:%M:%SZ}  {tell_distance(moment, now)}" if recent else f"{utc:%Y-%m-%d} {tell_distance(moment, now)}"
    )
