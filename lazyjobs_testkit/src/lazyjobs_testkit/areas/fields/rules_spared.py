"""FLD: which attempts do not count."""

import time

from lazyjobs_testkit.areas.fields.rules import _ABANDONED, retry, supersede
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    PAST,
    assert_fields,
    claim_again,
    keeps_finished,
    stored,
)
from lazyjobs_testkit.suite._verbs import Verb, each_verb, finish, finish_params

_SPARED = (
    "How many of its attempts do not count: raised by one by each retry with `spare`, by nothing else, and never "
    "lowered."
)
_MANY = 300
_LEAST = 20
_SECONDS = 5.0


class SparedTests:
    @rule(
        "FLD-08",
        "finishing leaves claimed_by, taken_from and abandoned as they are",
        text='The `claimed_by` of the claim that the last one superseded, which may be ""; None if it superseded none. '
        "Set by each claim, kept until the next.",
        level=Level.CORE,
        cause="the fields are cleared together with the lease",
        needs=(
            "FLD-05",
            "FLD-16",
        ),
    )
    @each_verb
    def test_finishing_leaves_what_the_claims_told(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = supersede(bench, bench.claimed(run_at=PAST, now=PAST + HOUR, worker="one"), worker="two")
        finish(bench.backend, finish_params(verb, record, run_at=FUTURE, last_error="boom"))
        assert_fields(stored(bench, record.id), verb, claimed_by="two", taken_from="one", abandoned=1)

    @rule(
        "FLD-09",
        "a retry with spare raises spared by one and no other retry does; max_attempts stays",
        text=_SPARED,
        level=Level.CORE,
        cause="spared is not stored (a backend written before there was one), or max_attempts is raised instead",
        needs=("CLM-02",),
    )
    def test_a_spared_retry_raises_spared_by_one(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, max_attempts=3)
        spared = 0
        for spare in (False, True, True, False, True):
            retry(bench, record, spare=spare)
            spared += spare
            shown = stored(bench, record.id)
            assert_fields(shown, f"a retry with spare={spare}", spared=spared, attempt=record.attempt, max_attempts=3)
            record = claim_again(bench, record)

    @rule(
        "FLD-10",
        "repeating a retry does not raise spared, whatever the repetition says",
        text="With `params.spare` it raises `spared` by one; its repetition does not.",
        level=Level.CORE,
        cause="spared is counted before it is looked whether the record is retrying at that attempt already",
        needs=(
            "FLD-09",
            "TRN-15",
        ),
    )
    def test_repeating_a_retry_does_not_raise_spared(self, bench: Bench) -> None:
        for first in (True, False):
            record = bench.claimed(run_at=PAST)
            for spare in (first, True, False, True):
                retry(bench, record, spare=spare, run_at=FUTURE)
            occasion = f"a retry with spare={first}, repeated with and without"
            assert_fields(stored(bench, record.id), occasion, spared=int(first))

    @rule(
        "FLD-11",
        "hundreds of attempts can be spared and abandoned",
        text=f"{_SPARED} … {_ABANDONED}",
        level=Level.CORE,
        cause="a column of one byte, or counting stops at max_attempts",
        needs=(
            "FLD-04",
            "FLD-09",
            "CLM-17",
        ),
    )
    def test_hundreds_of_attempts_can_be_spared(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, max_attempts=1)
        deadline = time.monotonic() + _SECONDS * bench.budget
        count = 0
        while count < _MANY and (count < _LEAST or time.monotonic() < deadline):
            retry(bench, record, spare=True)
            count += 1
            record = claim_again(bench, record)
        assert_fields(record, f"{count} spared retries", spared=count, attempt=count + 1, max_attempts=1)

    @rule("FLD-11")
    def test_hundreds_of_claims_can_be_abandoned(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, now=PAST + HOUR, max_attempts=1)
        deadline = time.monotonic() + _SECONDS * bench.budget
        count = 0
        while count < _MANY and (count < _LEAST or time.monotonic() < deadline):
            record = supersede(bench, record)
            count += 1
        assert_fields(record, f"{count} superseding claims", abandoned=count, attempt=count + 1)

    @rule(
        "FLD-12",
        "claiming, completing and discarding leave spared as it is",
        text=_SPARED,
        level=Level.CORE,
        cause="a transition builds the record anew and forgets the count",
        needs=(
            "LSE-05",
            "LSE-07",
            "LSE-09",
            "FLD-09",
            "TRN-03",
        ),
    )
    @each_verb
    def test_nothing_but_a_spared_retry_changes_spared(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        retry(bench, record, spare=True)
        record = claim_again(bench, record, now=PAST + DAY)
        assert_fields(record, "a claim of a spared record", spared=1)
        record = supersede(bench, record)
        assert_fields(record, "a superseding claim of a spared record", spared=1)
        finish(bench.backend, finish_params(verb, record, run_at=FUTURE, last_error="boom"))
        assert_fields(stored(bench, record.id), f"{verb} of a spared record", spared=1)
