"""Latency: one job after the other, with gaps in which everything comes to rest."""

import math
import time
from collections.abc import Callable, Sequence
from random import Random
from statistics import median

from benchmarks._job import runs
from benchmarks._process import Figures

GAPS = (0.010, 0.030)
"""Between two samples, the shortest and the longest gap in seconds: random, so that no poll keeps step."""
FIRST_SAMPLES = 5
"""Samples taken and dropped, as the first calls of anything are slow."""


def sample_latency(enqueue: Callable[[], int], settle: Callable[[int], None], samples: int) -> Figures:
    """Microseconds from the nanosecond that `enqueue` answers until the first line of the job that it enqueued.

    `settle` returns once that many jobs are through.
    """

    def take(total: int) -> float:
        runs.expect(1)
        begun = enqueue()
        settle(total)
        return (runs.reached_at - begun) / 1000

    return summarize_latency(take_samples(take, samples))


def take_samples(take: Callable[[int], float], samples: int) -> list[float]:
    """What `take` answers to the number of each sample, without those of the first few."""
    gap = Random(samples)  # every contender sees the same gaps
    taken = []
    for number in range(1, FIRST_SAMPLES + samples + 1):
        time.sleep(gap.uniform(*GAPS))
        taken.append(take(number))
    return taken[FIRST_SAMPLES:]


def summarize_latency(taken: Sequence[float]) -> Figures:
    """The median and the 99th percentile."""
    ordered = sorted(taken)
    return {"p50": median(ordered), "p99": ordered[math.ceil(0.99 * len(ordered)) - 1]}
