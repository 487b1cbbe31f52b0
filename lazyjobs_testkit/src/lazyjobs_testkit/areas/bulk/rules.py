"""BLK: what the methods promise that do several things in one step, where they are offered."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest

from lazyjobs import (
    ClaimParams,
    Record,
    State,
    SupportsClaimMany,
)
from lazyjobs_testkit.areas.claim.rules import CLAIMED
from lazyjobs_testkit.areas.claim.rules_order import assert_in_order, needs_strict_ordering
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    PAST,
    assert_all_same,
    assert_fields,
    assert_rounded,
    assert_same,
    claim_ended,
    insert_in_turn,
    lease_end,
)

_CLAIM = "At most `limit` (at least 1) records, as if by calling `Backend.claim` until it answers None; perhaps fewer."
_claim_rule = partial(rule, level=Level.CAPABILITY, capability=SupportsClaimMany)


class BulkTests:
    @_claim_rule(
        "BLK-06",
        "claim_many claims each record as claim would",
        text=_CLAIM,
        cause="a second statement that forgets the attempt or the lease, or answers with the records before it",
        needs=(
            "CLM-15",
            "LST-09",
            "CLM-03",
        ),
    )
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

    @_claim_rule(
        "BLK-07",
        "claim_many claims no more than the limit, and leaves the others as they were",
        text=_CLAIM,
        cause="a batch is claimed ahead and only a part of it handed out",
        needs=(
            "BLK-06",
            "CLM-16",
        ),
    )
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

    @_claim_rule(
        "BLK-08",
        "claim_many takes what is due first, in (due time, id) order",
        text=f"{_CLAIM} … Of all of them, over all those queues together, the one with the smallest `(due time, id)` "
        "is taken.",
        cause="UPDATE … RETURNING answers in no promised order, or a limit without an order",
        needs=(
            "BLK-06",
            "CLM-05",
            "CLM-06",
        ),
    )
    def test_claim_many_takes_what_is_due_first_in_order(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        hours = [3, 0, 4, 1, 5, 2, 0, 3]
        names = ["a", "b", "b", "a", "b", "a", "a", "b"]
        records = [bench.insert(queue=name, run_at=PAST + hour * HOUR) for name, hour in zip(names, hours, strict=True)]
        claimed = [*claim_some(bench, 3, queues=("b", "a")), *claim_some(bench, 5, queues=("a", "b"))]
        assert_in_order(claimed, records)

    @_claim_rule(
        "BLK-09",
        "claim_many claims only what is due on the given queues, and at the end nothing",
        text=_CLAIM,
        cause="a second condition for what is due that is not the one of claim",
        needs=(
            "BLK-06",
            "CLM-12",
            "CLM-14",
        ),
    )
    def test_claim_many_claims_only_what_is_due_on_the_given_queues(self, bench: Bench) -> None:
        bench.claimed(queue="a", run_at=PAST, lease=HOUR)
        bench.insert(queue="a", run_at=FUTURE)
        bench.insert(queue="other", run_at=PAST)
        before = bench.records()
        for _ in range(1 + bench.traits.empty_answers):
            claimed = bench.supports(SupportsClaimMany).claim_many(ClaimParams(queues=("a", "b")), 10)
            assert not claimed, f"claim_many got record {claimed[0].id}, although nothing is due on queues a and b"
        assert_all_same(before, bench.records(), "a claim_many that claimed nothing")

    @_claim_rule(
        "BLK-10",
        "claim_many raises ValueError for a limit below 1",
        text="Raises ValueError for a limit below 1.",
        cause="LIMIT 0 is nothing and LIMIT -1 is everything, to SQLite",
        needs=("INS-01",),
    )
    @pytest.mark.parametrize("limit", [0, -1])
    def test_claim_many_refuses_a_limit_below_one(self, bench: Bench, limit: int) -> None:
        claiming = bench.supports(SupportsClaimMany)
        bench.insert(run_at=PAST)
        try:
            claimed = claiming.claim_many(ClaimParams(), limit)
        except ValueError:
            return
        raise AssertionError(f"claim_many with limit {limit} handed out {len(claimed)} records")

    @_claim_rule(
        "BLK-11",
        "claim_many called again and again hands out everything that is due",
        text=f"{_CLAIM} … leaves no due record waiting for ever",
        cause="what was fetched beyond the limit is dropped, or fewer becomes nothing at all",
        needs=(
            "CLM-20",
            "BLK-06",
        ),
    )
    @pytest.mark.parametrize("limit", [1, 7, 1_000])
    def test_claim_many_again_and_again_hands_out_everything(self, bench: Bench, limit: int) -> None:
        waiting = {record.id for record in insert_in_turn(bench, 25)}
        while waiting:
            for record in claim_some(bench, limit):
                assert record.id in waiting, f"claimed record {record.id} twice"
                waiting.remove(record.id)


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
