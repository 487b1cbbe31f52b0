"""The correct backend that the mutants inherit from: small methods over one table, each to be got wrong by somebody."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from msgspec.structs import replace

from lazyjobs import (
    BackendClosedError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    ListOptions,
    PayloadTooLargeError,
    PruneParams,
    Record,
    RetryParams,
    State,
    Stats,
    WaitParams,
)
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.zoo._table import Table, TableHarness, make_harness

K = TypeVar("K")

OUTCOMES: Mapping[type[FinishParams], State] = {
    CompleteParams: State.SUCCEEDED,
    RetryParams: State.RETRYING,
    DiscardParams: State.DISCARDED,
}
FINISHED = (State.SUCCEEDED, State.DISCARDED)
_MAX_ERROR = 10_000


class SevenMethods:
    """The seven methods and nothing else, over a table that all handles on a namespace share."""

    traits: ClassVar[Traits] = Traits(max_payload=20_000)
    table_class: ClassVar[type[Table]] = Table
    harness_base: ClassVar[type[TableHarness]] = TableHarness
    Harness: ClassVar[type[Harness]]
    """Opens it: each subclass has one of its own."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.Harness = make_harness(cls)

    def __init__(self, table: Table) -> None:
        self.table = table

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:  # noqa: ARG002 (for those that forget the lock in one method)
        """The critical section of a call."""
        with self.table.exclusive():
            yield

    def now(self) -> datetime:
        """The backend's clock."""
        return datetime.now(UTC)

    def insert(self, params: InsertParams) -> Record:
        with self.exclusive("insert"):
            self.check_size(params)
            return self.store(params)

    def check_size(self, params: InsertParams) -> None:
        most = self.traits.max_payload
        if most is not None and len(params.payload) > most:
            raise PayloadTooLargeError(params.kind, len(params.payload), most)

    def store(self, params: InsertParams) -> Record:
        record = self.new_record(self.next_id(), params, self.now())
        self.table.put(record)
        return record

    def next_id(self) -> int:
        self.table.last_id += 1
        return self.table.last_id

    def new_record(self, id: int, params: InsertParams, now: datetime) -> Record:
        return Record(
            id=id,
            kind=params.kind,
            queue=params.queue,
            payload=self.stored_payload(params.payload),
            state=State.PENDING,
            attempt=0,
            max_attempts=params.max_attempts,
            run_at=now if params.run_at is None else params.run_at,
            created_at=now,
            updated_at=now,
        )

    def stored_payload(self, payload: bytes) -> bytes:
        return payload

    def claim(self, params: ClaimParams) -> Record | None:
        with self.exclusive("claim"):
            return self.take(params)

    def take(self, params: ClaimParams) -> Record | None:
        """A claim, inside the critical section."""
        now = self.claim_time(params)
        due = self.due_records(params.queues, now)
        return self.run(due[0], params, now) if due else None

    def claim_time(self, params: ClaimParams | ExtendParams) -> datetime:
        return self.now() if params.now is None else params.now

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        """What is due on those queues, in the order in which it is to be claimed."""
        due = [record for record in self.table.all() if record.queue in queues and self.is_due(record, now)]
        return sorted(due, key=self.claim_order)

    def is_due(self, record: Record, now: datetime) -> bool:
        due_time = self.due_time(record)
        return due_time is not None and due_time <= now

    def due_time(self, record: Record) -> datetime | None:
        if record.state in FINISHED:
            return None
        return record.lease_expires_at if record.state is State.RUNNING else record.run_at

    def claim_order(self, record: Record) -> tuple[object, ...]:
        return self.due_time(record), record.id

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        """The record as running from now on."""
        running = replace(
            record,
            state=State.RUNNING,
            attempt=record.attempt + 1,
            lease_expires_at=self.lease_end(params, now),
            updated_at=self.touched(record),
            claimed_by=self.claimer(record, params),
            taken_from=self.loser(record, params),
            abandoned=self.abandoned(record),
        )
        self.table.put(running)
        return running

    def claimer(self, record: Record, params: ClaimParams) -> str:  # noqa: ARG002 (for those that keep an old one)
        return params.worker

    def loser(self, record: Record, params: ClaimParams) -> str | None:  # noqa: ARG002 (for those that mix up the two)
        """From whom the claim takes the record."""
        return record.claimed_by if record.state is State.RUNNING else None

    def abandoned(self, record: Record) -> int:
        """What a claim makes of it."""
        return record.abandoned + (record.state is State.RUNNING)

    def lease_end(self, params: ClaimParams | ExtendParams, now: datetime) -> datetime:
        return now + params.lease

    def touched(self, record: Record) -> datetime:
        """What a transition makes of the record's updated_at."""
        return max(record.updated_at, self.now())

    def complete(self, params: CompleteParams) -> None:
        with self.exclusive("complete"):
            self.finish(params)

    def retry(self, params: RetryParams) -> None:
        with self.exclusive("retry"):
            self.finish(params)

    def discard(self, params: DiscardParams) -> None:
        with self.exclusive("discard"):
            self.finish(params)

    def finish(self, params: FinishParams) -> None:
        """Any of the three, inside the critical section."""
        record = self.table.get(params.id)
        if record is None or not self.is_settled(record, params):
            self.table.put(self.outcome(self.held(record, params), params))

    def is_settled(self, record: Record, params: FinishParams) -> bool:
        """Whether the record shows the result of this finish already."""
        return record.state is OUTCOMES[type(params)] and record.attempt == params.attempt

    def held(self, record: Record | None, params: FinishParams | ExtendParams) -> Record:
        """The record, if the claim of the parameters is the current one; raises `ClaimLostError` otherwise."""
        if record is None:
            raise ClaimLostError(params.id, params.attempt, "no such record")
        allowed = self.may_extend if isinstance(params, ExtendParams) else self.may_finish
        if not allowed(record, params.attempt):
            raise ClaimLostError(params.id, params.attempt, f"{record.state}, attempt {record.attempt}")
        return record

    def may_finish(self, record: Record, attempt: int) -> bool:
        return record.state is State.RUNNING and record.attempt == attempt

    def may_extend(self, record: Record, attempt: int) -> bool:
        return record.state is State.RUNNING and record.attempt == attempt

    def outcome(self, record: Record, params: FinishParams) -> Record:
        """The record as this finish leaves it."""
        return replace(
            record,
            state=OUTCOMES[type(params)],
            lease_expires_at=None,
            updated_at=self.touched(record),
            last_error=record.last_error if isinstance(params, CompleteParams) else self.storable(params.last_error),
            run_at=self.retry_time(params) if isinstance(params, RetryParams) else record.run_at,
            spared=self.spared(record, params),
        )

    def spared(self, record: Record, params: FinishParams) -> int:
        """What a finish makes of it."""
        return record.spared + (isinstance(params, RetryParams) and params.spare)

    def storable(self, text: str) -> str:
        return text[:_MAX_ERROR].encode("utf-8", "replace").decode()

    def retry_time(self, params: RetryParams) -> datetime:
        return self.now() if params.run_at is None else params.run_at

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        with self.exclusive("list"):
            return self.newest(self.table.all(), options)

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        shown = [record for record in records if self.passes(record, options)]
        return sorted(shown, key=self.list_order, reverse=True)[: options.limit]

    def passes(self, record: Record, options: ListOptions) -> bool:
        """Whether list may show it."""
        return all(
            (
                options.states is None or record.state in options.states,
                options.kinds is None or record.kind in options.kinds,
                options.queues is None or record.queue in options.queues,
                options.before is None or self.is_before(record, options.before),
            )
        )

    def is_before(self, record: Record, place: tuple[datetime, int]) -> bool:
        return (record.updated_at, record.id) < place

    def list_order(self, record: Record) -> tuple[object, ...]:
        """Listed from the highest to the lowest."""
        return record.updated_at, record.id

    def stats(self) -> Stats:
        with self.exclusive("stats"):
            return self.count(self.table.all())

    def count(self, records: Sequence[Record]) -> Stats:
        by_queue_state: defaultdict[str, Counter[State]] = defaultdict(Counter)
        for record in records:
            by_queue_state[record.queue][record.state] += 1
        return Stats(
            total=len(records),
            by_state=dict(Counter(record.state for record in records)),
            by_kind=dict(Counter(record.kind for record in records)),
            by_queue=dict(Counter(record.queue for record in records)),
            by_queue_state={queue: dict(states) for queue, states in by_queue_state.items()},
        )


