"""Backends whose combined methods do not what the single ones do."""

from collections.abc import Sequence

from msgspec.structs import replace

from lazyjobs import (
    BackendError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    FinishParams,
    InsertParams,
    Record,
    RetryParams,
    State,
)
from lazyjobs_testkit.zoo._base import FINISHED, CorrectBackend, check_limit
from lazyjobs_testkit.zoo._mutant import Mutant


class BatchOfAThousand(CorrectBackend):
    """Of a batch, what comes after the first thousand is answered and not written."""

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        with self.exclusive("insert_many"):
            records = super().insert_many(params)
            for record in records[1000:]:
                self.table.delete(record.id)
            return records


class AnswersBackwards(CorrectBackend):
    """A batch is written in order and answered in the opposite one."""

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        return super().insert_many(params)[::-1]


class BatchByQueue(CorrectBackend):
    """A batch is written queue by queue, so that the ids do not grow in the order of the parameters."""

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        order = sorted(range(len(params)), key=lambda place: params[place].queue)
        records = super().insert_many([params[place] for place in order])
        by_place = dict(zip(order, records, strict=True))
        return [by_place[place] for place in range(len(params))]


class BatchForgetsAttempts(CorrectBackend):
    """The statement for a batch leaves max_attempts out, and the column's default steps in."""

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        return super().insert_many([replace(each, max_attempts=25) for each in params])


class NoEmptyBatch(CorrectBackend):
    """A batch of nothing is refused by the storage."""

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        if not params:
            raise BackendError("a batch needs at least one item")
        return super().insert_many(params)


class BatchInPieces(CorrectBackend):
    """A payload that is too large is found when the records before it are written already."""

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        return [self.insert(each) for each in params]


class BatchLeaseByTheClock(CorrectBackend):
    """The leases of a batch are counted from the clock, also when a now is given."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        with self.exclusive("claim_many"):
            claimed = super().claim_many(params, limit)
            records = [replace(each, lease_expires_at=self.now() + params.lease) for each in claimed]
            for record in records:
                self.table.put(record)
            return records


class BatchOfTheNew(CorrectBackend):
    """A batch takes pending and retrying records only, and no ended leases."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        check_limit(limit)
        with self.exclusive("claim_many"):
            now = self.claim_time(params)
            due = [each for each in self.due_records(params.queues, now) if each.state is not State.RUNNING]
            return [self.run(record, params, now) for record in due[:limit]]


class OneTooMany(CorrectBackend):
    """A batch takes one record more than the limit."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        return super().claim_many(params, limit + (limit > 0))


class BatchById(CorrectBackend):
    """A batch takes the lowest ids, whatever became due first."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        check_limit(limit)
        with self.exclusive("claim_many"):
            now = self.claim_time(params)
            due = sorted(self.due_records(params.queues, now), key=lambda record: record.id)
            return [self.run(record, params, now) for record in due[:limit]]


class BatchFromAnyQueue(CorrectBackend):
    """A batch for several queues takes what is due on any queue."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        every = {record.queue: None for record in self.table.all()} if len(params.queues) > 1 else {}
        return super().claim_many(replace(params, queues=(*params.queues, *every)), limit)


class LimitOfNothing(CorrectBackend):
    """A limit below 1 is answered with nothing."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        return super().claim_many(params, limit) if limit > 0 else []


class BatchLooksAtTwenty(CorrectBackend):
    """A batch looks at the twenty oldest unfinished records only, be they due or held."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        check_limit(limit)
        with self.exclusive("claim_many"):
            seen = sorted(record.id for record in self.table.all() if record.state not in FINISHED)[:20]
            due = self.due_records(params.queues, self.claim_time(params))
            found = sum(record.id in seen for record in due)
            return super().claim_many(params, min(limit, found)) if found else []


class CompletesWhateverComes(CorrectBackend):
    """The combined finish completes the record, whichever verb was asked for."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        return super().finish_and_claim(CompleteParams(id=finish.id, attempt=finish.attempt), params)


