"""Backends whose claim is wrong."""

import time
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from lazyjobs import ClaimParams, ExtendParams, FinishParams, ListOptions, Record, State
from lazyjobs_testkit.zoo._base import FINISHED, CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class ClaimsNothing(CorrectBackend):
    """Claim answers None whatever is due."""

    def take(self, params: ClaimParams) -> Record | None:  # noqa: ARG002
        return None


class ReturnsTheOldRecord(CorrectBackend):
    """Claim returns the record as it was before it was claimed."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        super().run(record, params, now)
        return record


class ClaimEchoes(CorrectBackend):
    """Claim answers with the time at which it was called, and the storage stamps the record with its own."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        running = super().run(record, params, now)
        self.table.put(replace(running, updated_at=self.touched(running)))
        return running


class CountsFailuresOnly(CorrectBackend):
    """Claiming an ended lease again does not raise the attempt."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        again = record.state is State.RUNNING
        return super().run(replace(record, attempt=record.attempt - again), params, now)


class CountsByTwo(CorrectBackend):
    """Claiming a retried record raises the attempt by two."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        retried = record.state is State.RETRYING
        return super().run(replace(record, attempt=record.attempt + retried), params, now)


class OrderedById(CorrectBackend):
    """Claims the due record with the lowest id, whenever it became due."""

    def claim_order(self, record: Record) -> tuple[object, ...]:
        return (record.id,)


class LatestFirst(CorrectBackend):
    """Claims the due record that became due last."""

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        return super().due_records(queues, now)[::-1]


class HighestIdFirst(CorrectBackend):
    """Of records due at the same time the one with the highest id is claimed first."""

    def claim_order(self, record: Record) -> tuple[object, ...]:
        return self.due_time(record), -record.id


class QueueByQueue(CorrectBackend):
    """A claim empties the first of its queues before it looks at the next."""

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        return [record for queue in queues for record in super(QueueByQueue, self).due_records((queue,), now)]


class EndedLeasesLast(CorrectBackend):
    """Ended leases are claimed again only when nothing else is due."""

    def claim_order(self, record: Record) -> tuple[object, ...]:
        return record.state is State.RUNNING, self.due_time(record), record.id


class OrderedByRunAt(CorrectBackend):
    """An ended lease takes its place in the order by the record's run_at."""

    def claim_order(self, record: Record) -> tuple[object, ...]:
        return record.run_at, record.id


class RetriesLast(CorrectBackend):
    """Retried records are claimed only when nothing else is due."""

    def claim_order(self, record: Record) -> tuple[object, ...]:
        return record.state is State.RETRYING, self.due_time(record), record.id


class DueAMomentLater(CorrectBackend):
    """A record whose run_at is now exactly is not due yet."""

    def is_due(self, record: Record, now: datetime) -> bool:
        return super().is_due(record, now) and (record.run_at < now or record.state is State.RUNNING)


class DueByTheClockAlone(CorrectBackend):
    """A given now says where the lease ends, but what is due is decided by the clock."""

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:  # noqa: ARG002
        return super().due_records(queues, self.now())


class NoPastNow(CorrectBackend):
    """A given now that is past is taken for the clock's now."""

    def claim_time(self, params: ClaimParams | ExtendParams) -> datetime:
        given = super().claim_time(params)
        return max(given, self.now()) if isinstance(params, ClaimParams) else given


class Eager(CorrectBackend):
    """Without a now, records are handed out before they are due."""

    def take(self, params: ClaimParams) -> Record | None:
        waiting = [each for each in self.table.all() if each.state is State.PENDING and each.queue in params.queues]
        if params.now is not None or super().due_records(params.queues, self.now()) or not waiting:
            return super().take(params)
        return self.run(min(waiting, key=self.claim_order), params, self.now())


class FromAnyQueue(CorrectBackend):
    """A claim takes what is due on any queue."""

    def take(self, params: ClaimParams) -> Record | None:
        every = {record.queue: None for record in self.table.all()}
        return super().take(replace(params, queues=tuple(every) or params.queues))


