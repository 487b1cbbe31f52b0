"""Processes at work are killed at random instants."""

import random
import time
from pathlib import Path

from lazyjobs_testkit.crash import storm
from torture.checking import check_all
from torture.conftest import OpenSite, Tell
from torture.crowds import crowds
from torture.harness import FullHarness
from torture.targets import METHODS, PRUNED

_PROCESSES = 4
_SECONDS = 0.06


def test_kills_at_random_instants_under_load_lose_nothing(
    open_site: OpenSite, choices: random.Random, long: bool, tell: Tell
) -> None:
    kills = calls = 0
    for number in range(125 if long else 10):
        site = open_site(FullHarness)
        # Pruning hides finished records from the check, so every other storm goes without.
        methods = METHODS if number % 2 else tuple(method for method in METHODS if method != "prune")
        if "prune" in methods:
            site.terms = PRUNED
        storm(site, choices, processes=_PROCESSES, seconds=_SECONDS, methods=methods)
        kills += _PROCESSES
        calls += len(site.operations)
        with site.reopened() as ask:
            check_all(site, ask, f"storm {number + 1}: {_PROCESSES} processes at work, each killed")
    tell(kills=kills, calls=calls)


def test_kills_amid_the_work_of_many_threads_lose_nothing(
    open_site: OpenSite, choices: random.Random, long: bool, tell: Tell, tmp_path: Path
) -> None:
    kills = calls = 0
    for number in range(50 if long else 4):
        site = open_site(FullHarness)
        site.terms = PRUNED
        with crowds(site, choices, tmp_path / str(number), processes=2, threads=4) as crowd:
            for each in crowd:
                time.sleep(choices.uniform(0, _SECONDS))
                each.kill()
                kills += 1
        calls += len(site.operations)
        with site.reopened() as ask:
            check_all(site, ask, f"crowd {number + 1}: two processes of four threads, each killed")
    tell(kills=kills, calls=calls)