class CorrectBackend(SevenMethods):
    """The seven methods and every capability."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.closed = False

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        with super().exclusive(method):
            self.check_open(method)
            yield

    def check_open(self, method: str) -> None:  # noqa: ARG002 (for those that forget it in one method)
        if self.closed:
            raise BackendClosedError

    def extend(self, params: ExtendParams) -> None:
        with self.exclusive("extend"):
            held = self.held(self.table.get(params.id), params)
            self.table.put(self.extended(held, params))

    def extended(self, record: Record, params: ExtendParams) -> Record:
        return replace(record, lease_expires_at=self.lease_end(params, self.claim_time(params)))

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        with self.exclusive("insert_many"):
            for each in params:
                self.check_size(each)
            return [self.store(each) for each in params]

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        check_limit(limit)
        with self.exclusive("claim_many"):
            now = self.claim_time(params)
            return [self.run(record, params, now) for record in self.due_records(params.queues, now)[:limit]]

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            self.finish(finish)
            return self.take(params)

    def wait(self, params: WaitParams) -> bool:
        deadline = time.monotonic() + self.patience(params)
        with self.exclusive("wait"):
            while not self.is_something_due(params):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.sleep(min(left, self.time_to_next(params)))
                self.check_open("wait")
            return True

    def patience(self, params: WaitParams) -> float:
        """For how many seconds to wait."""
        return params.timeout.total_seconds()

    def is_something_due(self, params: WaitParams) -> bool:
        return bool(self.due_records(params.queues, self.now()))

    def time_to_next(self, params: WaitParams) -> float:
        """How many seconds it takes until something is due, if nothing happens before."""
        waiting = [record for record in self.table.all() if record.queue in params.queues]
        moments = [due_time for record in waiting if (due_time := self.due_time(record)) is not None]
        return max((min(moments) - self.now()).total_seconds(), 0) if moments else threading.TIMEOUT_MAX

    def sleep(self, seconds: float) -> None:
        """Sleeps for so long, or until something has changed."""
        self.table.changed.wait(min(seconds, threading.TIMEOUT_MAX))

    def prune(self, params: PruneParams) -> int:
        with self.exclusive("prune"):
            old = sorted(filter(lambda record: self.is_old(record, params), self.table.all()), key=self.prune_order)
            pruned = old[: params.limit]
            for record in pruned:
                self.table.delete(record.id)
            return len(pruned)

    def is_old(self, record: Record, params: PruneParams) -> bool:
        return record.state in FINISHED and record.updated_at < params.finished_before

    def prune_order(self, record: Record) -> tuple[object, ...]:
        return record.updated_at, record.id

    def close(self) -> None:
        with self.table.changed:
            self.closed = True
            self.table.changed.notify_all()


def check_limit(limit: int) -> None:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
