"""A worker that is watched, measured on very little."""

from itertools import count
from typing import get_args

import pytest

from benchmarks.operations.__main__ import TITLES, compare_pairs
from benchmarks.operations._work import Work, count_loops, make_work
from benchmarks.operations._worker import Measurement, Storage, Watch, measure
from benchmarks.sqlite._disk import REAL


@pytest.mark.parametrize("watch", get_args(Watch))
def test_every_way_of_watching_is_measured(watch: Watch) -> None:
    figures = measure(Measurement("memory", "noop", watch, 1, 0.1), REAL)  # raises unless all jobs succeeded
    assert figures["rate"] > 0
    assert figures["cpu"] > 0
    assert watch in TITLES


@pytest.mark.parametrize("storage", get_args(Storage))
def test_every_storage_is_measured(storage: Storage) -> None:
    figures = measure(Measurement(storage, "1ms", "everything", 1, 0.1), REAL)
    assert figures["rate"] > 0


def test_the_loops_are_as_many_as_take_the_time() -> None:
    hundredths = count()
    assert count_loops(0.21, lambda: next(hundredths) / 100) == 19  # within 0.2 s by a clock that ticks when looked at


def test_a_size_computes_or_waits() -> None:
    computes, waits = make_work("1ms", 7), make_work("10ms-wait", 7)
    assert isinstance(computes, Work)
    assert isinstance(waits, Work)
    assert (computes.loops, computes.wait, waits.loops, waits.wait) == (7, 0, 0, 0.01)


def test_a_pair_gives_the_ratio_of_the_rates_and_of_the_processor_time() -> None:
    order = Measurement("memory", "noop", "everything", 1, 1)
    watched, alone = [{"rate": 96.0, "cpu": 2e-6}], [{"rate": 100.0, "cpu": 1e-6}]
    rate, cpu = compare_pairs(order, watched, alone)
    assert (rate.ratio[:4], rate.reached) == ("0.96", True)
    assert (cpu.ratio[:4], cpu.own, cpu.reached) == ("2.00", "2.00 µs CPU/job", None)
