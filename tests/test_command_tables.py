"""How commands write texts, times and tables."""

import argparse
from datetime import UTC, datetime, timedelta

import pytest

from lazyjobs import Record, State
from lazyjobs.cli._records import draw_records, record_to_json
from lazyjobs.cli._table import Column, draw
from lazyjobs.cli._times import read_duration, read_moment, tell_distance, tell_moment

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
        ("1d12h", timedelta(hours=36)),
        ("0s", timedelta(0)),
    ],
)
def test_durations_are_numbers_with_units(text: str, duration: timedelta) -> None:
    assert read_duration(text) == duration


@pytest.mark.parametrize("text", ["", "s", "1", "1.5h", "-1h", "1 h", "1y", "1M", "٣s", "1h ", "999999999999999w"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        read_duration(text)


@pytest.mark.parametrize("text", ["2030-01-31T12:00Z", "2030-01-31T13:00+01:00", "2030-01-31 12:00:00.000000+00:00"])
def test_moments_have_an_offset(text: str) -> None:
    assert read_moment(text) == NOON


@pytest.mark.parametrize(
    ("distance", "told"),
    [
        (timedelta(milliseconds=-400), "now"),
        (timedelta(seconds=-59), "59s ago"),
        (timedelta(seconds=90), "in 2m"),
        (timedelta(hours=12, seconds=-3), "in 12h"),
        (timedelta(hours=-47), "47h ago"),
        (timedelta(days=-3), "3d ago"),
        (timedelta(days=700), "in 700d"),
    ],
)
def test_a_distance_is_told_in_its_largest_unit(distance: timedelta, told: str) -> None:
    assert tell_distance(NOON + distance, NOON) == told


def test_a_moment_is_told_by_the_clock_or_by_the_date() -> None:
    assert tell_moment(NOON - timedelta(minutes=5), NOON) == "11:55:00Z  5m ago"
    assert tell_moment(NOON - timedelta(days=5), NOON) == "2030-01-26 5d ago"


def test_a_table_cuts_only_what_may_be_cut_the_last_column_first() -> None:
    columns = [Column("N", right=True), Column("NAME", least=4), Column("TEXT", least=6)]
    rows = [["1", "a name", "a longer text"], ["23", "", ""]]
    assert draw(columns, rows, None) == [" N  NAME    TEXT", " 1  a name  a longer text", "23"]
    assert draw(columns, rows, 20) == [" N  NAME    TEXT", " 1  a name  a longe…", "23"]
    assert draw(columns, rows, 10) == [" N  NAME  TEXT", " 1  a n…  a lon…", "23"]


@pytest.mark.parametrize("width", [None, 80, 200])
def test_an_error_that_quotes_a_url_is_shown_without_its_password(width: int | None) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    record = Record(
        id=1,
        kind="mail.send",
        queue="mail",
        payload=b"{}",
        state=State.DISCARDED,
        attempt=1,
        max_attempts=1,
        run_at=now,
        created_at=now,
        updated_at=now,
        last_error="ConnectionError: postgres://me:hunter2@db",
    )
    shown = "\n".join(draw_records([record], now, width, with_payloads=False))
    assert "hunter2" not in shown
    assert "postgres://me:***@db" in shown
    assert "postgres://me:***@db" in record_to_json(record, with_payload=False)
