"""The rules about concurrency: a backend that holds its lock keeps them, and each racy one breaks its own.

`python lazyjobs_testkit/tests/test_concurrency_suite.py 100` prints how many of that many seeds catch each of them.
"""

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lazyjobs_testkit.harness import Harness, load_harness
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._load import threads
from lazyjobs_testkit.suite._rule import rule_of
from lazyjobs_testkit.suite.concurrency import ConcurrencyTests, in_threads

BACKENDS = Path(__file__).with_name("racy_backends.py")
CAUGHT = {
    "CON-01": ["UnlockedClaimHarness", "UnlockedClaimSqliteHarness"],
    "CON-02": ["OwnLockHarness"],
    "CON-03": ["ProcessLockHarness", "UnlockedClaimSqliteHarness"],
    "CON-04": ["UnlockedFinishHarness", "UnlockedFinishSqliteHarness"],
    "CON-05": ["ProcessLockHarness", "UnlockedFinishSqliteHarness"],
    "CON-06": ["UnlockedFinishHarness"],
    "CON-07": ["CountedIdsHarness", "UnlockedInsertSqliteHarness"],
    "CON-08": ["ProcessLockHarness", "UnlockedInsertSqliteHarness"],
    "CON-09": ["SnapshotsHarness"],
    "CON-10": ["SnapshotFileHarness"],
    "CON-11": ["SoreLoserHarness"],
    "CON-12": ["HoarderHarness"],
    "CON-13": ["CountedTwiceHarness", "CachedListHarness"],
    "CON-14": ["ImpatientHarness"],
    "CON-15": ["UnlockedExtendHarness"],
    "CON-16": ["UnlockedBatchHarness"],
    "CON-17": ["UnlockedBothHarness"],
}
PAIRS = [(rule, name) for rule, names in CAUGHT.items() for name in names]

Test = Callable[..., None]


def harness(name: str) -> Harness:
    return load_harness(f"{BACKENDS}:{name}")()


def variants(rule: str) -> Iterator[Test]:
    """The rule's tests, each once for each way in which threads may share handles."""
    for name, function in vars(ConcurrencyTests).items():
        if name.startswith("test") and rule_of(function) == rule:
            opens = in_threads.args[1] if "open" in inspect.signature(function).parameters else ()
            for arguments in [{"open": open} for open in opens] or [{}]:
                yield partial(function, ConcurrencyTests(), **arguments)


def catch(rule: str, name: str, seed: int) -> str:
    """What the rule says of the backend; "" if nothing."""
    for test in variants(rule):
        with Bench(harness(name), seed=seed) as bench:
            try:
                test(bench=bench)
            except AssertionError as error:
                return str(error)
            except pytest.skip.Exception:
                pass
    return ""


@pytest.mark.parametrize("rule", CAUGHT)
def test_a_backend_that_holds_its_lock_keeps_the_rule(rule: str) -> None:
    name = "SqliteHarness" if rule in ("CON-03", "CON-05", "CON-08", "CON-10", "CON-14") else "TableHarness"
    assert catch(rule, name, seed=1) == ""


@pytest.mark.parametrize(("rule", "name"), PAIRS)
def test_a_racy_backend_is_caught(rule: str, name: str) -> None:
    seed = time.time_ns() % 2**32
    print(f"seed {seed}")
    message = catch(rule, name, seed)
    assert message
    _remove_saved(message)


def test_a_failure_shows_the_calls_and_where_they_are_saved() -> None:
    message = catch("CON-01", "UnlockedClaimHarness", seed=3)
    assert message.startswith("duplicated: record ")
    assert ">>>" in message
    assert "lazyjobs-conformance replay" in message
    assert _remove_saved(message)


def test_a_backend_that_answers_nothing_under_load_blocks_the_rule() -> None:
    with Bench(harness("TableHarness"), seed=1) as bench, threads(bench) as stage:
        stage.play = lambda scripts: None  # type: ignore[method-assign]
        with pytest.raises(pytest.skip.Exception, match="not one call under load was answered"):
            stage.judge([])


def _remove_saved(message: str) -> bool:
    path = Path(message.rpartition(" ")[2])
    found = path.suffix == ".json" and path.exists()
    path.unlink(missing_ok=True) if found else None
    return found


def _print_rates(seeds: int) -> None:
    for rule, name in PAIRS:
        began = time.monotonic()
        caught = 0
        for seed in range(seeds):
            message = catch(rule, name, seed)
            caught += bool(message)
            _remove_saved(message)
        print(f"{rule} {name:30} {caught}/{seeds}  {(time.monotonic() - began) / seeds:.2f} s each", flush=True)


if __name__ == "__main__":
    _print_rates(int(sys.argv[1]))
