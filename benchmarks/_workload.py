"""The measurements: what is done to one contender in one fresh process."""

import gc
import time
from collections.abc import Callable

import psutil
from msgspec import Struct

from benchmarks._contender import Contender
from benchmarks._job import TEXT, runs
from benchmarks._latency import sample_latency
from benchmarks._process import Figures

UNTIL_IDLE = 0.5
"""Seconds a started pool is left alone before its idling is measured."""
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
    contender.start()
    figures = sample_latency(lambda: contender.enqueue(TEXT, 1, time.perf_counter_ns)[0], contender.settle, samples)
    contender.stop()
    return figures


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
