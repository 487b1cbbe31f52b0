"""Trying many backends with many seeds, in several processes."""

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from msgspec import Struct

from lazyjobs_testkit.report import Report
from lazyjobs_testkit.zoo._animal import Budget, Exhibit
from lazyjobs_testkit.zoo._trial import try_suite


class Visit(Struct, frozen=True):
    """One backend to be tried with one seed: by the whole suite, or by one rule alone."""

    exhibit: Exhibit
    seed: int
    rule: str = ""
    full: bool = False
    """Whether every rule has its usual budget."""

    @property
    def budget(self) -> Budget:
        """With what it is tried."""
        return Budget() if self.full else self.exhibit.budget


def visit_all(visits: Sequence[Visit], *, jobs: int) -> Iterator[tuple[Visit, Report]]:
    """The report of each visit, as soon as there is one; at most `jobs` at a time, each in a process of its own."""
    # Spawned, since what the kit starts must not find the threads and locks of this process half copied.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        pending = {
            pool.submit(_try, visit.exhibit.reference, visit.seed, visit.budget, visit.rule): visit for visit in visits
        }
        for future in as_completed(pending):
            yield pending[future], future.result()


def visit_seeds(reference: str, seeds: Iterable[int], *, jobs: int) -> Iterator[tuple[int, Report]]:
    """The report of the whole suite on one backend with each seed and the usual budget, as soon as there is one."""
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending = {pool.submit(_try, reference, seed, Budget(), ""): seed for seed in seeds}
        for future in as_completed(pending):
            yield pending[future], future.result()


def _try(reference: str, seed: int, budget: Budget, rule: str) -> Report:
    return try_suite(reference, seed=seed, budget=budget, rules=[rule] if rule else [])
