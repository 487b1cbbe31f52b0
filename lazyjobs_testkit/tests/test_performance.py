"""The figures beside the verdict."""

import re

import pytest

from lazyjobs import Backend, ClaimParams, Record
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Harness
from lazyjobs_testkit.performance import MeasurementError, measure


class MemoryHarness(Harness):
    def open(self, namespace: str) -> Backend:
        return MemoryBackend()

    def destroy(self, namespace: str) -> None:
        pass


class StingyBackend(MemoryBackend):
    def claim(self, params: ClaimParams) -> Record | None:
        return None


class StingyHarness(MemoryHarness):
    def open(self, namespace: str) -> Backend:
        return StingyBackend()


def test_rates_and_latencies_are_measured() -> None:
    performance = measure(MemoryHarness(), seconds=0.05, waiting=(3, 40))
    assert min(performance.insert, performance.claim, performance.finish) > 0
    assert [latency.waiting for latency in performance.latencies] == [3, 40]
    assert all(0 < latency.p50 <= latency.p99 for latency in performance.latencies)


def test_filling_stops_when_it_takes_too_long() -> None:
    (latency,) = measure(MemoryHarness(), seconds=0.0, waiting=(1_000_000,)).latencies
    assert 0 < latency.waiting < 1_000_000


def test_the_figures_read_as_lines() -> None:
    lines = str(measure(MemoryHarness(), seconds=0.02, waiting=(3,))).splitlines()
    assert re.fullmatch(r"a second, one caller: insert [\d,]+, claim [\d,]+, finish [\d,]+", lines[0])
    assert re.fullmatch(r"claim with 3 waiting: p50 [\d.]+ ms, p99 [\d.]+ ms", lines[1])


def test_a_backend_that_hands_nothing_out_cannot_be_measured() -> None:
    with pytest.raises(MeasurementError, match="although records are due"):
        measure(StingyHarness(), seconds=0.01, waiting=(3,))
