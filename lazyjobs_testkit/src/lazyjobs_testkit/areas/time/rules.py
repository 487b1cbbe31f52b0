"""TIM: what times look like and which clock they come from."""

from datetime import UTC, datetime, timedelta

import pytest

from lazyjobs import CompleteParams, Record, RetryParams
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    EPOCH,
    FUTURE,
    HOUR,
    LAST,
    MICROSECOND,
    PAST,
    assert_clock,
    assert_rounded,
    claim_again,
    claim_nothing,
    keeps_finished,
    stored,
    tick,
    wait_past,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import Verb, each_verb, finish, finish_params

TIMES = ("run_at", "created_at", "updated_at", "lease_expires_at")
TURNS = (
    EPOCH,
    EPOCH + MICROSECOND,
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
    LAST,
)
"""Where something often ends or turns: the epoch, a century, 31 and 32 bits of seconds, the last moment permitted."""


class TimeTests:
    @rule(
        "TIM-01",
        "every time handed out is aware and in UTC",
        text="All times are aware, in UTC, with at most microseconds.",
        level=Level.CORE,
        cause="the database's driver answers naive or local times, or fromtimestamp() without a zone",
        needs=("CLM-01",),
    )
    def test_every_time_handed_out_is_aware_and_in_utc(self, bench: Bench) -> None:
        inserted = bench.insert(run_at=PAST)
        claimed = bench.claim_due()
        listed = bench.records()[inserted.id]
        for source, record in (("insert", inserted), ("claim", claimed), ("list", listed)):
            for name in TIMES:
                assert_utc(f"{name} as {source} returned it", getattr(record, name))

    @rule(
        "TIM-02",
        "times keep their microseconds, or are rounded up to the declared precision",
        text="Aware UTC with microseconds. A backend may declare a coarser precision; it then rounds up, and the time "
        "it returns is the one that decides.",
        level=Level.CORE,
        cause="a float of seconds, a column of milliseconds or seconds, int() where rounding up is due",
        needs=("INS-04",),
    )
    @pytest.mark.parametrize("year", [1971, 2024, 2199])
    def test_times_keep_their_microseconds(self, bench: Bench, year: int) -> None:
        start = datetime(year, 3, 1, 12, 34, 56, tzinfo=UTC)
        for microseconds in (1, 10, 999, 1_000, 123_457, 500_000, 999_000, 999_999):
            run_at = start + microseconds * MICROSECOND
            record = bench.insert(run_at=run_at)
            assert_rounded(bench, f"run_at of record {record.id}", record.run_at, run_at)

    @rule(
        "TIM-03",
        "times from the first moment of 1970 to the last of 2200 are kept",
        text="years 1970 to 2200",
        level=Level.CORE,
        cause="`if run_at` where the epoch is 0 and false, 32-bit seconds that end in 2038, floats that lose "
        "microseconds, years written without leading zeros",
        needs=(
            "CLM-09",
            "TIM-02",
        ),
    )
    def test_the_first_and_the_last_moment_are_kept(self, bench: Bench) -> None:
        given = {bench.insert(run_at=run_at).id: run_at for run_at in TURNS}
        for id, record in bench.records().items():
            assert_rounded(bench, f"run_at of record {id}", record.run_at, given[id])

    @rule("TIM-03")
    def test_a_claim_at_the_epoch_finds_nothing_that_is_due_later(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        claim_nothing(bench, f"now was {describe(EPOCH)}", now=EPOCH)

    @rule(
        "TIM-04",
        "created_at and updated_at of a new record are the backend's clock",
        text="`created_at` and `updated_at` come from the backend's own clock",
        level=Level.CORE,
        cause="the local time taken for UTC, run_at copied into them, a clock far off without a declared clock_skew",
        needs=("INS-01",),
    )
    def test_a_new_record_has_the_times_of_the_clock(self, bench: Bench) -> None:
        began = bench.now()
        record = bench.insert(run_at=FUTURE)
        ended = bench.now()
        assert_clock(bench, f"created_at of record {record.id}", record.created_at, began, ended)
        assert_clock(bench, f"updated_at of record {record.id}", record.updated_at, began, ended)

    @rule(
        "TIM-05",
        "created_at never changes",
        text="The backend's clock at the insert; never changed.",
        level=Level.CORE,
        cause="a timestamp column that the database updates by itself, or records written anew at each transition",
        needs=(
            "TRN-01",
            "TRN-16",
        ),
    )
    @each_verb
    def test_created_at_never_changes(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        inserted = bench.insert(run_at=PAST)
        tick(bench)
        claimed = bench.claim_due()
        bench.backend.retry(RetryParams(id=claimed.id, attempt=claimed.attempt, run_at=PAST))
        claimed = claim_again(bench, claimed)
        assert_created(inserted, claimed, "a claim, a retry and another claim")
        finish(bench.backend, finish_params(verb, claimed))
        assert_created(inserted, stored(bench, inserted.id), verb)

    @rule(
        "TIM-06",
        "each transition moves updated_at on to the backend's clock",
        text="The backend's clock at the last transition, but never earlier than before; extending a lease is none.",
        level=Level.CORE,
        cause="one of the four UPDATE statements does not set it",
        needs=(
            "TRN-01",
            "TRN-02",
            "TRN-03",
        ),
    )
    def test_claiming_moves_updated_at_on_to_the_clock(self, bench: Bench) -> None:
        before = bench.insert(run_at=PAST).updated_at
        wait_past(bench, before)
        began = bench.now()
        claimed = bench.claim_due()
        assert_moved_on(bench, before, claimed.updated_at, began, "claim")

    @rule("TIM-06")
    @each_verb
    def test_finishing_moves_updated_at_on_to_the_clock(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        claimed = bench.claimed(run_at=PAST)
        before = claimed.updated_at
        wait_past(bench, before)
        began = bench.now()
        finish(bench.backend, finish_params(verb, claimed, run_at=FUTURE))
        ended = bench.now()
        finished = stored(bench, claimed.id)
        assert_moved_on(bench, before, finished.updated_at, began, verb, ended)

    @rule(
        "TIM-07",
        "a now given to claim touches neither updated_at nor created_at",
        text="A `now` given to claim or extend decides what is due and where the lease ends, and touches neither of "
        "them.",
        level=Level.CORE,
        cause="claim computes now once and uses it for updated_at too",
        needs=(
            "CLM-09",
            "TIM-04",
            "TRN-01",
        ),
    )
    @pytest.mark.parametrize("now", [PAST + DAY, FUTURE], ids=["past", "future"])
    def test_a_now_given_to_claim_touches_neither_updated_at_nor_created_at(self, bench: Bench, now: datetime) -> None:
        began = bench.now()
        bench.insert(run_at=PAST)
        record = bench.claim_due(now=now)
        ended = bench.now()
        assert_clock(bench, f"created_at of record {record.id}", record.created_at, began, ended)
        assert_clock(bench, f"updated_at of record {record.id}", record.updated_at, began, ended)

    @rule("TIM-07")
    def test_a_finish_after_a_claim_in_the_future_has_the_time_of_the_clock(self, bench: Bench) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST, now=FUTURE)
        began = bench.now()
        bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        ended = bench.now()
        finished = stored(bench, record.id)
        assert_clock(bench, f"updated_at of record {record.id}", finished.updated_at, began, ended)

    @rule(
        "TIM-08",
        "the time that is returned decides, be it rounded or not",
        text="it then rounds up, and the time it returns is the one that decides",
        level=Level.CORE,
        cause="dueness is decided on another column, or on another unit, than the one returned",
        needs=("CLM-09",),
    )
    @pytest.mark.parametrize("microseconds", [1, 123_457, 500_001, 999_999])
    def test_the_run_at_returned_decides(self, bench: Bench, microseconds: int) -> None:
        record = bench.insert(run_at=PAST + microseconds * MICROSECOND)
        early = record.run_at - bench.traits.precision
        claim_nothing(bench, f"now was {describe(early)}", now=early)
        claim_again(bench, record, now=record.run_at + HOUR)


def assert_utc(name: str, value: datetime | None) -> None:
    if value is not None:
        assert isinstance(value, datetime), f"{name} is of type {type(value).__name__}"
        assert value.utcoffset() is not None, f"{name} is naive: {value!r}"
        assert value.utcoffset() == timedelta(0), f"{name} is not in UTC: {value!r}"


def assert_created(before: Record, after: Record, occasion: str) -> None:
    times = f"it was {describe(before.created_at)} and is {describe(after.created_at)}"
    assert after.created_at == before.created_at, f"{occasion} changed created_at of record {before.id}: {times}"


def assert_moved_on(
    bench: Bench, before: datetime, after: datetime, began: datetime, verb: str, ended: datetime | None = None
) -> None:
    """Fails unless updated_at is the clock's now, and later than it was; a skewed clock may leave it."""
    assert after >= before, f"{verb} moved updated_at back from {describe(before)} to {describe(after)}"
    assert after > before or bench.traits.clock_skew, f"{verb} left updated_at at {describe(after)}"
    assert_clock(bench, f"updated_at after {verb}", after, began, ended or bench.now())
