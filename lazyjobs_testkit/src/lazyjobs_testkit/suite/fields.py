"""FLD: what a record tells of its claims."""

import string
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Unpack

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    ExtendParams,
    Record,
    RetryParams,
    SupportsClaimMany,
    SupportsExtend,
    SupportsFinishAndClaim,
)
from lazyjobs_testkit.suite._bench import Bench, ClaimFields, rule
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    PAST,
    assert_fields,
    assert_same,
    claim_again,
    insert_in_turn,
    keeps_finished,
    lease_end,
    stored,
)
from lazyjobs_testkit.suite._verbs import Verb, each_verb, finish, finish_params

NAMES = (
    "a",
    "Worker",
    "worker",
    "w" * 100,
    f"{string.ascii_letters}{string.digits}._:/-",
    "host:4711/thread-3",
    ".",
    "/",
)
CLAIMS = ("claimed_by", "taken_from", "abandoned", "spared")
_MANY = 300
_LEAST = 20
_SECONDS = 5.0


class FieldsTests:
    @rule("FLD-01")
    def test_a_new_record_was_claimed_by_nobody(self, bench: Bench) -> None:
        record = bench.insert(run_at=FUTURE)
        for occasion, shown in (("insert", record), ("insert, as list shows it", stored(bench, record.id))):
            assert_fields(shown, occasion, abandoned=0, claimed_by="", taken_from=None, spared=0)

    @rule("FLD-02")
    def test_a_claim_sets_claimed_by_to_its_worker(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        for worker in ("one", "", "two"):
            record = bench.claim_due(worker=worker)
            assert_fields(record, f"a claim with worker={worker!r}", claimed_by=worker)
            assert_fields(stored(bench, record.id), f"a claim with worker={worker!r}, in list,", claimed_by=worker)
            retry(bench, record)

    @rule("FLD-03")
    def test_a_workers_name_is_kept_as_it_was_given(self, bench: Bench) -> None:
        for name in NAMES:
            record = bench.claimed(run_at=PAST, worker=name)
            assert_fields(record, "claiming", claimed_by=name)
            assert_fields(stored(bench, record.id), "claiming, as list shows it,", claimed_by=name)

    @rule("FLD-04")
    def test_each_superseding_claim_raises_abandoned_by_one(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, now=PAST + HOUR)
        for number in range(1, 4):
            record = supersede(bench, record)
            assert_fields(record, f"{number} superseding claims", abandoned=number)
            assert_fields(stored(bench, record.id), f"{number} superseding claims, in list,", abandoned=number)

    @rule("FLD-05")
    def test_claims_and_retries_leave_abandoned_as_it_is(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST)
        assert_fields(record, "the first claim", abandoned=0)
        for number in range(2, 4):
            retry(bench, record)
            assert_fields(stored(bench, record.id), f"retry {number - 1}", abandoned=0)
            record = claim_again(bench, record)
            assert_fields(record, f"claim {number}, of a retried record", abandoned=0)

    @rule("FLD-05")
    @each_verb
    def test_a_late_finish_leaves_abandoned_as_it_is(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = supersede(bench, bench.claimed(run_at=PAST, now=PAST + HOUR))
        finish(bench.backend, finish_params(verb, record, run_at=FUTURE))
        assert_fields(stored(bench, record.id), f"{verb} when the lease had ended", abandoned=1)

    @rule("FLD-06")
    def test_a_claim_that_supersedes_one_without_a_name_says_so(self, bench: Bench) -> None:
        record = supersede(bench, bench.claimed(run_at=PAST, now=PAST + HOUR))
        assert_fields(record, "a claim without a worker was superseded", taken_from="")
        assert_fields(stored(bench, record.id), "a claim without a worker was superseded, in list,", taken_from="")

    @rule("FLD-16")
    def test_a_superseding_claim_says_from_whom(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, now=PAST + HOUR, worker="one")
        for before, worker in (("one", "two"), ("two", ""), ("", ""), ("", "one"), ("one", "one")):
            record = supersede(bench, record, worker=worker)
            occasion = f"{worker!r} superseded {before!r}"
            assert_fields(record, occasion, taken_from=before, claimed_by=worker)
            assert_fields(stored(bench, record.id), f"{occasion}, in list,", taken_from=before, claimed_by=worker)

    @rule("FLD-07")
    def test_an_ordinary_claim_sets_taken_from_to_none(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, now=PAST + HOUR, worker="one")
        assert_fields(record, "the first claim", taken_from=None)
        record = supersede(bench, record, worker="two")
        retry(bench, record)
        record = claim_again(bench, record, worker="three")
        assert_fields(record, "a superseding claim, a retry and a claim", taken_from=None)
        assert_fields(stored(bench, record.id), "a superseding claim, a retry and a claim, in list,", taken_from=None)

    @rule("FLD-08")
    @each_verb
    def test_finishing_leaves_what_the_claims_told(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = supersede(bench, bench.claimed(run_at=PAST, now=PAST + HOUR, worker="one"), worker="two")
        finish(bench.backend, finish_params(verb, record, run_at=FUTURE, last_error="boom"))
        assert_fields(stored(bench, record.id), verb, claimed_by="two", taken_from="one", abandoned=1)

    @rule("FLD-09")
    def test_a_spared_retry_raises_spared_by_one(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, max_attempts=3)
        spared = 0
        for spare in (False, True, True, False, True):
            retry(bench, record, spare=spare)
            spared += spare
            shown = stored(bench, record.id)
            assert_fields(shown, f"a retry with spare={spare}", spared=spared, attempt=record.attempt, max_attempts=3)
            record = claim_again(bench, record)

    @rule("FLD-10")
    def test_repeating_a_retry_does_not_raise_spared(self, bench: Bench) -> None:
        for first in (True, False):
            record = bench.claimed(run_at=PAST)
            for spare in (first, True, False, True):
                retry(bench, record, spare=spare, run_at=FUTURE)
            occasion = f"a retry with spare={first}, repeated with and without"
            assert_fields(stored(bench, record.id), occasion, spared=int(first))

    @rule("FLD-11")
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

    @rule("FLD-12")
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

    @rule("FLD-13")
    def test_extending_leaves_what_the_claims_told(self, bench: Bench) -> None:
        backend = bench.supports(SupportsExtend)
        record = told_of_all(bench)
        backend.extend(ExtendParams(id=record.id, attempt=record.attempt, lease=HOUR))
        assert_same(record, stored(bench, record.id), "extend", but=("lease_expires_at",))

    @rule("FLD-14")
    def test_claim_many_tells_who_claimed_and_from_whom(self, bench: Bench) -> None:
        backend = bench.supports(SupportsClaimMany)
        held = bench.claimed(run_at=PAST, now=PAST + HOUR, worker="one")
        fresh = insert_in_turn(bench, 2)
        params = ClaimParams(now=lease_end(held) + DAY, lease=HOUR, worker="many")
        claimed = {record.id: record for _ in range(4) for record in backend.claim_many(params, 10)}
        assert held.id in claimed, f"claim_many did not hand out record {held.id}, whose lease had ended"
        assert_fields(claimed[held.id], "claim_many", claimed_by="many", taken_from="one", abandoned=1)
        for record in fresh:
            assert record.id in claimed, f"claim_many did not hand out record {record.id}, which was due"
            assert_fields(claimed[record.id], "claim_many", claimed_by="many", taken_from=None, abandoned=0)
        for record in claimed.values():
            assert_same(record, stored(bench, record.id), "claim_many")

    @rule("FLD-15")
    def test_finish_and_claim_tells_who_claimed_and_from_whom(self, bench: Bench) -> None:
        keeps_finished(bench)
        backend = bench.supports(SupportsFinishAndClaim)
        held = bench.claimed(queue="held", run_at=PAST, now=PAST + HOUR, worker="one")
        record = bench.claimed(run_at=PAST)
        params = ClaimParams(queues=("held",), now=lease_end(held), lease=HOUR, worker="next")
        taken = answered(bench, lambda: backend.finish_and_claim(CompleteParams(id=record.id, attempt=1), params))
        assert_fields(taken, "finish_and_claim", id=held.id, claimed_by="next", taken_from="one", abandoned=1)
        assert_same(taken, stored(bench, taken.id), "finish_and_claim")

    @rule("FLD-15")
    def test_finish_and_claim_spares_as_retry_does(self, bench: Bench) -> None:
        backend = bench.supports(SupportsFinishAndClaim)
        record = bench.claimed(run_at=PAST)
        spared = RetryParams(id=record.id, attempt=record.attempt, run_at=FUTURE, spare=True)
        for _ in range(2):
            backend.finish_and_claim(spared, ClaimParams(queues=("nothing",)))
        assert_fields(stored(bench, record.id), "finish_and_claim with a spared retry, repeated", spared=1)


def retry(bench: Bench, record: Record, *, spare: bool = False, run_at: datetime = PAST) -> None:
    bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=run_at, spare=spare))


def supersede(bench: Bench, record: Record, **fields: Unpack[ClaimFields]) -> Record:
    """The record, claimed again just when its lease has ended."""
    fields.setdefault("now", lease_end(record))
    fields.setdefault("lease", timedelta(minutes=1))
    return claim_again(bench, record, **fields)


def told_of_all(bench: Bench, queue: str = "default") -> Record:
    """A running record each of whose fields tells something of its claims."""
    record = bench.claimed(queue=queue, run_at=PAST, worker="zero")
    retry(bench, record, spare=True)
    record = claim_again(bench, record, now=PAST + HOUR, worker="one")
    record = supersede(bench, record, worker="two")
    usual = [name for name in CLAIMS if not getattr(record, name)]
    assert not usual, f"after a spared retry and a superseding claim, {', '.join(usual)} is as in a new record"
    return record


def answered(bench: Bench, call: Callable[[], Record | None]) -> Record:
    """What `call` claims, asked as often as there may be empty answers and once more."""
    for _ in range(1 + bench.traits.empty_answers):
        if (record := call()) is not None:
            return record
    raise AssertionError("finish_and_claim answered None, although a record is due")
