"""Backends that are right in every example, and go wrong after some sequence of calls."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    PruneParams,
    Record,
    RetryParams,
    State,
)
from lazyjobs_testkit.zoo._base import CorrectBackend, SevenMethods
from lazyjobs_testkit.zoo._file import ClosingMethods
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table

_THIRD = 3


class ThirdRetry(SevenMethods):
    """Leaves run_at as it was when a record is retried for the third time."""

    def retry_time(self, params: RetryParams) -> datetime:
        record = self.table.get(params.id)
        return record.run_at if record is not None and params.attempt == _THIRD else super().retry_time(params)


class OwnRetries(SevenMethods):
    """Refuses to finish what the same handle has retried, unless it was that handle which claimed it again."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.retried: set[int] = set()

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        self.retried.discard(record.id)
        return super().run(record, params, now)

    def finish(self, params: FinishParams) -> None:
        record = self.table.get(params.id)
        if record is not None and params.id in self.retried and self.may_finish(record, params.attempt):
            raise ClaimLostError(params.id, params.attempt, "retried")
        super().finish(params)
        if isinstance(params, RetryParams):
            self.retried.add(params.id)


class RetryForgetter(ClosingMethods):
    """Forgets, when it is closed, the error of a record that was retried more than once."""

    def last_words(self) -> Sequence[Record]:
        retried = [each for each in self.table.all() if each.state is State.RETRYING and each.attempt > 1]
        return [replace(record, last_error="") for record in retried]


class ThirdExtension(CorrectBackend):
    """Adds to the lease of a third attempt what was to be its length from now on."""

    def extended(self, record: Record, params: ExtendParams) -> Record:
        if record.attempt >= _THIRD and record.lease_expires_at is not None:
            return replace(record, lease_expires_at=record.lease_expires_at + params.lease)
        return super().extended(record, params)


class BulkTable(Table):
    def __init__(self) -> None:
        super().__init__()
        self.bulk: set[int] = set()


class BulkForgetter(CorrectBackend):
    """Keeps no error of a record that was inserted in bulk and is retried for the second time."""

    table_class = BulkTable
    table: BulkTable

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        records = super().insert_many(params)
        self.table.bulk.update(record.id for record in records)
        return records

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        forgets = record.id in self.table.bulk and outcome.state is State.RETRYING and record.attempt > 1
        return replace(outcome, last_error="") if forgets else outcome


class ThirdInBulk(CorrectBackend):
    """Claims in bulk without counting the attempt, from the third one on."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        with self.exclusive("claim_many"):
            now = self.claim_time(params)
            due = self.due_records(params.queues, now)[:limit]
            return [self.run(self.uncounted(record), params, now) for record in due]

    def uncounted(self, record: Record) -> Record:
        return replace(record, attempt=record.attempt - 1) if record.attempt >= _THIRD - 1 else record


class SecondOfBoth(CorrectBackend):
    """Makes a record that finish_and_claim has retried twice due at once."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        if isinstance(finish, RetryParams) and finish.attempt > 1:
            finish = replace(finish, run_at=None)
        return super().finish_and_claim(finish, params)


class EagerPruner(CorrectBackend):
    """Prunes with the finished records those that wait for their third attempt."""

    def is_old(self, record: Record, params: PruneParams) -> bool:
        exhausted = record.state is State.RETRYING and record.attempt >= _THIRD - 1
        return super().is_old(record, params) or (exhausted and record.updated_at < params.finished_before)


MUTANTS = (
    Mutant(ThirdRetry.Harness, "STF-01", "run_at|due", racy=True),
    Mutant(OwnRetries.Harness, "STF-02", "was refused", racy=True),
    Mutant(RetryForgetter.Harness, "STF-03", "last_error", racy=True),
    Mutant(ThirdExtension.Harness, "STF-04", "lease", racy=True),
    Mutant(BulkForgetter.Harness, "STF-05", "last_error", racy=True),
    Mutant(ThirdInBulk.Harness, "STF-06", "attempt", racy=True),
    Mutant(SecondOfBoth.Harness, "STF-07", "run_at|due", racy=True),
    Mutant(EagerPruner.Harness, "STF-08", "gone|stats counts|does not show|prune deleted", racy=True),
)
