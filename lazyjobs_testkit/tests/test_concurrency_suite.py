"""Rules under load: what a failure shows, and when a rule cannot be tried. The zoo shows that each catches its race."""

from pathlib import Path

import pytest

from lazyjobs_testkit.areas.concurrency._scripts import contend_for_claims
from lazyjobs_testkit.areas.concurrency.mutants import UnlockedClaim
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._load import threads
from lazyjobs_testkit.zoo.legal import Bare


def test_a_failure_shows_the_calls_and_where_they_are_saved() -> None:
    with (
        Bench(UnlockedClaim.Harness(), seed=3) as bench,
        threads(bench) as stage,
        pytest.raises(AssertionError) as seen,
    ):
        contend_for_claims(stage)
    message = str(seen.value)
    assert message.startswith("duplicated: record ")
    assert ">>>" in message
    told, _, path = message.rpartition(" ")
    assert told.endswith("saved: lazyjobs-conformance replay")
    Path(path).unlink()


def test_a_backend_that_answers_nothing_under_load_blocks_the_rule() -> None:
    with Bench(Bare.Harness(), seed=1) as bench, threads(bench) as stage:
        stage.play = lambda scripts: None  # type: ignore[method-assign]
        with pytest.raises(pytest.skip.Exception, match="not one call under load was answered"):
            stage.judge([])
