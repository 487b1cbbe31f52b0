"""Backends whose leases do not hold what they say."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from lazyjobs import ClaimParams, ExtendParams, Record, State
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant

_MILLISECOND = timedelta(milliseconds=1)


class LeaseByTheClock(CorrectBackend):
    """A lease is counted from the clock, also when a now is given."""

    def lease_end(self, params: ClaimParams | ExtendParams, now: datetime) -> datetime:
        return super().lease_end(params, self.now() if isinstance(params, ClaimParams) else now)


class HalfAnHourAtMost(CorrectBackend):
    """A lease of more than half an hour is cut to that, unless a now is given."""

    def lease_end(self, params: ClaimParams | ExtendParams, now: datetime) -> datetime:
        cut = isinstance(params, ClaimParams) and params.now is None
        return (
            min(super().lease_end(params, now), now + timedelta(minutes=30)) if cut else super().lease_end(params, now)
        )


class NeverAgain(CorrectBackend):
    """A running record whose lease has ended stays running for ever."""

    def is_due(self, record: Record, now: datetime) -> bool:
        return record.state is not State.RUNNING and super().is_due(record, now)


class EndsASecondEarly(CorrectBackend):
    """A record is handed out again in the last second of its lease."""

    def due_time(self, record: Record) -> datetime | None:
        due_time = super().due_time(record)
        early = due_time is not None and record.state is State.RUNNING
        return due_time - timedelta(seconds=1) if due_time is not None and early else due_time


class EndsAMomentLater(CorrectBackend):
    """At its end exactly a lease still holds."""

    def is_due(self, record: Record, now: datetime) -> bool:
        return super().is_due(record, now) and (record.state is not State.RUNNING or record.lease_expires_at != now)


class AMillisecondAtLeast(CorrectBackend):
    """Leases are counted in milliseconds, rounded up, and no precision is declared."""

    def lease_end(self, params: ClaimParams | ExtendParams, now: datetime) -> datetime:
        return now - _MILLISECOND * (-params.lease // _MILLISECOND)


class FortyDaysAtMost(CorrectBackend):
    """A lease of more than forty days is cut to that."""

    def lease_end(self, params: ClaimParams | ExtendParams, now: datetime) -> datetime:
        return min(super().lease_end(params, now), now + timedelta(days=40))


class OldLength(CorrectBackend):
    """Claiming an ended lease again gives it the length of the one before."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.lengths: dict[int, timedelta] = {}

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        length = self.lengths.get(record.id, params.lease) if record.state is State.RUNNING else params.lease
        self.lengths[record.id] = length
        return super().run(record, replace(params, lease=length), now)


class OneLeaseForAll(CorrectBackend):
    """The leases of a queue end together, when the last one does."""

    def is_due(self, record: Record, now: datetime) -> bool:
        if record.state is not State.RUNNING:
            return super().is_due(record, now)
        ends = [
            each.lease_expires_at
            for each in self.table.all()
            if each.state is State.RUNNING and each.queue == record.queue and each.lease_expires_at
        ]
        return max(ends) <= now


class SweepsOnClaim(CorrectBackend):
    """Each claim first puts the records whose leases have ended back to pending."""

    def take(self, params: ClaimParams) -> Record | None:
        now = self.claim_time(params)
        for record in self.table.all():
            if record.state is State.RUNNING and self.is_due(record, now):
                self.table.put(replace(record, state=State.PENDING))
        return super().take(params)

    def due_time(self, record: Record) -> datetime | None:
        return record.lease_expires_at or super().due_time(record)


MUTANTS = (
    Mutant(LeaseByTheClock.Harness, "LSE-01", r"lease_expires_at of record 1 is .* instead of 2024-01-02 00:01:30"),
    Mutant(HalfAnHourAtMost.Harness, "LSE-02", r"lease_expires_at of record 1, claimed for an hour, less that hour,"),
    Mutant(NeverAgain.Harness, "LSE-03", r"claim answered None, although a record is due"),
    Mutant(EndsASecondEarly.Harness, "LSE-04", r"claimed record 1 .* although its lease ends at .* and now was"),
    Mutant(EndsAMomentLater.Harness, "LSE-05", r"claim answered None, although a record is due"),
    Mutant(AMillisecondAtLeast.Harness, "LSE-06", r"the end of a lease of 0:00:00.000001 is"),
    Mutant(FortyDaysAtMost.Harness, "LSE-06", r"the end of a lease of 50 days, 0:00:00 is"),
    Mutant(
        OldLength.Harness,
        "LSE-07",
        r"the end of the second lease is 2024-01-03 00:01:00 instead of 2024-01-03 00:00:05",
    ),
    Mutant(OneLeaseForAll.Harness, "LSE-08", r"claim answered None, although a record is due"),
    Mutant(SweepsOnClaim.Harness, "LSE-09", r"the end of its lease changed record 1: state was running and is pending"),
)
