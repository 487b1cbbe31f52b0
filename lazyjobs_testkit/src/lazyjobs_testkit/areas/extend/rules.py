"""EXT: what extend promises, where it is offered."""

from datetime import datetime
from functools import partial

import pytest

from lazyjobs import ClaimLostError, CompleteParams, ExtendParams, Record, State, SupportsExtend
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    PAST,
    SECOND,
    assert_all_same,
    assert_clock,
    assert_rounded,
    assert_same,
    claim_again,
    claim_ended,
    claim_nothing,
    keeps_finished,
    lease_end,
    stored,
    tick,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import OUTCOMES, insert_in_state

_ENDS = "Makes the current claim's lease end at `now + params.lease`, be that later or earlier than before."
_LOST = "Otherwise raises `ClaimLostError` and changes nothing."
_extend_rule = partial(rule, level=Level.CAPABILITY, capability=SupportsExtend)

NOT_RUNNING = (State.PENDING, *OUTCOMES.values())


class ExtendTests:
    @_extend_rule(
        "EXT-01",
        "an extended lease ends at now + lease",
        text=_ENDS,
        cause="the length is added to the old end instead of to now",
        needs=("LST-09",),
    )
    @pytest.mark.parametrize("now", [FUTURE, FUTURE + DAY], ids=["same", "later"])
    def test_an_extended_lease_ends_at_now_plus_its_length(self, bench: Bench, now: datetime) -> None:
        extending = bench.supports(SupportsExtend)
        record = bench.claimed(run_at=PAST, now=FUTURE, lease=10 * SECOND)
        extending.extend(ExtendParams(id=record.id, attempt=record.attempt, now=now, lease=HOUR))
        end = lease_end(stored(bench, record.id))
        assert_rounded(bench, f"lease_expires_at of record {record.id}", end, now + HOUR)

    @_extend_rule(
        "EXT-02",
        "extend may also bring the end of a lease nearer",
        text=_ENDS,
        cause="max(old end, new end), meant well",
        needs=("EXT-01",),
    )
    def test_extend_may_bring_the_end_nearer(self, bench: Bench) -> None:
        extending = bench.supports(SupportsExtend)
        now = FUTURE
        record = bench.claimed(run_at=PAST, now=now, lease=DAY)
        extending.extend(ExtendParams(id=record.id, attempt=record.attempt, now=now, lease=HOUR))
        end = lease_end(stored(bench, record.id))
        assert_rounded(bench, f"lease_expires_at of record {record.id}", end, now + HOUR)

    @_extend_rule(
        "EXT-03",
        "without a now the extended lease is counted from the backend's clock",
        text="None is the backend's clock; meant for tests.",
        cause="the length is counted from the time of the claim",
        needs=("EXT-01",),
    )
    def test_without_a_now_the_extended_lease_is_counted_from_the_clock(self, bench: Bench) -> None:
        extending = bench.supports(SupportsExtend)
        record = bench.claimed(run_at=PAST, lease=10 * SECOND)
        tick(bench)
        began = bench.now()
        extending.extend(ExtendParams(id=record.id, attempt=record.attempt, lease=HOUR))
        ended = bench.now()
        name = f"lease_expires_at of record {record.id}, extended by an hour, less that hour,"
        assert_clock(bench, name, lease_end(stored(bench, record.id)) - HOUR, began, ended)

    @_extend_rule(
        "EXT-04",
        "a lease that ended while nobody claimed the record again can be extended",
        text="Atomic, and only for the current claim: running, and the same attempt, also when the lease has ended but "
        "nobody claimed the record again.",
        cause="`and lease_expires_at > now` in the update: one late heartbeat loses the job",
        needs=("EXT-01",),
    )
    def test_a_lease_that_ended_unclaimed_can_be_extended(self, bench: Bench) -> None:
        extending = bench.supports(SupportsExtend)
        record = claim_ended(bench)
        try:
            extending.extend(ExtendParams(id=record.id, attempt=record.attempt, lease=HOUR))
        except ClaimLostError as error:
            raise AssertionError(f"extend was refused although nobody claimed record {record.id} again") from error
        end = lease_end(stored(bench, record.id))
        assert end > lease_end(record), f"the lease still ends at {describe(end)}"

    @_extend_rule(
        "EXT-05",
        "extending changes nothing but the lease, updated_at included",
        text="Nothing else changes, `updated_at` included.",
        cause="the update that all transitions share moves updated_at too",
        needs=("EXT-01",),
    )
    @pytest.mark.parametrize("now", [None, FUTURE], ids=["clock", "given"])
    def test_extending_changes_nothing_but_the_lease(self, bench: Bench, now: datetime | None) -> None:
        extending = bench.supports(SupportsExtend)
        record = bench.claimed(run_at=PAST, payload=b'{"a":1}', max_attempts=7)
        before = {each.id: each for each in (bench.claimed(run_at=PAST, lease=HOUR), bench.insert(run_at=PAST))}
        tick(bench)
        extending.extend(ExtendParams(id=record.id, attempt=record.attempt, now=now, lease=HOUR))
        after = bench.records()
        assert_same(record, after.pop(record.id), "extend", but=("lease_expires_at",))
        assert_all_same(before, after, f"extending record {record.id}")

    @_extend_rule(
        "EXT-06",
        "an extended record is not claimed again before its new end, and is at it",
        text="Due is a record … whose due time (`run_at` while pending or retrying, `lease_expires_at` while running) "
        "is not after now",
        cause="the index of what is due keeps the old end",
        needs=(
            "LSE-03",
            "EXT-02",
        ),
    )
    def test_an_extended_record_is_not_claimed_before_its_new_end(self, bench: Bench) -> None:
        extending = bench.supports(SupportsExtend)
        now = FUTURE
        record = bench.claimed(run_at=PAST, now=now, lease=10 * SECOND)
        extending.extend(ExtendParams(id=record.id, attempt=record.attempt, now=now, lease=2 * HOUR))
        end = describe(now + 2 * HOUR)
        shown = describe(stored(bench, record.id).lease_expires_at)
        reason = f"it was extended until {end} (list showed {shown} as its end) and now was {describe(now + HOUR)}"
        claim_nothing(bench, reason, now=now + HOUR)
        claim_again(bench, record, now=now + 3 * HOUR)

    @rule("EXT-06")
    def test_a_record_with_a_shortened_lease_is_claimed_after_its_new_end(self, bench: Bench) -> None:
        extending = bench.supports(SupportsExtend)
        now = FUTURE
        record = bench.claimed(run_at=PAST, now=now, lease=DAY)
        extending.extend(ExtendParams(id=record.id, attempt=record.attempt, now=now, lease=10 * SECOND))
        claim_again(bench, record, now=now + HOUR)

    @_extend_rule(
        "EXT-07",
        "a superseded claim cannot be extended",
        text=_LOST,
        cause="extend asks for the id and the state, not for the attempt",
        needs=(
            "EXT-01",
            "CLM-03",
        ),
    )
    def test_a_superseded_claim_cannot_be_extended(self, bench: Bench) -> None:
        stale = claim_ended(bench)
        claim_again(bench, stale)
        assert_not_extended(bench, stale.id, stale.attempt, f"record {stale.id} was claimed again")

    @_extend_rule(
        "EXT-08",
        "what is not running, or unknown, cannot be extended",
        text=_LOST,
        cause="an upsert, or an extend that brings a finished record back to running",
        needs=(
            "TRN-03",
            "EXT-01",
        ),
    )
    @pytest.mark.parametrize("state", NOT_RUNNING, ids=str)
    def test_what_is_not_running_cannot_be_extended(self, bench: Bench, state: State) -> None:
        keeps_finished(bench)
        record = insert_in_state(bench, state)
        assert_not_extended(bench, record.id, 1, f"record {record.id} is {state}")

    @rule("EXT-08")
    def test_an_unknown_id_cannot_be_extended(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST)
        for id in (record.id + 1, record.id + 1000, 2**62 + 1):
            assert_not_extended(bench, id, record.attempt, f"record {record.id} is the only one")

    @_extend_rule(
        "EXT-09",
        "an attempt that was never claimed cannot be extended",
        text=_LOST,
        cause="`attempt <= given` instead of `attempt = given`",
        needs=("EXT-01",),
    )
    def test_an_attempt_that_was_never_claimed_cannot_be_extended(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST)
        for attempt in (record.attempt + 1, record.max_attempts):
            reason = f"record {record.id} is at attempt {record.attempt}"
            assert_not_extended(bench, record.id, attempt, reason)

    @_extend_rule(
        "EXT-10",
        "a refused extend changes nothing at all",
        text=_LOST,
        cause="the update is made first and the attempt compared afterwards, or an unknown id becomes a record",
        needs=(
            "EXT-07",
            "EXT-08",
            "EXT-09",
        ),
    )
    def test_a_refused_extend_changes_nothing(self, bench: Bench) -> None:
        keeps_finished(bench)
        stale = claim_ended(bench)
        current = claim_again(bench, stale, lease=HOUR)
        done = bench.claimed(run_at=PAST)
        bench.backend.complete(CompleteParams(id=done.id, attempt=done.attempt))
        waiting = bench.insert(run_at=FUTURE)
        before = bench.records()
        for id, attempt in refused_claims(stale, current, done, waiting):
            assert_not_extended(bench, id, attempt, "that claim holds nothing")
        assert_all_same(before, bench.records(), "an extend that was refused")


def refused_claims(stale: Record, current: Record, done: Record, waiting: Record) -> list[tuple[int, int]]:
    """The id and attempt of claims that hold nothing: superseded, never made, finished, pending, unknown."""
    return [
        (stale.id, stale.attempt),
        (current.id, current.attempt + 1),
        (done.id, done.attempt),
        (waiting.id, 1),
        (waiting.id + 1000, 1),
    ]


def assert_not_extended(bench: Bench, id: int, attempt: int, reason: str) -> None:
    """Fails unless extend raises `ClaimLostError`."""
    try:
        bench.supports(SupportsExtend).extend(ExtendParams(id=id, attempt=attempt, lease=DAY))
    except ClaimLostError:
        return
    raise AssertionError(f"extend of record {id}, attempt {attempt}, was accepted, although {reason}")
