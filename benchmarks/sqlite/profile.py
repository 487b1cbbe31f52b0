"""`python -m benchmarks.sqlite.profile`: where the processor's time goes in the SQLite backend, method by method.

One thread, at NORMAL (where no sync hides it) unless told otherwise: a backlog, then records in, then each finished
together with the claim of the next. First the microseconds of each without the profiler, then what the profiler saw.
"""

import argparse
import time
from collections.abc import Callable
from cProfile import Profile
from pstats import SortKey, Stats
from tempfile import TemporaryDirectory

from benchmarks._job import PAYLOAD
from benchmarks.sqlite._contender import Setup
from benchmarks.sqlite.lazyjobs_ import open_sqlite
from lazyjobs import Backend, ClaimParams, CompleteParams, InsertParams, Record, SupportsFinishAndClaim

BACKLOG = 2000
INSERT = InsertParams(kind="noop", payload=PAYLOAD)
CLAIM = ClaimParams()


class Cycles:
    """The calls that a job costs, so many times."""

    def __init__(self, backend: Backend, number: int) -> None:
        assert isinstance(backend, SupportsFinishAndClaim)
        self._insert = backend.insert
        self._finish_and_claim = backend.finish_and_claim
        self._number = number
        for _ in range(BACKLOG):
            backend.insert(INSERT)
        self._claimed = backend.claim(CLAIM)

    def insert(self) -> None:
        for _ in range(self._number):
            self._insert(INSERT)

    def finish_and_claim(self) -> None:
        for _ in range(self._number):
            self._claimed = self._finish_and_claim(_complete(self._claimed), CLAIM)


def _complete(record: Record | None) -> CompleteParams:
    assert record is not None
    return CompleteParams(id=record.id, attempt=record.attempt)


def time_call(call: Callable[[], None], number: int) -> float:
    """Microseconds of the processor for each."""
    begun = time.process_time()
    call()
    return (time.process_time() - begun) / number * 1e6


def main() -> None:
    """Measures, profiles and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sqlite.profile", description=__doc__)
    parser.add_argument("--durability", choices=("normal", "full"), default="normal")
    parser.add_argument("--calls", type=int, default=5000, help="of each method (5000)")
    parser.add_argument("--lines", type=int, default=30, help="of the profile (30)")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="lazyjobs-bench-") as directory:
        cycles = Cycles(open_sqlite(Setup(directory, arguments.durability, 1)), arguments.calls)
        for call in (cycles.insert, cycles.finish_and_claim):
            print(f"{call.__name__}: {time_call(call, arguments.calls):.1f} µs")
        with Profile() as profile:
            cycles.insert()
            cycles.finish_and_claim()
        Stats(profile).strip_dirs().sort_stats(SortKey.TIME).print_stats(arguments.lines)


if __name__ == "__main__":
    main()
