"""Backends whose times are wrong."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

from msgspec.structs import replace

from lazyjobs import ClaimParams, ExtendParams, FinishParams, InsertParams, ListOptions, Record, State
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant

_LOCAL = timezone(timedelta(hours=1))


class LocalTimes(CorrectBackend):
    """List hands out times in the machine's time zone."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        return [replace(each, run_at=each.run_at.astimezone(_LOCAL)) for each in super().newest(records, options)]


class Milliseconds(CorrectBackend):
    """A run_at is cut to milliseconds, and no precision is declared."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        record = super().new_record(id, params, now)
        return replace(record, run_at=record.run_at - timedelta(microseconds=record.run_at.microsecond % 1000))


class EpochIsNone(CorrectBackend):
    """A run_at at the epoch is 0 seconds, which is false, and so taken for none at all."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        record = super().new_record(id, params, now)
        return replace(record, run_at=record.run_at if record.run_at.timestamp() else now)


class EpochIsNow(CorrectBackend):
    """A claim whose now is the epoch is taken for one without a now."""

    def claim_time(self, params: ClaimParams | ExtendParams) -> datetime:
        now = super().claim_time(params)
        return now if now.timestamp() else self.now()


class CreatedAtRunAt(CorrectBackend):
    """A record's created_at is its run_at."""

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        record = super().new_record(id, params, now)
        return replace(record, created_at=record.run_at)


class CreatedByClaim(CorrectBackend):
    """Claiming a record sets its created_at to now."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        return super().run(replace(record, created_at=self.now()), params, now)


class CreatedByFinish(CorrectBackend):
    """Finishing a record sets its created_at to now."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        return replace(super().outcome(record, params), created_at=self.now())


class NeverUpdated(CorrectBackend):
    """A record's updated_at stays as insert set it."""

    def touched(self, record: Record) -> datetime:
        return record.updated_at


class FinishesUnnoticed(CorrectBackend):
    """Finishing a record leaves its updated_at as it was."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        return replace(super().outcome(record, params), updated_at=record.updated_at)


class UpdatedByGivenNow(CorrectBackend):
    """The now that is given to a claim becomes the record's updated_at."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        running = replace(super().run(record, params, now), updated_at=max(record.updated_at, now))
        self.table.put(running)
        return running


class WholeSecondsDecide(CorrectBackend):
    """Whether a record is due is decided by the whole seconds of its run_at."""

    def due_time(self, record: Record) -> datetime | None:
        due_time = super().due_time(record)
        return due_time.replace(microsecond=0) if due_time and record.state is State.PENDING else due_time


MUTANTS = (
    Mutant(LocalTimes.Harness, "TIM-01", r"run_at as list returned it is not in UTC"),
    Mutant(Milliseconds.Harness, "TIM-02", r"run_at of record \d+ is .* instead of "),
    Mutant(EpochIsNone.Harness, "TIM-03", r"run_at of record 1 is .* instead of 1970-01-01 00:00:00"),
    Mutant(EpochIsNow.Harness, "TIM-03", r"claimed record 1 .* although now was 1970-01-01 00:00:00"),
    Mutant(CreatedAtRunAt.Harness, "TIM-04", r"created_at of record 1 is 2150.*, which is not the clock"),
    Mutant(CreatedByClaim.Harness, "TIM-05", r"a claim, a retry and another claim changed created_at of record 1"),
    Mutant(CreatedByFinish.Harness, "TIM-05", r"a retry and another claim changed created_at of record 1"),
    Mutant(NeverUpdated.Harness, "TIM-06", r"claim left updated_at at"),
    Mutant(FinishesUnnoticed.Harness, "TIM-06", r"complete left updated_at at"),
    Mutant(UpdatedByGivenNow.Harness, "TIM-07", r"updated_at of record 1 is 2150.*, which is not the clock"),
    Mutant(WholeSecondsDecide.Harness, "TIM-08", r"claimed record 1 .* although now was"),
)
