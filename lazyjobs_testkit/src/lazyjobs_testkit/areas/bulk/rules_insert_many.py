"""BLK: what insert_many promises."""

from collections.abc import Sequence
from functools import partial

import pytest

from lazyjobs import (
    InsertParams,
    PayloadTooLargeError,
    State,
    SupportsInsertMany,
)
from lazyjobs_testkit.areas.claim.rules import CLAIMED
from lazyjobs_testkit.areas.payload.rules import over_maximum
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._support import (
    HOUR,
    MICROSECOND,
    PAST,
    assert_all_same,
    assert_clock,
    assert_fields,
    assert_rounded,
    assert_same,
    claim_again,
    plain_params,
)
from lazyjobs_testkit.suite._trail import describe

_INSERT = "Inserts each as `Backend.insert` would, in order, and returns the records in that order."
_insert_rule = partial(rule, level=Level.CAPABILITY, capability=SupportsInsertMany)


class InsertManyTests:
    @_insert_rule(
        "BLK-01",
        "insert_many stores every record that it returns",
        text=_INSERT,
        cause="a batch is cut at the storage's maximum (25 items, 10 messages, 1000 rows), or what was left "
        "unprocessed is not sent again",
        needs=("LST-04",),
    )
    @pytest.mark.parametrize("count", [1, 2, 11, 260, 1_100])
    def test_insert_many_stores_every_record(self, bench: Bench, count: int) -> None:
        records = bench.supports(SupportsInsertMany).insert_many(plain_params(count))
        assert len(records) == count, f"insert_many of {count} answered with {len(records)} records"
        ids, listed = {record.id for record in records}, set(bench.records())
        assert len(ids) == count, f"insert_many of {count} answered with {len(ids)} different ids"
        assert ids == listed, f"insert_many of {count} answered with {len(ids)} records, and list shows {len(listed)}"

    @_insert_rule(
        "BLK-02",
        "insert_many answers in the order of its parameters, the ids growing with it",
        text=f"{_INSERT} … greater than those this instance gave before",
        cause="RETURNING in no promised order, or groups by queue that are written one after the other",
        needs=(
            "BLK-01",
            "INS-07",
        ),
    )
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

    @_insert_rule(
        "BLK-03",
        "a record of insert_many is as insert would have made it",
        text=_INSERT,
        cause="a second, shorter statement that forgets a field or a default",
        needs=(
            "INS-02",
            "INS-03",
            "INS-05",
            "INS-10",
            "TIM-02",
            "TIM-04",
            "PAY-02",
            "PAY-03",
            "PAY-04",
            "PAY-05",
            "PAY-06",
            "PAY-07",
            "BLK-02",
        ),
    )
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

    @_insert_rule(
        "BLK-04",
        "insert_many of nothing stores nothing and answers with nothing",
        text="An empty sequence inserts nothing.",
        cause="`INSERT … VALUES` without rows is an error of syntax, an empty batch an error of the service",
        needs=("INS-01",),
    )
    @pytest.mark.parametrize("nothing", [(), []], ids=["tuple", "list"])
    def test_insert_many_of_nothing_stores_nothing(self, bench: Bench, nothing: Sequence[InsertParams]) -> None:
        records = bench.supports(SupportsInsertMany).insert_many(nothing)
        assert len(records) == 0, f"insert_many of nothing answered with {len(records)} records"
        assert not bench.records(), "insert_many of nothing inserted something"

    @_insert_rule(
        "BLK-05",
        "insert_many finds a payload that is too large before anything is written",
        text="A payload that is too large is found before anything is written.",
        cause="the sizes are checked one by one on the way",
        trait="max_payload",
        needs=(
            "PAY-11",
            "BLK-01",
        ),
    )
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
