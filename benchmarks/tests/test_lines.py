"""Ratios, aims, and what becomes of them in the table."""

import pytest

from benchmarks.sqlite._lines import HEADER, Aim, compare, judge, render_header, render_line


def test_a_ratio_is_the_median_of_the_ratios_of_the_same_round() -> None:
    line = compare("FULL", "huey", [200, 900, 300], [100, 300, 300], "jobs/s", Aim(least=2))
    assert line.ratio == "2.00 (1.00 - 3.00)"
    assert (line.own, line.other, line.reached) == ("300 jobs/s", "300 jobs/s", True)


@pytest.mark.parametrize(
    ("aim", "number", "met"),
    [(Aim(least=3), 3.0, True), (Aim(least=3), 2.99, False), (Aim(most=0), 0, True), (Aim(most=25), 25.1, False)],
)
def test_an_aim_is_met_at_its_bound_and_not_beyond(aim: Aim, number: float, met: bool) -> None:
    assert aim.is_met_by(number) is met


def test_a_miss_stands_out_and_what_has_no_aim_is_left_open() -> None:
    missed = judge("stats", "", [2, 3, 4], "ms", Aim(most=1))
    assert render_line(missed) == "| stats |  | 3.00 ms (2.00 - 4.00) |  |  | ≤ 1 | **no** |"
    assert judge("calls", "", [2.0], "per s", None).cells()[-2:] == ("", "")


def test_the_head_has_a_cell_for_each_of_a_line() -> None:
    head, rule = render_header().splitlines()
    assert head.count("|") == rule.count("|") == len(HEADER) + 1
