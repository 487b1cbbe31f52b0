"""The measurements: what is done to one contender in one fresh process."""

import gc
import math
import time
from collections.abc import Callable
from random import Random
from statistics import median

import psutil
from msgspec import Struct

from benchmarks._contender import Contender
from benchmarks._job import TEXT, runs

Figures = dict[str, float]

UNTIL_IDLE = 0.5
"""Seconds a started pool is left alone before its idling is measured."""
GAPS = (0.010, 0.030)
"""Between two latency samples, the shortest and the longest gap in seconds: random, so that no poll keeps step."""
FIRST_SAMPLES = 5
"""Samples taken and dropped, as the first calls of anything are slow."""
FIRST_RECORDS = 1000
"""Records enqueued before memory is read, so that what is built once is not counted."""


class Measurement(Struct, frozen=True):
    """One thing to measure: which, with how many workers, over how many jobs, samples, seconds or records."""

    name: str
    workers: int
    amount: int


def measure_throughput(contender: Contender, jobs: int) -> Figures:
    """Jobs per second of enqueuing a backlog, of draining it, and of both from the first enqueue to the last ack."""
    runs.expect(jobs)
    begun, enqueued = contender.enqueue(TEXT, jobs, time.perf_counter_ns)
    contender.start()
    contender.settle(jobs)
    drained = time.perf_counter_ns()
    contender.stop()
    runs.check()
    return {
        "enqueue": jobs * 1e9 / (enqueued - begun),
        "drain": jobs * 1e9 / (drained - enqueued),
        "end_to_end": jobs * 1e9 / (drained - begun),
    }


def measure_latency(contender: Contender, samples: int) -> Figures:
    """Microseconds from the call that enqueues a job until the job's first line, while nothing else is to be done."""
    gap = Random(samples)  # every contender sees the same gaps
    contender.start()
    waited = []
    for total in range(1, FIRST_SAMPLES + samples + 1):
        time.sleep(gap.uniform(*GAPS))
        runs.expect(1)
        begun, _ = contender.enqueue(TEXT, 1, time.perf_counter_ns)
        contender.settle(total)
        waited.append((runs.reached_at - begun) / 1000)
    contender.stop()
    kept = sorted(waited[FIRST_SAMPLES:])
    return {"p50": median(kept), "p99": kept[math.ceil(0.99 * samples) - 1]}


def measure_idle(contender: Contender, seconds: int) -> Figures:
    """CPU seconds per second of a started pool with nothing to do."""
    contender.start()
    time.sleep(UNTIL_IDLE)
    used, begun = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    return {"cpu": (time.process_time() - used) / (time.perf_counter() - begun)}


def measure_memory(contender: Contender, records: int) -> Figures:
    """Bytes by which the process grows for each job that waits."""
    contender.enqueue(TEXT, FIRST_RECORDS, _resident_bytes)
    before, after = contender.enqueue(TEXT, records, _resident_bytes)
    return {"bytes": (after - before) / records}


def _resident_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


MEASURES: dict[str, Callable[[Contender, int], Figures]] = {
    "throughput": measure_throughput,
    "latency": measure_latency,
    "idle": measure_idle,
    "memory": measure_memory,
}
"""What each measurement does; the second argument is its amount."""
