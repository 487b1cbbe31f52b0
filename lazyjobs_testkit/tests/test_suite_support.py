"""What the example tests share."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from lazyjobs import Record, State
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.areas.payload.rules import assert_equal, over_maximum, sized
from lazyjobs_testkit.areas.stats.rules import assert_counts
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    MICROSECOND,
    PAST,
    SECOND,
    assert_all_same,
    assert_clock,
    assert_fields,
    assert_rounded,
    claim_ended,
    claim_nothing,
    differences,
    fill,
    keeps_finished,
    lease_end,
    wait_past,
)
from lazyjobs_testkit.suite._verbs import OUTCOMES, VERBS, assert_refused, finish_params, insert_in_state

RECORD = Record(
    id=3,
    kind="k",
    queue="q",
    payload=b"{}",
    state=State.PENDING,
    attempt=0,
    max_attempts=1,
    run_at=PAST,
    created_at=PAST,
    updated_at=PAST,
)


def bench_with(traits: Traits) -> Bench:
    class PlainHarness(Harness):
        def open(self, namespace: str) -> MemoryBackend:
            return MemoryBackend()

        def destroy(self, namespace: str) -> None:
            pass

    PlainHarness.traits = traits
    return Bench(PlainHarness(), seed=1)


def test_differences_names_the_fields_and_their_values() -> None:
    told = differences(RECORD, replace(RECORD, attempt=1, last_error="boom"), but=("last_error",))
    assert told == "attempt was 0 and is 1"


def test_a_missing_record_is_a_difference() -> None:
    with pytest.raises(AssertionError, match=r"the records were \[3\] and are \[\]"):
        assert_all_same({3: RECORD}, {}, "listing")


def test_a_wrong_field_is_told_with_both_values() -> None:
    with pytest.raises(AssertionError, match="after retry, last_error of record 3 is '', not 'boom'"):
        assert_fields(RECORD, "retry", last_error="boom")


def test_counts_of_zero_are_no_difference() -> None:
    assert_counts("by_state", {State.PENDING: 1, State.RUNNING: 0}, {State.PENDING: 1})
    with pytest.raises(AssertionError, match="by_kind counts"):
        assert_counts("by_kind", {"a": 1}, {"a": 2})


@pytest.mark.parametrize("precision", [MICROSECOND, SECOND])
def test_a_time_may_be_rounded_up_by_less_than_the_precision(precision: timedelta) -> None:
    with bench_with(Traits(precision=precision)) as bench:
        assert_rounded(bench, "run_at", PAST, PAST)
        assert_rounded(bench, "run_at", PAST + precision - MICROSECOND, PAST)
        for wrong in (PAST - MICROSECOND, PAST + precision):
            with pytest.raises(AssertionError, match="run_at is"):
                assert_rounded(bench, "run_at", wrong, PAST)


def test_a_clock_may_be_off_by_the_declared_skew() -> None:
    with bench_with(Traits(clock_skew=SECOND)) as bench:
        for got in (PAST - SECOND, PAST + 2 * SECOND):
            assert_clock(bench, "updated_at", got, PAST, PAST + SECOND)
        for got in (PAST - 1.1 * SECOND, PAST + 2.1 * SECOND):
            with pytest.raises(AssertionError, match="which is not the clock"):
                assert_clock(bench, "updated_at", got, PAST, PAST + SECOND)


@pytest.mark.parametrize("retention", [0, 3, timedelta(0), SECOND])
def test_a_short_retention_makes_a_test_of_finished_records_not_applicable(retention: int | timedelta) -> None:
    with bench_with(Traits(retention=retention)) as bench, pytest.raises(pytest.skip.Exception, match="retention"):
        keeps_finished(bench)


@pytest.mark.parametrize("retention", [None, 1000, timedelta(days=1)])
def test_a_long_retention_keeps_finished_records(retention: int | timedelta | None) -> None:
    with bench_with(Traits(retention=retention)) as bench:
        keeps_finished(bench)


@pytest.mark.parametrize("skew", [timedelta(0), timedelta(hours=1)])
def test_an_ended_claim_has_ended_by_every_clock(skew: timedelta) -> None:
    with bench_with(Traits(clock_skew=skew)) as bench:
        record = claim_ended(bench)
        assert lease_end(record) + skew < bench.now()
        assert bench.claim_due().attempt == 2


def test_a_time_far_ahead_is_not_waited_for() -> None:
    with bench_with(Traits()) as bench, pytest.raises(AssertionError, match="ahead of the clock"):
        wait_past(bench, bench.at(3600))


def test_a_claim_that_was_to_find_nothing_tells_what_it_found() -> None:
    with bench_with(Traits()) as bench:
        bench.insert(run_at=PAST)
        with pytest.raises(
            AssertionError, match=r"claimed record 1 \(queue default, run_at 2024-.*\) although it rains"
        ):
            claim_nothing(bench, "it rains")


@pytest.mark.parametrize("count", [7, 25])
def test_fill_inserts_as_many_as_asked_for(count: int) -> None:
    with bench_with(Traits()) as bench:
        assert fill(bench, count, least=count) == len(bench.records()) == count


@pytest.mark.parametrize("state", State, ids=str)
def test_a_record_is_brought_to_any_state(state: State) -> None:
    with bench_with(Traits()) as bench:
        record = insert_in_state(bench, state)
        assert bench.records()[record.id].state is state


def test_an_accepted_finish_is_no_refusal() -> None:
    with bench_with(Traits()) as bench:
        record = bench.claimed(run_at=PAST)
        params = finish_params("complete", record)
        with pytest.raises(AssertionError, match="was accepted, although it rains"):
            assert_refused(bench.backend, params, "it rains")
        assert_refused(bench.backend, finish_params("retry", record), "it is finished")


def test_each_verb_has_an_outcome_of_its_own() -> None:
    assert {*OUTCOMES} == {*VERBS}
    assert len({*OUTCOMES.values()}) == len(VERBS)


def test_two_payloads_are_told_apart_from_their_first_different_byte() -> None:
    with pytest.raises(AssertionError, match=r"from byte 5 on they differ: b'\{\"a\":1.0\}' instead of b'\{\"a\":2\}'"):
        assert_equal(b'{"a":1.0}', b'{"a":2}', "list")


@pytest.mark.parametrize("most", [2, 3, 10, 1000])
@pytest.mark.parametrize("character", ["x", "\U0001f600"])
def test_a_payload_over_the_maximum_is_over_by_one_byte(most: int, character: str) -> None:
    with bench_with(Traits(max_payload=most)) as bench:
        assert len(over_maximum(bench, character)) == most + 1


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 1001])
def test_a_payload_is_of_the_size_asked_for(size: int) -> None:
    with bench_with(Traits()) as bench:
        assert len(sized(bench, size)) == size
