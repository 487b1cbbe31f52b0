"""Latency, sharing and depth, measured on very little."""

import pytest

from benchmarks.sqlite import _backlog
from benchmarks.sqlite._backlog import Depth, run_depth
from benchmarks.sqlite._disk import REAL
from benchmarks.sqlite._latency import Latency, measure_latency
from benchmarks.sqlite._sharer import Share
from benchmarks.sqlite._sharing import Sharing, measure_sharing, summarize_shares
from benchmarks.sqlite._throughput import FIRST_JOBS, Throughput, calibrate


@pytest.mark.parametrize("across", [False, True], ids=["within", "across"])
def test_latency_is_that_of_an_idle_worker_within_a_process_and_across_two(across: bool) -> None:
    figures = measure_latency(Latency("lazyjobs", 3, across=across), REAL)
    assert 0 < figures["p50"] <= figures["p99"]


def test_processes_that_share_a_file_are_all_served() -> None:
    figures = measure_sharing(Sharing(processes=2, seconds=0.3), REAL)
    assert figures["errors"] == 0
    assert figures["evenness"] > 0
    assert figures["rate"] > 0


def test_evenness_is_the_least_served_by_the_most_and_errors_are_added_up() -> None:
    shares = [Share([0.001] * 100, ["locked"]), Share([0.002] * 50, ["locked", "locked"])]
    figures = summarize_shares(shares, 2)
    assert (figures["evenness"], figures["errors"], figures["rate"]) == (0.5, 3, 75)
    assert (figures["p99"], figures["longest"]) == (2, 2)


def test_a_deep_file_is_filled_by_copies_that_the_backend_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_backlog, "FIRST", 100)
    monkeypatch.setattr(_backlog, "BURST", 10)
    figures = run_depth(Depth(records=300, turns=1))  # raises unless stats counts them all
    assert figures["deep"] > 0
    assert figures["stats"] > 0


def test_the_number_of_jobs_is_raised_until_they_take_the_time() -> None:
    order = calibrate(Throughput("raw-lock", "normal", 1, 1, 0), REAL, 0.2)
    assert order.jobs > FIRST_JOBS
