"""Numbers, times and foreign texts as they are shown."""

from datetime import datetime

from lazyjobs.contract import State
from lazyjobs.texts import visible as escape

# Beside the word, so that nothing is told by its colour alone.
SIGNS = {
    State.PENDING: "○",
    State.RUNNING: "●",
    State.RETRYING: "↻",
    State.SUCCEEDED: "✓",
    State.DISCARDED: "✕",
}

_SPARED = "\n\t\u200c\u200d\ufe0e\ufe0f"
"""Lines are lines on the page; scripts and emoji need the joiners, and emoji the selectors of their style."""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def visible(text: str) -> str:
    r"""`text` with what could not be seen, or would make other text look different, as `\x1b` or `\u202e`."""
    return escape(text, spare=_SPARED)


def number(value: float) -> str:
    """A count, or a rate: with thousands apart, and a decimal below ten."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def plural(count: int, noun: str) -> str:
    """`1 record`, `2 records`."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """The largest unit that fits, rounded down: `12 s`, `3 min`, `2 h`, `5 d`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{number(int(seconds // size))} {unit}"
    return "0 s"


def moment(time: datetime) -> str:
    """A time to the second, in UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def ago(time: datetime, now: datetime) -> str:
    """How long ago it was."""
    seconds = (now - time).total_seconds()
    return f"{duration(seconds)} ago" if seconds >= 1 else "now"


def until(time: datetime, now: datetime, before: str, after: str) -> str:
    """`before` with how long it will be until then in the place of its braces, or `after` with how long it has been."""
    seconds = (time - now).total_seconds()
    return before.format(duration(seconds)) if seconds >= 0 else after.format(duration(-seconds))
