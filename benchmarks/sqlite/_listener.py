"""The other process of the latency across processes: one worker, whose job says when it started."""

import logging
import sys
import time
from dataclasses import dataclass
from typing import ClassVar

from benchmarks.sqlite._contender import Setup
from benchmarks.sqlite.lazyjobs_ import Noop, open_sqlite
from lazyjobs import BaseJob, JobRunner


@dataclass
class Stamp(BaseJob):
    """The job under the name by which the producing process enqueues it."""

    kind: ClassVar[str] = Noop.kind
    text: str

    def work(self) -> None:
        sys.stdout.write(f"{time.perf_counter_ns()}\n")
        sys.stdout.flush()


def _listen(directory: str) -> None:
    logging.disable()
    with JobRunner(open_sqlite(Setup(directory, "full", 1)), jobs=[Stamp]):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    _listen(sys.argv[1])
