"""Trying many backends with many seeds, in several processes."""

import faulthandler
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager

from msgspec import Struct

from lazyjobs_testkit.report import Report
from lazyjobs_testkit.zoo._mutant import Budget, Variant
from lazyjobs_testkit.zoo._trial import try_suite

_LONGEST = 1800.0
"""Seconds."""


class Trial(Struct, frozen=True):
    """One backend to be tried with one seed: by the whole suite, or by one rule alone."""

    variant: Variant
    seed: int
    rule: str = ""
    full: bool = False
    """Whether every rule has its usual budget."""

    @property
    def budget(self) -> Budget:
        """With what it is tried."""
        return Budget() if self.full else self.variant.budget


def try_all(trials: Sequence[Trial], *, jobs: int) -> Iterator[tuple[Trial, Report]]:
    """The report of each trial, as soon as there is one; at most `jobs` at a time, each in a process of its own.

    A trial that takes half an hour ends with where it hung, and with `BrokenProcessPool` here.
    """
    with _processes(jobs) as pool:
        pending = {
            pool.submit(_try, trial.variant.reference, trial.seed, trial.budget, trial.rule): trial for trial in trials
        }
        for future in as_completed(pending):
            yield pending[future], future.result()


def try_seeds(reference: str, seeds: Iterable[int], *, jobs: int) -> Iterator[tuple[int, Report]]:
    """The report of the whole suite on one backend with each seed and the usual budget, as soon as there is one."""
    with _processes(jobs) as pool:
        pending = {pool.submit(_try, reference, seed, Budget(), ""): seed for seed in seeds}
        for future in as_completed(pending):
            yield pending[future], future.result()


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes to try backends in, which end with this one's interest in them, by Ctrl-C or SIGTERM too."""
    # Spawned, since what the kit starts must not find the threads and locks of this process half copied.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool, _ending_on_sigterm():
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    def end(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _try(reference: str, seed: int, budget: Budget, rule: str) -> Report:
    faulthandler.dump_traceback_later(_LONGEST, exit=True)
    try:
        return try_suite(reference, seed=seed, budget=budget, rules=[rule] if rule else [])
    finally:
        faulthandler.cancel_dump_traceback_later()
