"""Every contender runs every job exactly once, in both durabilities; a few jobs each, on the real disk."""

import pytest

from benchmarks._apart import measure_apart
from benchmarks._contender import CONTENDERS as IN_PROCESS
from benchmarks._workload import Measurement
from benchmarks.sqlite._contender import CONTENDERS
from benchmarks.sqlite._disk import REAL
from benchmarks.sqlite._throughput import Throughput, measure_throughput

JOBS = 12
SETUPS = [(name, durability) for name in CONTENDERS for durability in ("full", "normal")]


@pytest.mark.parametrize(("name", "durability"), SETUPS)
def test_a_contender_on_sqlite_runs_what_several_producers_enqueue(name: str, durability: str) -> None:
    order = Throughput(name, "full" if durability == "full" else "normal", producers=2, workers=2, jobs=JOBS)
    figures = measure_throughput(order, REAL)
    assert figures["rate"] > 0


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_contender_in_process_runs_its_backlog(name: str) -> None:
    figures = measure_apart(name, Measurement("throughput", 2, JOBS))
    assert figures["end_to_end"] > 0
