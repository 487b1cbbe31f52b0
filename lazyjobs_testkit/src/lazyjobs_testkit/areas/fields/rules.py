"""FLD: what a record tells of its claims."""

import string
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
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench, ClaimFields
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

_NEW = '`abandoned` and `spared` are 0, `claimed_by` is "" and `taken_from` None'
_WORKER = 'The `worker` of the last claim, be it ""; kept until the next. "" before the first.'
_ABANDONED = (
    "How many of its claims were superseded: raised by one by a claim that takes a running record, by nothing else, "
    "and never lowered."
)
_TAKEN = (
    "A claim that takes a running record supersedes the one before: `abandoned` goes up by one and `taken_from` "
    "becomes the `claimed_by` that was; else `taken_from` becomes None."
)
_COLUMN = "a record is written without the new columns: it was taken from an older statement, which forgets them"

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


class FieldsTests:
    @rule(
        "FLD-01",
        "a new record was claimed by nobody, taken from nobody, and has nothing abandoned or spared",
        text=_NEW,
        level=Level.CORE,
        cause="a column's default: NULL for claimed_by, '' for taken_from",
        needs=("INS-01",),
    )
    def test_a_new_record_was_claimed_by_nobody(self, bench: Bench) -> None:
        record = bench.insert(run_at=FUTURE)
        for occasion, shown in (("insert", record), ("insert, as list shows it", stored(bench, record.id))):
            assert_fields(shown, occasion, abandoned=0, claimed_by="", taken_from=None, spared=0)

    @rule(
        "FLD-02",
        "a claim sets claimed_by to its worker, be it empty",
        text=_WORKER,
        level=Level.CORE,
        cause="params.worker is not stored (a backend written before there was one), or an empty one is not written",
        needs=("CLM-02",),
    )
    def test_a_claim_sets_claimed_by_to_its_worker(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        for worker in ("one", "", "two"):
            record = bench.claim_due(worker=worker)
            assert_fields(record, f"a claim with worker={worker!r}", claimed_by=worker)
            assert_fields(stored(bench, record.id), f"a claim with worker={worker!r}, in list,", claimed_by=worker)
            retry(bench, record)

    @rule(
        "FLD-03",
        "a worker's name is kept as it was given, whatever is permitted",
        text="Who claims: 0 to 100 characters of `A-Z a-z 0-9 . _ : / -`; kept as the record's `claimed_by`.",
        level=Level.CORE,
        cause="a column that is too short, or compares without case",
        needs=(
            "FLD-02",
            "CLM-11",
        ),
    )
    def test_a_workers_name_is_kept_as_it_was_given(self, bench: Bench) -> None:
        for name in NAMES:
            record = bench.claimed(run_at=PAST, worker=name)
            assert_fields(record, "claiming", claimed_by=name)
            assert_fields(stored(bench, record.id), "claiming, as list shows it,", claimed_by=name)

    @rule(
        "FLD-04",
        "each claim that takes a running record raises abandoned by one",
        text=_ABANDONED,
        level=Level.CORE,
        cause="abandoned is not stored (a backend written before there was one), or is a flag instead of a count",
        needs=(
            "LSE-05",
            "LSE-07",
            "LSE-09",
        ),
    )
    def test_each_superseding_claim_raises_abandoned_by_one(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, now=PAST + HOUR)
        for number in range(1, 4):
            record = supersede(bench, record)
            assert_fields(record, f"{number} superseding claims", abandoned=number)
            assert_fields(stored(bench, record.id), f"{number} superseding claims, in list,", abandoned=number)

    @rule(
        "FLD-05",
        "nothing but superseding a claim changes abandoned",
        text=_ABANDONED,
        level=Level.CORE,
        cause="it is derived from the attempt, or from the lease's end instead of the claim that comes after it",
        needs=(
            "FLD-04",
            "TRN-13",
        ),
    )
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

    @rule(
        "FLD-06",
        "a claim that supersedes another says so in taken_from, be the other without a name",
        text=_TAKEN,
        level=Level.CORE,
        cause="taken_from is not stored (a backend written before there was one), or an empty name becomes None",
        needs=(
            "LSE-05",
            "LSE-07",
            "LSE-09",
        ),
    )
    def test_a_claim_that_supersedes_one_without_a_name_says_so(self, bench: Bench) -> None:
        record = supersede(bench, bench.claimed(run_at=PAST, now=PAST + HOUR))
        assert_fields(record, "a claim without a worker was superseded", taken_from="")
        assert_fields(stored(bench, record.id), "a claim without a worker was superseded, in list,", taken_from="")

    @rule(
        "FLD-16",
        "taken_from is the name of the worker that the claim took the record from",
        text=_TAKEN,
        level=Level.CORE,
        cause="it is read after claimed_by was overwritten, so that a worker took the record from itself",
        needs=(
            "FLD-02",
            "FLD-06",
        ),
    )
    def test_a_superseding_claim_says_from_whom(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, now=PAST + HOUR, worker="one")
        for before, worker in (("one", "two"), ("two", ""), ("", ""), ("", "one"), ("one", "one")):
            record = supersede(bench, record, worker=worker)
            occasion = f"{worker!r} superseded {before!r}"
            assert_fields(record, occasion, taken_from=before, claimed_by=worker)
            assert_fields(stored(bench, record.id), f"{occasion}, in list,", taken_from=before, claimed_by=worker)

    @rule(
        "FLD-07",
        "a claim that supersedes none sets taken_from to None",
        text=_TAKEN,
        level=Level.CORE,
        cause="taken_from is only written where there is something to write",
        needs=(
            "FLD-16",
            "TRN-13",
        ),
    )
    def test_an_ordinary_claim_sets_taken_from_to_none(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, now=PAST + HOUR, worker="one")
        assert_fields(record, "the first claim", taken_from=None)
        record = supersede(bench, record, worker="two")
        retry(bench, record)
        record = claim_again(bench, record, worker="three")
        assert_fields(record, "a superseding claim, a retry and a claim", taken_from=None)
        assert_fields(stored(bench, record.id), "a superseding claim, a retry and a claim, in list,", taken_from=None)

    @rule(
        "FLD-13",
        "extending a lease leaves what the record tells of its claims as it is",
        text="Nothing else changes, `updated_at` included.",
        level=Level.CAPABILITY,
        cause=_COLUMN,
        capability=SupportsExtend,
        needs=(
            "FLD-04",
            "FLD-16",
            "FLD-12",
            "EXT-05",
            "EXT-04",
        ),
    )
    def test_extending_leaves_what_the_claims_told(self, bench: Bench) -> None:
        backend = bench.supports(SupportsExtend)
        record = told_of_all(bench)
        backend.extend(ExtendParams(id=record.id, attempt=record.attempt, lease=HOUR))
        assert_same(record, stored(bench, record.id), "extend", but=("lease_expires_at",))

    @rule(
        "FLD-14",
        "claim_many tells who claimed each record and from whom, as claim does",
        text="At most `limit` (at least 1) records, as if by calling `Backend.claim` until it answers None; perhaps "
        "fewer.",
        level=Level.CAPABILITY,
        cause="a statement of its own, which forgets the worker",
        capability=SupportsClaimMany,
        needs=(
            "FLD-04",
            "FLD-07",
            "BLK-06",
        ),
    )
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

    @rule(
        "FLD-15",
        "finish_and_claim spares as retry does, and tells who claimed and from whom as claim does",
        text="Does `complete`, `retry` or `discard`, by the type of `finish`, then `claim`, in one commit.",
        level=Level.CAPABILITY,
        cause="a statement of its own, which forgets spare or the worker",
        capability=SupportsFinishAndClaim,
        needs=(
            "FLD-04",
            "FLD-07",
            "FLD-10",
            "BLK-15",
            "BLK-17",
        ),
    )
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
