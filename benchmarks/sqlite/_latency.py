"""Latency: from the call that enqueues until the job's first line, while the one worker is idle."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import IO

from msgspec import Struct

from benchmarks._job import TEXT
from benchmarks._latency import sample_latency, summarize_latency, take_samples
from benchmarks._process import Figures, obey, order_apart
from benchmarks.sqlite._contender import Enqueue, Setup, open_contender
from benchmarks.sqlite._disk import Disk

LISTENER = "benchmarks.sqlite._listener"


class Latency(Struct, frozen=True):
    """One measurement; across processes it is lazyjobs that is measured, since the others' workers are threads."""

    contender: str
    samples: int
    across: bool = False


def measure_latency(order: Latency, disk: Disk) -> Figures:
    """Microseconds, at FULL, by a fresh interpreter on that disk."""
    return order_apart(__name__, order, disk.environment())


def run_latency(order: Latency) -> Figures:
    """The figures, measured in this process, and with a second one if it is to be across processes."""
    with TemporaryDirectory(prefix="lazyjobs-bench-") as directory:
        setup = Setup(directory, "full", 1)
        return _measure_across(order, setup) if order.across else _measure_within(order, setup)


def _measure_within(order: Latency, setup: Setup) -> Figures:
    contender = open_contender(order.contender, setup)
    enqueue = contender.producer()
    contender.start()
    figures = sample_latency(lambda: _enqueue(enqueue), contender.settle, order.samples)
    contender.stop()
    return figures


def _measure_across(order: Latency, setup: Setup) -> Figures:
    enqueue = open_contender(order.contender, setup).producer()
    with _listening(setup) as starts:

        def take(number: int) -> float:  # noqa: ARG001 (the listener has one job at a time)
            begun = _enqueue(enqueue)
            return (int(starts.readline()) - begun) / 1000

        return summarize_latency(take_samples(take, order.samples))


def _enqueue(enqueue: Enqueue) -> int:
    begun = time.perf_counter_ns()
    enqueue(TEXT)
    return begun


@contextmanager
def _listening(setup: Setup) -> Iterator[IO[str]]:
    """A process with an idle worker; what is read from it is when each job started, by the clock both share."""
    command = [sys.executable, "-m", LISTENER, setup.directory]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.stdout
        finally:
            process.communicate()


if __name__ == "__main__":
    obey(Latency, run_latency)
