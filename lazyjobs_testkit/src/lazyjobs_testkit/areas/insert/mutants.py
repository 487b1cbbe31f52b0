"""Backends whose insert is wrong."""

import random
from datetime import datetime

from msgspec.structs import replace

from lazyjobs import ClaimParams, InsertParams, Record
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_END_OF_32_BITS = datetime.fromisoformat("2038-01-19T03:14:07+00:00")


class Buffering(CorrectBackend):
    """Insert returns while the record is still in a buffer, which the next insert writes."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.buffer: list[Record] = []

    def store(self, params: InsertParams) -> Record:
        for record in self.buffer:
            self.table.put(record)
        self.buffer = [self.new_record(self.next_id(), params, self.now())]
        return self.buffer[0]


class BornAtAttemptOne(CorrectBackend):
    """A new record is at attempt 1 before anybody has claimed it."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        return replace(super().new_record(id, params, now), attempt=1)


class BornWithLease(CorrectBackend):
    """A new record has a lease, as if it were claimed."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        return replace(super().new_record(id, params, now), lease_expires_at=now)


class CutKinds(CorrectBackend):
    """Kinds are cut after 64 characters."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        return replace(super().new_record(id, params, now), kind=params.kind[:64])


class ShortAttempts(CorrectBackend):
    """A max_attempts above 32,767 does not fit its column and is stored as 32,767."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        return replace(super().new_record(id, params, now), max_attempts=min(params.max_attempts, 2**15 - 1))


class PastBecomesNow(CorrectBackend):
    """A run_at in the past is moved to now."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        record = super().new_record(id, params, now)
        return replace(record, run_at=max(record.run_at, now))


class ThirtyTwoBits(CorrectBackend):
    """A run_at after January 2038 is stored as the last second that 32 bits hold."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        record = super().new_record(id, params, now)
        return replace(record, run_at=min(record.run_at, _END_OF_32_BITS))


class DueSinceTheEpoch(CorrectBackend):
    """Without a run_at the record is stored with the epoch."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        return replace(super().new_record(id, params, now), run_at=params.run_at or _EPOCH)


class CountingFromZero(CorrectBackend):
    """The first id is 0."""

    def next_id(self) -> int:
        return super().next_id() - 1


class RandomIds(CorrectBackend):
    """Ids are random numbers."""

    def next_id(self) -> int:
        return random.randrange(1, 2**62)  # noqa: S311


class CountingPerInstance(CorrectBackend):
    """Each instance counts ids by itself, from where the table stood when it was opened."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.last_id = max(table.records, default=0)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id


class InsertEchoes(CorrectBackend):
    """Insert answers with the time at which it was called, and the storage stamps the record with its own."""

    def store(self, params: InsertParams) -> Record:
        record = super().store(params)
        self.table.put(replace(record, updated_at=self.now()))
        return record


class ClaimMovesRunAt(CorrectBackend):
    """Claiming a record sets its run_at to now."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        return super().run(replace(record, run_at=self.now()), params, now)


class Deduplicating(CorrectBackend):
    """A second record of the same kind and payload is taken for the first, unless the payload is empty."""

    def store(self, params: InsertParams) -> Record:
        for record in self.table.all():
            if (record.kind, record.payload) == (params.kind, params.payload) != (params.kind, b"{}"):
                return record
        return super().store(params)


class HighestIdPlusOne(CorrectBackend):
    """The next id is the highest stored one plus one."""

    def next_id(self) -> int:
        return max(self.table.records, default=0) + 1


MUTANTS = (
    Mutant(Buffering.Harness, "INS-01", r"inserted record 1, and list shows nothing"),
    Mutant(BornAtAttemptOne.Harness, "INS-02", r"attempt of record 1 is 1, not 0"),
    Mutant(BornWithLease.Harness, "INS-02", r"lease_expires_at of record 1 is .*, not None"),
    Mutant(CutKinds.Harness, "INS-03", r"kind of record \d+ is"),
    Mutant(ShortAttempts.Harness, "INS-03", r"max_attempts of record \d+ is 32767, not 32768"),
    Mutant(PastBecomesNow.Harness, "INS-04", r"run_at of record 1 is .* instead of 2024-01-01 00:00:00"),
    Mutant(ThirtyTwoBits.Harness, "INS-04", r"run_at of record \d is 2038-01-19 03:14:07 instead of 2150"),
    Mutant(DueSinceTheEpoch.Harness, "INS-05", r"run_at of record 1 is 1970-01-01 00:00:00, which is not the clock"),
    Mutant(CountingFromZero.Harness, "INS-06", r"id 0 is not from 1 to 2\^63-1"),
    Mutant(RandomIds.Harness, "INS-07", r"id \d+ was given after id \d+"),
    Mutant(CountingPerInstance.Harness, "INS-08", r"two instances on one namespace both gave the ids"),
    Mutant(InsertEchoes.Harness, "INS-09", r"what insert returned is not what list shows: updated_at"),
    Mutant(ClaimMovesRunAt.Harness, "INS-10", r"claiming changed record 1: run_at was"),
    Mutant(Deduplicating.Harness, "INS-11", r"inserting the same again answered with record 1 again"),
    Mutant(HighestIdPlusOne.Harness, "INS-12", r"id \d was given again; records .* were pruned"),
)