class FromDefaultToo(CorrectBackend):
    """A claim takes what is due on the queue default, too, when nothing is due on its own."""

    def take(self, params: ClaimParams) -> Record | None:
        return super().take(params) or super().take(replace(params, queues=("default",)))


class CaseInsensitiveQueues(CorrectBackend):
    """Names of queues are compared without regard to case."""

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        folded = {queue.casefold() for queue in queues}
        names = {each.queue for each in self.table.all() if each.queue.casefold() in folded}
        return super().due_records([*names], now)


class QueuesByPrefix(CorrectBackend):
    """A queue is looked up by the beginning of its name."""

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        names = {
            each.queue for each in self.table.all() if each.queue.startswith((*(f"{q}." for q in queues), *queues))
        }
        return super().due_records([*names] if len(queues) == 1 else queues, now)


class AHundredQueues(CorrectBackend):
    """Only the first hundred queues of a claim are looked at."""

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        return super().due_records(queues[:100], now)


class MarksTheLook(CorrectBackend):
    """A claim that finds nothing writes the time of the look into the records it has passed over."""

    def take(self, params: ClaimParams) -> Record | None:
        record = super().take(params)
        if record is None:
            for passed in self.table.all():
                self.table.put(replace(passed, updated_at=self.touched(passed)))
        return record


class ClaimForgetsTheError(CorrectBackend):
    """Claiming a record empties its last_error."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        return super().run(replace(record, last_error=""), params, now)


class ClaimTouchesTheQueue(CorrectBackend):
    """Claiming a record moves updated_at of all that is pending on its queue."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        for other in self.table.all():
            if other.queue == record.queue and other.state is State.PENDING and other.id != record.id:
                self.table.put(replace(other, updated_at=self.touched(other)))
        return super().run(record, params, now)


class GivesUp(CorrectBackend):
    """A record that has had its max_attempts is not claimed any more."""

    def is_due(self, record: Record, now: datetime) -> bool:
        return super().is_due(record, now) and record.attempt < record.max_attempts


class Shared(CorrectBackend):
    """A claimed record is handed out again while its lease runs, when nothing else is due."""

    def take(self, params: ClaimParams) -> Record | None:
        record = super().take(params)
        held = [each for each in self.table.all() if each.state is State.RUNNING and each.queue in params.queues]
        return self.run(held[0], params, self.claim_time(params)) if record is None and held else record


class ExclusivePerInstance(CorrectBackend):
    """A lease keeps out the instance that gave it, and no other."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.given: set[int] = set()

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        self.given.add(record.id)
        return super().run(record, params, now)

    def is_due(self, record: Record, now: datetime) -> bool:
        foreign = record.state is State.RUNNING and record.id not in self.given
        return foreign or super().is_due(record, now)


class ClaimsTheFinished(CorrectBackend):
    """Discarded records are claimed again in the far future."""

    def due_time(self, record: Record) -> datetime | None:
        if record.state is State.DISCARDED:
            return record.run_at.replace(year=record.run_at.year + 100)
        return super().due_time(record)


class EveryFifteenthEmpty(CorrectBackend):
    """Every fifteenth claim of an instance answers None, although something is due."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.claims = 0

    def take(self, params: ClaimParams) -> Record | None:
        self.claims += 1
        return super().take(params) if self.claims % 15 else None


class LimitBeforeFilter(CorrectBackend):
    """A claim looks at the 32 oldest unfinished records only, be they due or held."""

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        unfinished = sorted(each.id for each in self.table.all() if each.state not in FINISHED)[:32]
        return [record for record in super().due_records(queues, now) if record.id in unfinished]


class ShyAfterRefusal(CorrectBackend):
    """A record stays marked for a while after a finish of it was refused, and a claim passes it over."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.marked: dict[int, float] = {}

    def held(self, record: Record | None, params: FinishParams | ExtendParams) -> Record:
        self.marked[params.id] = time.monotonic() + 0.2
        held = super().held(record, params)
        del self.marked[params.id]
        return held

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        due = super().due_records(queues, now)
        return [record for record in due if self.marked.get(record.id, 0) < time.monotonic()]


class ShyAfterLooking(CorrectBackend):
    """What was listed is passed over by the next claim."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.listed = False

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008
        self.listed = options.limit is not None
        return super().list(options)

    def take(self, params: ClaimParams) -> Record | None:
        listed, self.listed = self.listed, False
        return None if listed else super().take(params)


