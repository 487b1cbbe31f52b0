"""Times in parameters: aware, of any zone, kept in UTC; the same rules wherever a time is given."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest
from hypothesis import given

from lazyjobs import ClaimParams, ExtendParams, InsertParams, PruneParams, RetryParams
from tests.support import strategies as drawn

Build = Callable[[datetime | None], object]
FIELDS: dict[str, tuple[str, Build]] = {
    "insert": ("run_at", lambda time: InsertParams(kind="note", run_at=time)),
    "retry": ("run_at", lambda time: RetryParams(id=1, attempt=1, run_at=time)),
    "claim": ("now", lambda time: ClaimParams(now=time)),
    "extend": ("now", lambda time: ExtendParams(id=1, attempt=1, now=time)),
    "prune": ("finished_before", lambda time: PruneParams(finished_before=time)),  # type: ignore[arg-type]
}
everywhere = pytest.mark.parametrize("verb", FIELDS)


def keep(verb: str, time: datetime | None) -> datetime | None:
    field, build = FIELDS[verb]
    kept: datetime | None = getattr(build(time), field)
    return kept


class Summertime(tzinfo):
    """An hour ahead of UTC, and two in July up to the night of its end, whose hour from one to two comes twice."""

    def utcoffset(self, time: datetime | None) -> timedelta:
        assert time is not None
        summer = time.month == 7 and (time.day < 31 or ((time.hour, time.fold) < (2, 0) and not time.fold))
        return timedelta(hours=2 if summer else 1)

    def dst(self, time: datetime | None) -> timedelta:
        return self.utcoffset(time) - timedelta(hours=1)

    def tzname(self, time: datetime | None) -> str:
        return "summer" if self.dst(time) else "winter"


class Nowhere(tzinfo):
    """A zone that does not know its offset, which leaves a time naive."""

    def utcoffset(self, time: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


@everywhere
@drawn.random
@given(drawn.times)
def test_the_moment_stays_and_the_zone_becomes_utc(verb: str, time: datetime) -> None:
    kept = keep(verb, time)
    assert kept is not None
    assert kept == time
    assert kept.tzinfo is UTC


@everywhere
def test_the_bounds_are_those_of_the_moment_whatever_the_zone_writes(verb: str) -> None:
    for time in (drawn.EARLIEST, drawn.LATEST):
        for hours in (-23, 0, 23):
            assert keep(verb, time.astimezone(timezone(timedelta(hours=hours)))) == time


OUTSIDE = [
    drawn.EARLIEST - drawn.TICK,
    drawn.LATEST + drawn.TICK,
    drawn.EARLIEST.replace(tzinfo=timezone(timedelta(hours=1))),
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
]


@pytest.mark.parametrize("time", OUTSIDE, ids=str)
def test_a_time_before_1970_or_after_2200_is_refused(time: datetime) -> None:
    for verb, (field, _) in FIELDS.items():
        with pytest.raises(ValueError, match=rf"^{field} must be in the years 1970 to 2200, not \d{{4}}-"):
            keep(verb, time)


@everywhere
@pytest.mark.parametrize("zone", [None, Nowhere()], ids=["no zone", "no offset"])
def test_a_naive_time_is_refused(verb: str, zone: tzinfo | None) -> None:
    field, _ = FIELDS[verb]
    with pytest.raises(ValueError, match=rf"^{field} must be aware, such as datetime\.now\(UTC\), not the naive 2030"):
        keep(verb, datetime(2030, 1, 1, tzinfo=zone))


@everywhere
def test_what_is_no_datetime_is_refused(verb: str) -> None:
    field, _ = FIELDS[verb]
    values: list[Any] = ["2030-01-01T00:00:00Z", 0, 1.5, date(2030, 1, 1), timedelta(1)]
    for value in values:
        with pytest.raises(TypeError, match=f"^{field} must be a datetime, not {type(value).__name__}$"):
            keep(verb, value)


@pytest.mark.parametrize("verb", sorted(FIELDS.keys() - {"prune"}))
def test_no_time_is_left_to_the_backend(verb: str) -> None:
    assert keep(verb, None) is None


def test_pruning_needs_a_time() -> None:
    with pytest.raises(TypeError, match=r"^finished_before must be a datetime, not NoneType$"):
        keep("prune", None)


@everywhere
def test_of_an_hour_that_comes_twice_the_one_that_was_meant_is_kept(verb: str) -> None:
    first = datetime(2030, 7, 31, 1, 30, tzinfo=Summertime())
    assert keep(verb, first) == datetime(2030, 7, 30, 23, 30, tzinfo=UTC)
    assert keep(verb, first.replace(fold=1)) == datetime(2030, 7, 31, 0, 30, tzinfo=UTC)
