"""How many records end a minute, from what the looks at a backend show."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from math import floor, nextafter
from threading import Lock

from msgspec import Struct

from lazyjobs.contract import State
from lazyjobs.runner import RecordSummary, Snapshot

WINDOW = 300.0
BUCKET = 10.0
_TELLING = 1.0
"""For how long nothing must have ended to say that nothing ends."""

_FINISHED = frozenset({State.SUCCEEDED, State.DISCARDED})


class Rate(Struct, frozen=True, kw_only=True):
    """How many records ended in the last minutes."""

    per_minute: float | None
    """None when nothing was seen yet."""
    covered: float
    """How many of the last 300 seconds were seen."""
    buckets: Sequence[float | None]
    """How many ended in each ten seconds of the clock, the oldest first, the current ones last; None where nothing was
    seen."""


class _Span(Struct, frozen=True):
    """Some records ended between two times, in seconds; when exactly, is not known."""

    start: float
    end: float
    count: float

    def within(self, start: float, end: float) -> float:
        """How many of them ended from `start` on and before `end`, if they ended evenly."""
        if self.start == self.end:
            return self.count if start <= self.start < end else 0.0
        shared = min(self.end, end) - max(self.start, start)
        return max(0.0, shared / (self.end - self.start)) * self.count


class _Look(Struct, frozen=True):
    """What one snapshot showed."""

    at: float
    finished: int
    """How many succeeded and discarded records there were."""
    listed: Sequence[RecordSummary] | None
    """The records that changed last; None if only those of some states were asked for."""

    @property
    def whole(self) -> bool:
        """Whether every record there is was listed."""
        return self.listed is not None and len(self.listed) < Snapshot.LIMIT


class Throughput:
    """The rate of finishes over the last five minutes, kept up by showing it each snapshot.

    A look is compared with the one before. If the listed records reach back to it, each record that ended since is
    seen by itself, whatever a prune deletes meanwhile. Otherwise more has changed than is listed, and the growth of the
    counts is taken. If even the finishes that are listed are more than that growth, a prune has eaten it, and the pace
    of those listed stands for the whole time in between; a smaller prune makes that one look count too few. The first
    look, or one after five minutes without, starts from the times of the listed records. Safe in any thread.
    """

    def __init__(self) -> None:
        self._spans: deque[_Span] = deque()
        self._since = 0.0
        self._last: _Look | None = None
        self._lock = Lock()

    def note(self, snapshot: Snapshot, at: datetime, *, narrowed: bool) -> Rate:
        """Takes in a snapshot made at `at`; `narrowed` says that only records of some states were listed."""
        finished = sum(snapshot.stats.by_state.get(state, 0) for state in _FINISHED)
        look = _Look(at.timestamp(), finished, None if narrowed else snapshot.recent)
        with self._lock:
            self._take_in(look)
            return self._rate(look.at)

    def _take_in(self, look: _Look) -> None:
        last = self._last
        if last is not None and look.at <= last.at:
            return
        if last is None or look.at - last.at > WINDOW:
            self._start_over(look)
        else:
            self._spans.append(_Span(last.at, look.at, _count_finishes(last, look)))
        self._last = look
        while self._spans and self._spans[0].end < look.at - WINDOW - BUCKET:
            self._spans.popleft()

    def _start_over(self, look: _Look) -> None:
        ended = sorted(record.updated_at.timestamp() for record in look.listed or () if record.state in _FINISHED)
        self._spans = deque(_Span(time, time, 1) for time in ended if time <= look.at)
        if look.listed is None:
            self._since = look.at
        else:
            self._since = 0.0 if look.whole else look.listed[-1].updated_at.timestamp()

    def _rate(self, now: float) -> Rate:
        since = min(now, max(self._since, now - WINDOW))
        ended = sum(span.within(since, nextafter(now, now + 1)) for span in self._spans)
        return Rate(
            per_minute=ended / (now - since) * 60 if now - since >= _TELLING or (now > since and ended) else None,
            covered=now - since,
            buckets=self._buckets(now),
        )

    def _buckets(self, now: float) -> list[float | None]:
        number = int(WINDOW // BUCKET)
        origin = floor(now / BUCKET) * BUCKET - WINDOW + BUCKET
        totals = [0.0] * number
        for span in self._spans:
            for index in range(max(0, _place(span.start - origin)), min(number, _place(span.end - origin) + 1)):
                start = origin + index * BUCKET
                totals[index] += span.within(start, start + BUCKET)
        unseen = _place(self._since - origin)
        return [None if index < unseen else total for index, total in enumerate(totals)]


def _place(seconds: float) -> int:
    return floor(seconds / BUCKET)


def _count_finishes(last: _Look, look: _Look) -> float:
    grown = max(0, look.finished - last.finished)
    if last.listed is None or look.listed is None:
        return grown
    seen = _count_new(last, look.listed)
    if look.whole or (last.listed and look.listed[-1].updated_at <= last.listed[0].updated_at):
        return seen
    return grown if grown >= seen else max(seen, _pace(look.listed, look.at) * (look.at - last.at))


def _pace(listed: Sequence[RecordSummary], now: float) -> float:
    """Finishes a second among those listed."""
    newest, oldest = listed[0].updated_at.timestamp(), listed[-1].updated_at.timestamp()
    ended = sum(record.state in _FINISHED for record in listed)
    seconds = max(now, newest) - oldest
    return ended / seconds if seconds else 0.0


def _count_new(last: _Look, listed: Sequence[RecordSummary]) -> int:
    """How many of those listed ended since the look before; what it did not list and is older ended before."""
    before = last.listed or ()
    known = {record.id for record in before if record.state in _FINISHED}
    oldest = None if last.whole else before[-1].updated_at
    return sum(
        record.state in _FINISHED and record.id not in known and (oldest is None or record.updated_at >= oldest)
        for record in listed
    )