class CombinedLeaseByTheClock(CorrectBackend):
    """The lease of the combined claim is counted from the clock, also when a now is given."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            claimed = super().finish_and_claim(finish, params)
            if claimed is not None:
                claimed = replace(claimed, lease_expires_at=self.now() + params.lease)
                self.table.put(claimed)
            return claimed


class ClaimsBeforeItFinishes(CorrectBackend):
    """The combined claim looks for what is due before the finish is written."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            now = self.claim_time(params)
            due = [record for record in self.due_records(params.queues, now) if record.id != finish.id]
            self.finish(finish)
            return self.run(due[0], params, now) if due else None


class AllOrNothing(CorrectBackend):
    """When nothing is due the finish is rolled back with the claim."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            before = self.table.get(finish.id)
            claimed = super().finish_and_claim(finish, params)
            if claimed is None and before is not None:
                self.table.put(before)
            return claimed


class ClaimsAnyway(CorrectBackend):
    """The combined claim is done also when the finish is refused."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            try:
                self.finish(finish)
            except ClaimLostError:
                self.take(params)
                raise
            return self.take(params)


class RepeatClaimsNothing(CorrectBackend):
    """A combined finish that is repeated claims nothing."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            record = self.table.get(finish.id)
            if record is not None and self.is_settled(record, finish):
                return None
            return super().finish_and_claim(finish, params)


class RepeatsRetryAgain(CorrectBackend):
    """A combined retry that is repeated is written again."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            record = self.table.get(finish.id)
            if record is not None and isinstance(finish, RetryParams) and self.is_settled(record, finish):
                self.table.put(self.outcome(record, finish))
            return super().finish_and_claim(finish, params)


MUTANTS = (
    Mutant(BatchOfAThousand.Harness, "BLK-01", r"insert_many of 1100 answered with 1100 records, and list shows 1000"),
    Mutant(AnswersBackwards.Harness, "BLK-02", r"at place 0 is a record of kind-59, inserted was kind-0"),
    Mutant(BatchByQueue.Harness, "BLK-02", r"the ids do not grow in the order of the parameters"),
    Mutant(BatchForgetsAttempts.Harness, "BLK-03", r"max_attempts of record 1 is 25, inserted was 7"),
    Mutant(NoEmptyBatch.Harness, "BLK-04", r"a batch needs at least one item"),
    Mutant(BatchInPieces.Harness, "BLK-05", r"insert_many raised for its 31st payload, and 30 records were written"),
    Mutant(
        BatchLeaseByTheClock.Harness, "BLK-06", r"lease_expires_at of record 1 is .* instead of 2024-01-02 01:00:00"
    ),
    Mutant(BatchOfTheNew.Harness, "BLK-06", r"claim_many handed out nothing, although a record is due"),
    Mutant(OneTooMany.Harness, "BLK-07", r"claim_many with limit 2 claimed records \[1, 2, 3\]"),
    Mutant(BatchById.Harness, "BLK-08", r"claimed id 1 .* before id 2"),
    Mutant(BatchFromAnyQueue.Harness, "BLK-09", r"claim_many got record 3, although nothing is due on queues a and b"),
    Mutant(LimitOfNothing.Harness, "BLK-10", r"claim_many with limit 0 handed out 0 records"),
    Mutant(BatchLooksAtTwenty.Harness, "BLK-11", r"claim_many handed out nothing, although a record is due"),
    Mutant(CompletesWhateverComes.Harness, "BLK-12", r"after \w+ in finish_and_claim the record is succeeded"),
    Mutant(CombinedLeaseByTheClock.Harness, "BLK-13", r"lease_expires_at of record 2 is .* instead of 2024-01-02 01"),
    Mutant(ClaimsBeforeItFinishes.Harness, "BLK-14", r"finish_and_claim handed out nothing, although a record is due"),
    Mutant(AllOrNothing.Harness, "BLK-15", r"finish_and_claim with nothing due left the record running"),
    Mutant(
        ClaimsAnyway.Harness, "BLK-16", r"finish_and_claim, whose finish raised, changed record 2: state was pending"
    ),
    Mutant(RepeatClaimsNothing.Harness, "BLK-17", r"finish_and_claim handed out nothing, although a record is due"),
    Mutant(RepeatsRetryAgain.Harness, "BLK-17", r"repeating retry in finish_and_claim changed record 1"),
)
