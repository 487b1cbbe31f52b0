"""BLK: what the methods promise that do several things in one step, where they are offered."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    FinishParams,
    InsertParams,
    PayloadTooLargeError,
    Record,
    State,
    SupportsClaimMany,
    SupportsFinishAndClaim,
    SupportsInsertMany,
)
from lazyjobs_testkit.suite._bench import KIND, Bench, rule
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    MICROSECOND,
    PAST,
    assert_all_same,
    assert_clock,
    assert_fields,
    assert_rounded,
    assert_same,
    claim_again,
    claim_ended,
    insert_in_turn,
    keeps_finished,
    lease_end,
    plain_params,
    stored,
    tick,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import OUTCOMES, Verb, each_verb, finish_params
from lazyjobs_testkit.suite.claim import CLAIMED, assert_in_order, needs_strict_ordering
from lazyjobs_testkit.suite.payload import over_maximum


class BulkTests:
    @rule("BLK-01")
    @pytest.mark.parametrize("count", [1, 2, 11, 260, 1_100])
    def test_insert_many_stores_every_record(self, bench: Bench, count: int) -> None:
        records = bench.supports(SupportsInsertMany).insert_many(plain_params(count))
        assert len(records) == count, f"insert_many of {count} answered with {len(records)} records"
        ids, listed = {record.id for record in records}, set(bench.records())
        assert len(ids) == count, f"insert_many of {count} answered with {len(ids)} different ids"
        assert ids == listed, f"insert_many of {count} answered with {len(ids)} records, and list shows {len(listed)}"

    @rule("BLK-02")
    def test_insert_many_answers_in_the_order_of_its_parameters(self, bench: Bench) -> None:
        inserting = bench.supports(SupportsInsertMany)
        first = bench.insert(run_at=PAST)
        params = [
            InsertParams(kind=f"kind-{number}", queue=f"queue-{number % 3}", run_at=PAST - number * HOUR)
            for number in range(60)
        ]
        records = inserting.insert_many(params)
        for place, (record, each) in enumerate(zip(records, params, strict=True)):
            assert record.kind == each.kind, f"at place {place} is a record of {record.kind}, inserted was {each.kind}"
        ids = [first.id, *(record.id for record in records)]
        assert ids == sorted(ids), f"the ids do not grow in the order of the parameters: {ids}"

    @rule("BLK-03")
    def test_a_record_of_insert_many_is_as_insert_would_have_made_it(self, bench: Bench) -> None:
        inserting = bench.supports(SupportsInsertMany)
        payload = b' {"b":1.0,"a":"\xf0\x9f\x98\x80\\u0000"}\n'
        run_at = PAST + 123_457 * MICROSECOND
        given = InsertParams(kind="Kit.Kind", queue="Kit.Queue", payload=payload, max_attempts=7, run_at=run_at)
        began = bench.now()
        explicit, default = inserting.insert_many((given, InsertParams(kind=KIND)))
        ended = bench.now()
        for name in ("kind", "queue", "payload", "max_attempts"):
            got, wanted = getattr(explicit, name), getattr(given, name)
            assert got == wanted, f"{name} of record {explicit.id} is {describe(got)}, inserted was {describe(wanted)}"
        assert_rounded(bench, f"run_at of record {explicit.id}", explicit.run_at, run_at)
        assert_clock(bench, f"run_at of record {default.id}", default.run_at, began, ended)
        for record in (explicit, default):
            assert_fields(record, "insert_many", state=State.PENDING, attempt=0, last_error="", lease_expires_at=None)
            assert_clock(bench, f"created_at of record {record.id}", record.created_at, began, ended)
            assert_clock(bench, f"updated_at of record {record.id}", record.updated_at, began, ended)
        assert_all_same({record.id: record for record in (explicit, default)}, bench.records(), "storing")

    @rule("BLK-03")
    def test_a_record_of_insert_many_is_claimed_like_any_other(self, bench: Bench) -> None:
        (inserted,) = bench.supports(SupportsInsertMany).insert_many(plain_params(1))
        assert_same(inserted, claim_again(bench, inserted), "claiming", but=CLAIMED)

    @rule("BLK-04")
    @pytest.mark.parametrize("nothing", [(), []], ids=["tuple", "list"])
    def test_insert_many_of_nothing_stores_nothing(self, bench: Bench, nothing: Sequence[InsertParams]) -> None:
        records = bench.supports(SupportsInsertMany).insert_many(nothing)
        assert len(records) == 0, f"insert_many of nothing answered with {len(records)} records"
        assert not bench.records(), "insert_many of nothing inserted something"

    @rule("BLK-05")
    def test_insert_many_with_a_payload_too_large_stores_nothing(self, bench: Bench) -> None:
        inserting = bench.supports(SupportsInsertMany)
        too_large = InsertParams(kind=KIND, payload=over_maximum(bench, "x"), run_at=PAST)
        params = [*plain_params(30), too_large, *plain_params(30)]
        try:
            inserting.insert_many(params)
        except PayloadTooLargeError:
            count = len(bench.records())
        else:
            raise AssertionError("insert_many accepted a payload one byte over the maximum")
        assert not count, f"insert_many raised for its 31st payload, and {count} records were written"

    @rule("BLK-06")
    def test_claim_many_claims_each_record_as_claim_would(self, bench: Bench) -> None:
        before = {record.id: record for record in insert_in_turn(bench, 3)}
        now = PAST + DAY
        claimed = claim_some(bench, 10, now=now, lease=HOUR)
        listed = bench.records()
        for record in claimed:
            assert_same(before[record.id], record, "claim_many", but=CLAIMED)
            assert_fields(record, "claim_many", state=State.RUNNING, attempt=1)
            assert_rounded(bench, f"lease_expires_at of record {record.id}", lease_end(record), now + HOUR)
            assert_same(record, listed[record.id], "storing what claim_many returned")

    @rule("BLK-06")
    def test_claim_many_claims_an_ended_lease_again(self, bench: Bench) -> None:
        ended = claim_ended(bench)
        (record,) = claim_some(bench, 10)
        assert_fields(record, "claim_many", id=ended.id, attempt=ended.attempt + 1)

    @rule("BLK-07")
    def test_claim_many_claims_no_more_than_the_limit(self, bench: Bench) -> None:
        before = {record.id: record for record in insert_in_turn(bench, 5)}
        claimed = claim_some(bench, 2)
        ids = [record.id for record in claimed]
        assert len(ids) <= 2, f"claim_many with limit 2 claimed records {ids}"
        after = bench.records()
        for id in ids:
            before.pop(id)
            after.pop(id)
        assert_all_same(before, after, f"claim_many of records {ids}")

    @rule("BLK-08")
    def test_claim_many_takes_what_is_due_first_in_order(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        hours = [3, 0, 4, 1, 5, 2, 0, 3]
        names = ["a", "b", "b", "a", "b", "a", "a", "b"]
        records = [bench.insert(queue=name, run_at=PAST + hour * HOUR) for name, hour in zip(names, hours, strict=True)]
        claimed = [*claim_some(bench, 3, queues=("b", "a")), *claim_some(bench, 5, queues=("a", "b"))]
        assert_in_order(claimed, records)

    @rule("BLK-09")
    def test_claim_many_claims_only_what_is_due_on_the_given_queues(self, bench: Bench) -> None:
        bench.claimed(queue="a", run_at=PAST, lease=HOUR)
        bench.insert(queue="a", run_at=FUTURE)
        bench.insert(queue="other", run_at=PAST)
        before = bench.records()
        for _ in range(1 + bench.traits.empty_answers):
            claimed = bench.supports(SupportsClaimMany).claim_many(ClaimParams(queues=("a", "b")), 10)
            assert not claimed, f"claim_many got record {claimed[0].id}, although nothing is due on queues a and b"
        assert_all_same(before, bench.records(), "a claim_many that claimed nothing")

    @rule("BLK-10")
    @pytest.mark.parametrize("limit", [0, -1])
    def test_claim_many_refuses_a_limit_below_one(self, bench: Bench, limit: int) -> None:
        claiming = bench.supports(SupportsClaimMany)
        bench.insert(run_at=PAST)
        try:
            claimed = claiming.claim_many(ClaimParams(), limit)
        except ValueError:
            return
        raise AssertionError(f"claim_many with limit {limit} handed out {len(claimed)} records")

    @rule("BLK-11")
    @pytest.mark.parametrize("limit", [1, 7, 1_000])
    def test_claim_many_again_and_again_hands_out_everything(self, bench: Bench, limit: int) -> None:
        waiting = {record.id for record in insert_in_turn(bench, 25)}
        while waiting:
            for record in claim_some(bench, limit):
                assert record.id in waiting, f"claimed record {record.id} twice"
                waiting.remove(record.id)

    @rule("BLK-12")
    @each_verb
    def test_finish_and_claim_finishes_by_the_type_of_its_first_argument(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        bench.insert(queue="next", run_at=PAST)
        finish_then_claim(bench, finish_params(verb, record, last_error="boom", run_at=FUTURE), "next")
        finished = stored(bench, record.id)
        assert finished.state == OUTCOMES[verb], f"after {verb} in finish_and_claim the record is {finished.state}"
        if verb != "complete":
            assert_fields(finished, f"{verb} in finish_and_claim", last_error="boom")
        if verb == "retry":
            assert_rounded(bench, f"run_at of record {record.id}", finished.run_at, FUTURE)

    @rule("BLK-13")
    def test_finish_and_claim_claims_the_next_record_as_claim_would(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST)
        waiting = bench.insert(queue="next", run_at=PAST)
        now = PAST + DAY
        claimed = finish_then_claim(bench, finish_params("complete", record), "next", now=now)
        assert_same(waiting, claimed, "the claim of finish_and_claim", but=CLAIMED)
        assert_fields(claimed, "finish_and_claim", state=State.RUNNING, attempt=1)
        assert_rounded(bench, f"lease_expires_at of record {claimed.id}", lease_end(claimed), now + HOUR)
        assert_same(claimed, stored(bench, claimed.id), "storing what finish_and_claim returned")

    @rule("BLK-14")
    def test_a_record_retried_by_finish_and_claim_can_be_the_next_one(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        claimed = finish_then_claim(bench, finish_params("retry", record, run_at=PAST), "default")
        assert_fields(claimed, "a retry in finish_and_claim", id=record.id, attempt=record.attempt + 1)

    @rule("BLK-15")
    def test_finish_and_claim_with_nothing_due_has_finished(self, bench: Bench) -> None:
        keeps_finished(bench)
        fused = bench.supports(SupportsFinishAndClaim)
        record = bench.claimed(run_at=PAST)
        claimed = fused.finish_and_claim(finish_params("complete", record), ClaimParams())
        assert claimed is None, f"finish_and_claim got record {claimed.id}, although nothing is due"
        state = stored(bench, record.id).state
        assert state == State.SUCCEEDED, f"finish_and_claim with nothing due left the record {state}"

    @rule("BLK-16")
    @each_verb
    def test_if_the_finish_raises_nothing_is_claimed(self, bench: Bench, verb: Verb) -> None:
        fused = bench.supports(SupportsFinishAndClaim)
        record = bench.claimed(run_at=PAST, lease=HOUR)
        waiting = bench.insert(run_at=PAST)
        lost = finish_params(verb, record, attempt=record.attempt + 1, last_error="boom", run_at=PAST)
        for _ in range(1 + bench.traits.empty_answers):
            try:
                fused.finish_and_claim(lost, ClaimParams())
            except ClaimLostError:
                continue
            raise AssertionError(f"finish_and_claim accepted the {verb} of an attempt that was never claimed")
        before = {each.id: each for each in (record, waiting)}
        assert_all_same(before, bench.records(), "finish_and_claim, whose finish raised,")

    @rule("BLK-17")
    @each_verb
    def test_a_finish_repeated_by_finish_and_claim_changes_nothing(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        first, second = (bench.insert(queue=name, run_at=PAST) for name in ("first", "second"))
        finish_then_claim(bench, finish_params(verb, record, last_error="boom", run_at=FUTURE), first.queue)
        before = stored(bench, record.id)
        tick(bench)
        claimed = finish_then_claim(bench, finish_params(verb, record, last_error="bang", run_at=PAST), second.queue)
        assert claimed.id == second.id, f"claimed record {claimed.id}; only record {second.id} was due"
        assert_same(before, stored(bench, record.id), f"repeating {verb} in finish_and_claim")


def ask(bench: Bench, call: Callable[[], Sequence[Record]], name: str) -> Sequence[Record]:
    """What the call hands out, asked again as often as there may be empty answers; fails if nothing comes."""
    for _ in range(1 + bench.traits.empty_answers):
        if records := call():
            return records
    raise AssertionError(f"{name} handed out nothing, although a record is due")


def claim_some(
    bench: Bench,
    limit: int,
    *,
    queues: tuple[str, ...] = ("default",),
    now: datetime | None = None,
    lease: timedelta = HOUR,
) -> Sequence[Record]:
    """One claim_many where something is due: at least one record."""
    claiming = bench.supports(SupportsClaimMany)
    params = ClaimParams(queues=queues, now=now, lease=lease)
    return ask(bench, lambda: claiming.claim_many(params, limit), "claim_many")


def finish_then_claim(bench: Bench, finish: FinishParams, queue: str, *, now: datetime | None = None) -> Record:
    """One finish_and_claim where something is due; the finish is repeated if the claim may come back empty."""
    fused = bench.supports(SupportsFinishAndClaim)
    params = ClaimParams(queues=(queue,), now=now, lease=HOUR)

    def call() -> Sequence[Record]:
        record = fused.finish_and_claim(finish, params)
        return [] if record is None else [record]

    return ask(bench, call, "finish_and_claim")[0]
