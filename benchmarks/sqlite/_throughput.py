"""Throughput: producers and workers at once, from the first enqueue to the last acknowledgement."""

import time
from tempfile import TemporaryDirectory
from threading import Barrier, Thread

from msgspec import Struct, structs

from benchmarks._job import TEXT, runs
from benchmarks._process import Figures, obey, order_apart
from benchmarks.sqlite._contender import Contender, Durability, Enqueue, Setup, open_contender
from benchmarks.sqlite._disk import Disk

FIRST_JOBS = 20
GROWTH = 20
"""By how much more is tried at the most, when what was tried took too short a time to tell."""


class Throughput(Struct, frozen=True):
    """One measurement of one contender."""

    contender: str
    durability: Durability
    producers: int
    workers: int
    jobs: int


def measure_throughput(order: Throughput, disk: Disk) -> Figures:
    """Jobs per second, CPU seconds per job and refused enqueues, by a fresh interpreter on that disk."""
    return order_apart(__name__, order, disk.environment())


def calibrate(order: Throughput, disk: Disk, seconds: float) -> Throughput:
    """The order with as many jobs as take about so long; doing so also warms the machine up."""
    jobs, taken = FIRST_JOBS, 0.0
    while taken < seconds / 4:
        taken = jobs / measure_throughput(structs.replace(order, jobs=jobs), disk)["rate"]
        jobs = max(FIRST_JOBS, round(jobs * min(GROWTH, seconds / taken)))
    return structs.replace(order, jobs=jobs)


class Producers:
    """Threads that share out the jobs among themselves."""

    def __init__(self, contender: Contender, number: int, jobs: int) -> None:
        self.refused = 0
        self._contender = contender
        self._ready = Barrier(number + 1)
        shares = [jobs // number + (place < jobs % number) for place in range(number)]
        self._threads = [Thread(target=self._produce, args=(share,), daemon=True) for share in shares]

    def prepare(self) -> None:
        """Starts them; returns once each could begin."""
        for thread in self._threads:
            thread.start()
        while self._ready.n_waiting < len(self._threads):
            time.sleep(0.001)

    def begin(self) -> None:
        """Lets all of them begin at once."""
        self._ready.wait()

    def join(self) -> None:
        """Waits until everything is enqueued."""
        for thread in self._threads:
            thread.join()

    def _produce(self, share: int) -> None:
        enqueue = self._contender.producer()
        self._ready.wait()
        for _ in range(share):
            self._insist(enqueue)

    def _insist(self, enqueue: Enqueue) -> None:
        """Tries again when the database is locked, as a caller would have to."""
        while True:
            try:
                enqueue(TEXT)
            except Exception as error:
                if "locked" not in str(error):
                    raise
                self.refused += 1
            else:
                return


def run_throughput(order: Throughput) -> Figures:
    """The figures, measured in this process."""
    with TemporaryDirectory(prefix="lazyjobs-bench-") as directory:
        contender = open_contender(order.contender, Setup(directory, order.durability, order.workers))
        runs.expect(order.jobs)
        producers = Producers(contender, order.producers, order.jobs)
        producers.prepare()
        contender.start()
        used, begun = time.process_time(), time.perf_counter()
        producers.begin()
        contender.settle(order.jobs)
        seconds, used = time.perf_counter() - begun, time.process_time() - used
        producers.join()
        contender.stop()
        runs.check()
    return {"rate": order.jobs / seconds, "cpu": used / order.jobs, "refused": producers.refused}


if __name__ == "__main__":
    obey(Throughput, run_throughput)
