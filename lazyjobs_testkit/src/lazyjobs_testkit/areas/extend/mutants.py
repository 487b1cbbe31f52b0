"""Backends whose extend is wrong."""

from datetime import datetime

from msgspec.structs import replace

from lazyjobs import ClaimLostError, ClaimParams, ExtendParams, FinishParams, Record, State
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class ExtendsByTheClock(CorrectBackend):
    """An extended lease is counted from the clock, also when a now is given."""

    def extended(self, record: Record, params: ExtendParams) -> Record:
        return super().extended(record, replace(params, now=None))


class NeverNearer(CorrectBackend):
    """Extend leaves a lease as it is that ends later already."""

    def extended(self, record: Record, params: ExtendParams) -> Record:
        extended = super().extended(record, params)
        ends = [each.lease_expires_at for each in (record, extended) if each.lease_expires_at is not None]
        return replace(extended, lease_expires_at=max(ends))


class ExtendsFromItsEnd(CorrectBackend):
    """Without a now, extend adds to the end that the lease had."""

    def extended(self, record: Record, params: ExtendParams) -> Record:
        return super().extended(record, replace(params, now=params.now or record.lease_expires_at))


class TooLateToExtend(CorrectBackend):
    """A lease that has ended is not extended, although nobody claimed the record again."""

    def may_extend(self, record: Record, attempt: int) -> bool:
        ended = record.lease_expires_at is not None and record.lease_expires_at <= self.now()
        return super().may_extend(record, attempt) and not ended


class ExtendTouches(CorrectBackend):
    """Extending a lease moves updated_at."""

    def extended(self, record: Record, params: ExtendParams) -> Record:
        return replace(super().extended(record, params), updated_at=self.touched(record))


class IndexedTable(Table):
    """A table with an index of when leases end."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: dict[int, datetime | None] = {}


class ExtendsForShow(CorrectBackend):
    """The extended end is shown, but the one that claim has set decides."""

    table_class = IndexedTable
    table: IndexedTable

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        running = super().run(record, params, now)
        self.table.ends[record.id] = running.lease_expires_at
        return running

    def due_time(self, record: Record) -> datetime | None:
        due_time = super().due_time(record)
        return self.table.ends[record.id] if record.state is State.RUNNING else due_time


class StaleExtends(CorrectBackend):
    """A superseded claim extends the lease of the newer one."""

    def may_extend(self, record: Record, attempt: int) -> bool:
        return record.state is State.RUNNING and attempt <= record.attempt


class ExtendsTheFinished(CorrectBackend):
    """A record that is finished or retried gets a lease again."""

    def may_extend(self, record: Record, attempt: int) -> bool:
        return record.attempt == attempt


class ExtendsTheUnknown(CorrectBackend):
    """Extending an unknown id is answered as if it were done."""

    def extend(self, params: ExtendParams) -> None:
        with self.exclusive("extend"):
            if self.table.get(params.id) is not None:
                super().extend(params)


class HigherExtends(CorrectBackend):
    """An attempt that is still to come extends the lease."""

    def may_extend(self, record: Record, attempt: int) -> bool:
        return record.state is State.RUNNING and attempt >= record.attempt


class RefusedExtendTouches(CorrectBackend):
    """An extend that is refused moves updated_at."""

    def held(self, record: Record | None, params: FinishParams | ExtendParams) -> Record:
        try:
            return super().held(record, params)
        except ClaimLostError:
            if record is not None and isinstance(params, ExtendParams):
                self.table.put(replace(record, updated_at=self.touched(record)))
            raise


MUTANTS = (
    Mutant(ExtendsByTheClock.Harness, "EXT-01", r"lease_expires_at of record 1 is .* instead of 2150-01-01 01:00:00"),
    Mutant(
        NeverNearer.Harness, "EXT-02", r"lease_expires_at of record 1 is 2150-01-02 00:00:00 instead of 2150-01-01 01"
    ),
    Mutant(ExtendsFromItsEnd.Harness, "EXT-03", r"lease_expires_at of record 1, extended by an hour, .* not the clock"),
    Mutant(TooLateToExtend.Harness, "EXT-04", r"extend was refused although nobody claimed record 1 again"),
    Mutant(ExtendTouches.Harness, "EXT-05", r"extend changed record 1: updated_at"),
    Mutant(ExtendsForShow.Harness, "EXT-06", r"claimed record 1 .* although it was extended until"),
    Mutant(StaleExtends.Harness, "EXT-07", r"attempt 1, was accepted, although record 1 was claimed again"),
    Mutant(ExtendsTheFinished.Harness, "EXT-08", r"was accepted, although record 1 is \w+"),
    Mutant(ExtendsTheUnknown.Harness, "EXT-08", r"extend of record 2, attempt 1, was accepted, .* is the only one"),
    Mutant(HigherExtends.Harness, "EXT-09", r"attempt 2, was accepted, although record 1 is at attempt 1"),
    Mutant(RefusedExtendTouches.Harness, "EXT-10", r"an extend that was refused changed record \d: updated_at"),
)
