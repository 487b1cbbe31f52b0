"""LSE: how long a claim is exclusive, and what comes after."""

from datetime import datetime, timedelta

import pytest

from lazyjobs import ClaimParams
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    LAST,
    MICROSECOND,
    PAST,
    SECOND,
    assert_clock,
    assert_rounded,
    assert_same,
    claim_again,
    claim_ended,
    claim_nothing,
    lease_end,
    stored,
)
from lazyjobs_testkit.suite._trail import describe

_ENDS = "Its `attempt` goes up by one, its lease ends at `now + params.lease`"
_AGAIN = (
    "A *lease* is until when the claim is exclusive: a running record whose lease has ended is due again, which is "
    "how a crashed worker's record comes back."
)

LONGEST = 366 * DAY


class LeaseTests:
    @rule(
        "LSE-01",
        "the lease ends at the given now plus the given length",
        text=_ENDS,
        level=Level.CORE,
        cause="the end is computed from the backend's clock, or the length from a setting of the backend",
        needs=("CLM-09",),
    )
    @pytest.mark.parametrize("now", [PAST + DAY, FUTURE], ids=["past", "future"])
    def test_the_lease_ends_at_the_given_now_plus_its_length(self, bench: Bench, now: datetime) -> None:
        for lease in (90 * SECOND, 5 * HOUR):
            record = bench.claimed(run_at=PAST, now=now, lease=lease)
            assert_rounded(bench, f"lease_expires_at of record {record.id}", lease_end(record), now + lease)

    @rule(
        "LSE-02",
        "without a now the lease is counted from the backend's clock",
        text="`params.now` if given, else the backend's clock … its lease ends at `now + params.lease`",
        level=Level.CORE,
        cause="the lease is counted from run_at, or its length is ignored",
        needs=("CLM-10",),
    )
    def test_without_a_now_the_lease_is_counted_from_the_clock(self, bench: Bench) -> None:
        began = bench.now()
        record = bench.claimed(run_at=PAST, lease=HOUR)
        ended = bench.now()
        name = f"lease_expires_at of record {record.id}, claimed for an hour, less that hour,"
        assert_clock(bench, name, lease_end(record) - HOUR, began, ended)

    @rule(
        "LSE-03",
        "a running record whose lease has ended is claimed again",
        text=_AGAIN,
        level=Level.CORE,
        cause="only pending and retrying records are looked at: what a crashed worker held is lost for ever",
        needs=("LSE-02",),
    )
    def test_a_record_whose_lease_has_ended_is_claimed_again(self, bench: Bench) -> None:
        first = claim_ended(bench)
        claim_again(bench, first)

    @rule(
        "LSE-04",
        "a lease holds until its end, however long it is",
        text="a record is handed to one caller only, among all threads, processes and machines, until its lease has "
        "ended",
        level=Level.CORE,
        cause="a fixed visibility timeout, a reaper that takes every claim of a certain age by its own clock, "
        "or an end that is rounded or compared with the backend's clock instead of `params.now`",
        needs=(
            "CLM-18",
            "LSE-01",
        ),
    )
    @pytest.mark.parametrize("lease", [SECOND, 40 * SECOND, 13 * HOUR, 30 * DAY], ids=str)
    def test_a_lease_holds_until_its_end(self, bench: Bench, lease: timedelta) -> None:
        now = PAST + DAY
        record = bench.claimed(run_at=PAST, now=now, lease=lease)
        end = lease_end(record)
        for moment in (now, now + lease / 2, end - bench.traits.precision):
            claim_nothing(bench, f"its lease ends at {describe(end)} and now was {describe(moment)}", now=moment)

    @rule(
        "LSE-05",
        "at its end exactly a lease has ended",
        text="Due is a record … whose due time (`run_at` while pending or retrying, `lease_expires_at` while running) "
        "is not after now",
        level=Level.CORE,
        cause="`lease_expires_at < now` instead of `<=`",
        needs=(
            "LSE-01",
            "LSE-03",
        ),
    )
    def test_at_its_end_exactly_a_lease_has_ended(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, now=PAST + DAY, lease=HOUR)
        claim_again(bench, record, now=lease_end(record))

    @rule(
        "LSE-06",
        "leases from a microsecond to 366 days end when they say",
        text="How long the claim is exclusive; more than 0, at most 366 days.",
        level=Level.CORE,
        cause="whole seconds (a lease of 0), a maximum of 12 hours, 32-bit milliseconds, a float's rounding",
        needs=("LSE-01",),
    )
    @pytest.mark.parametrize("now", [PAST + DAY, LAST], ids=["past", "last"])
    def test_the_shortest_and_the_longest_lease_end_when_they_say(self, bench: Bench, now: datetime) -> None:
        leases = (MICROSECOND, 999 * MICROSECOND, 1_500_000 * MICROSECOND, 12 * HOUR + SECOND, 50 * DAY, LONGEST)
        for number, lease in enumerate(leases):
            record = bench.claimed(queue=f"queue-{number}", run_at=PAST, now=now, lease=lease)
            assert_rounded(bench, f"the end of a lease of {lease}", lease_end(record), now + lease)

    @rule(
        "LSE-07",
        "claiming an ended lease again starts a new one, which alone counts",
        text="a running record whose lease has ended is due again … its lease ends at `now + params.lease`",
        level=Level.CORE,
        cause="the new lease is added to the old end, or the old end stays in the index of what is due",
        needs=(
            "LSE-01",
            "LSE-03",
        ),
    )
    @pytest.mark.parametrize("lengths", [(60, 5), (5, 60)], ids=["shorter", "longer"])
    def test_claiming_again_starts_a_new_lease_which_alone_counts(self, bench: Bench, lengths: tuple[int, int]) -> None:
        first_lease, second_lease = (seconds * SECOND for seconds in lengths)
        first = bench.claimed(run_at=PAST, now=PAST + DAY, lease=first_lease)
        again = PAST + 2 * DAY
        second = claim_again(bench, first, now=again, lease=second_lease)
        assert_rounded(bench, "the end of the second lease", lease_end(second), again + second_lease)
        before, after = again + second_lease - 2 * SECOND, again + second_lease + 2 * SECOND
        claim_nothing(bench, f"the second lease ends at {describe(lease_end(second))}", now=before)
        claim_again(bench, second, now=after + bench.traits.precision)

    @rule(
        "LSE-08",
        "each record's lease ends for itself",
        text=_AGAIN,
        level=Level.CORE,
        cause="one lease a worker, instance or queue, renewed or ended by whichever claim came last",
        needs=("LSE-07",),
    )
    def test_each_records_lease_ends_for_itself(self, bench: Bench) -> None:
        now = PAST + DAY
        long = bench.claimed(run_at=PAST, now=now, lease=HOUR)
        short = bench.claimed(run_at=PAST, now=now, lease=10 * SECOND)
        longer = bench.claimed(run_at=PAST, now=now, lease=2 * HOUR)
        claim_again(bench, short, now=now + HOUR / 2, lease=DAY)
        claim_nothing(bench, "the other leases end later", now=now + HOUR / 2)
        claim_again(bench, long, now=now + HOUR * 3 / 2, lease=DAY)
        claim_again(bench, longer, now=now + 3 * HOUR, lease=DAY)

    @rule(
        "LSE-09",
        "an ended lease changes nothing until the record is claimed again",
        text="`running → running` when a claim whose lease has ended is superseded by a new one.",
        level=Level.CORE,
        cause="a reaper moves what has ended back to pending, which loses who held it",
        needs=("LST-09",),
    )
    def test_an_ended_lease_changes_nothing_until_the_record_is_claimed_again(self, bench: Bench) -> None:
        record = claim_ended(bench)
        bench.insert(queue="other", run_at=PAST)
        bench.backend.claim(ClaimParams(queues=("other",)))
        assert_same(record, stored(bench, record.id), "the end of its lease")