MUTANTS = (
    Mutant(ClaimsNothing.Harness, "CLM-01", r"claim answered None, although a record is due"),
    Mutant(ReturnsTheOldRecord.Harness, "CLM-01", r"claim returned record 1 as pending"),
    Mutant(ClaimEchoes.Harness, "CLM-02", r"what claim returned is not what list shows: updated_at"),
    Mutant(CountsFailuresOnly.Harness, "CLM-03", r"had \[1, 1, 2, 3\]"),
    Mutant(CountsByTwo.Harness, "CLM-03", r"had \[1, 2, 4, 6\]"),
    Mutant(OrderedById.Harness, "CLM-04", r"claimed id 1 .* before id 2"),
    Mutant(LatestFirst.Harness, "CLM-04", r"claimed id \d .* before id \d"),
    Mutant(HighestIdFirst.Harness, "CLM-05", r"claimed id 12 .* before id 1 "),
    Mutant(QueueByQueue.Harness, "CLM-06", r"claimed id \d .* queue a\) before id \d"),
    Mutant(EndedLeasesLast.Harness, "CLM-07", r"claimed \[3, 1, 4, 5, 2\]"),
    Mutant(OrderedByRunAt.Harness, "CLM-07", r"claimed \[3, 2, 1, 4, 5\]"),
    Mutant(RetriesLast.Harness, "CLM-07", r"claimed \[3, 4, 2, 5, 1\]"),
    Mutant(DueAMomentLater.Harness, "CLM-08", r"claim answered None, although a record is due"),
    Mutant(DueByTheClockAlone.Harness, "CLM-09", r"claim answered None|although now was"),
    Mutant(NoPastNow.Harness, "CLM-09", r"claimed record 1 .* although now was 2023-12-31"),
    Mutant(Eager.Harness, "CLM-10", r"due in half an hour"),
    Mutant(FromAnyQueue.Harness, "CLM-11", r"claims on the queues a, c and e got records"),
    Mutant(FromDefaultToo.Harness, "CLM-11", r"claimed record 6 .* are on others"),
    Mutant(CaseInsensitiveQueues.Harness, "CLM-12", r"a claim on '[A-Za-z]+' got record \d+ of '[A-Za-z]+'"),
    Mutant(QueuesByPrefix.Harness, "CLM-12", r"got record \d+ of '.+'|\(queue .* although there was one record on"),
    Mutant(AHundredQueues.Harness, "CLM-13", r"claim answered None, although a record is due"),
    Mutant(MarksTheLook.Harness, "CLM-14", r"a claim that answered None changed record 1: updated_at"),
    Mutant(
        ClaimForgetsTheError.Harness, "CLM-15", r"claiming a retrying record changed record 1: last_error was 'boom'"
    ),
    Mutant(ClaimTouchesTheQueue.Harness, "CLM-16", r"claiming record 1 changed record \d: updated_at"),
    Mutant(GivesUp.Harness, "CLM-17", r"claim answered None, although a record is due"),
    Mutant(Shared.Harness, "CLM-18", r"claimed record 1 .* although record 1 is held for an hour"),
    Mutant(ExclusivePerInstance.Harness, "CLM-18", r"another instance claimed record 1, which is held"),
    Mutant(ClaimsTheFinished.Harness, "CLM-19", r"although every record is finished"),
    Mutant(EveryFifteenthEmpty.Harness, "CLM-20", r"claim answered None 1 times running while records"),
    Mutant(LimitBeforeFilter.Harness, "CLM-20", r"claim answered None 1 times running while records \[33"),
    Mutant(ShyAfterRefusal.Harness, "CLM-21", r"after complete that was refused had ended, claim answered None"),
    Mutant(ShyAfterLooking.Harness, "CLM-21", r"after list had ended, claim answered None"),
)
