"""Numbers and times as the page shows them."""

from datetime import UTC, datetime, timedelta

import pytest

from lazyjobs.control._words import ago, duration, moment, number, plural, until

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (7, "7"), (1_234_567, "1,234,567"), (0.04, "0.0"), (9.96, "10.0"), (10.4, "10"), (1234.5, "1,234")],
)
def test_numbers_have_thousands_apart_and_a_decimal_below_ten(value: float, shown: str) -> None:
    assert number(value) == shown


def test_one_is_singular() -> None:
    assert [plural(count, "record") for count in (0, 1, 2_000)] == ["0 records", "1 record", "2,000 records"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (7_200, "2 h"),
        (86_400 * 4_000, "4,000 d"),
    ],
)
def test_durations_are_rounded_down_to_the_largest_unit(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(-5, "now"), (0.5, "now"), (1, "1 s ago"), (90, "1 min ago")])
def test_a_clock_that_is_ahead_shows_no_time_in_the_future(seconds: float, shown: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(90, "due in 1 min"), (0, "due in 0 s"), (-3, "due for 3 s")])
def test_what_is_to_come_and_what_is_over_have_words_of_their_own(seconds: float, shown: str) -> None:
    assert until(NOW + timedelta(seconds=seconds), NOW, "due in {}", "due for {}") == shown


def test_a_moment_is_told_in_utc() -> None:
    assert moment(NOW) == "2030-01-01 12:00:00 UTC"
