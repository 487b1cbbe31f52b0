"""Which rows are measured, and against whom."""

import pytest

from benchmarks.sqlite.__main__ import choose_rows
from benchmarks.sqlite._contender import CONTENDERS
from benchmarks.sqlite._rows import ROWS, ThroughputRow


def test_every_row_is_measured_unless_asked_otherwise() -> None:
    assert choose_rows([""], real=False) == list(ROWS)


def test_a_beginning_chooses_all_rows_that_have_it() -> None:
    assert choose_rows(["full-4", "lat"], real=False) == ["full-4-1ms", "full-4-200us", "latency"]


def test_an_unknown_beginning_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SystemExit, match="no row begins with 'fast'; there are full-4-1ms"):
        choose_rows(["fast"], real=False)


def test_on_the_real_disk_no_row_is_measured_twice() -> None:
    assert choose_rows(["full"], real=True) == ["full-4-1ms", "full-1-1ms"]


def test_every_row_names_contenders_that_there_are() -> None:
    for row in ROWS.values():
        if isinstance(row, ThroughputRow):
            assert set(row.aims) <= set(CONTENDERS)
