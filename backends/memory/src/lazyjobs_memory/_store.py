"""The records and their transitions."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count, islice, takewhile

from msgspec.structs import replace

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
    State,
    Stats,
)
from lazyjobs_memory._queue import Due, Queue
from lazyjobs_memory._tally import Tally
from lazyjobs_memory._text import storable

# Looking a member up on the class takes longer than all the dicts of a transition together.
PENDING, RUNNING, RETRYING, SUCCEEDED, DISCARDED = State


class Store:
    """Every record, by state and in order of `updated_at`; not thread-safe.

    Each `now` is the backend's clock and never earlier than the one before, so that a state's records are in order if
    each transition appends. `announce` is called with every record whose due time may have come nearer: not with those
    claimed, since a lease ends after the due time it takes the place of.
    """

    def __init__(self, retention: int, announce: Callable[[Record], None]) -> None:
        self._retention = retention
        self._announce = announce
        self._ids = count(1)
        self._pending: dict[int, Record] = {}
        self._running: dict[int, Record] = {}
        self._retrying: dict[int, Record] = {}
        # Only these lose their oldest, which a plain dict finds more and more slowly.
        self._succeeded: OrderedDict[int, Record] = OrderedDict()
        self._discarded: OrderedDict[int, Record] = OrderedDict()
        self._by_state: dict[State, dict[int, Record]] = {
            PENDING: self._pending,
            RUNNING: self._running,
            RETRYING: self._retrying,
            SUCCEEDED: self._succeeded,
            DISCARDED: self._discarded,
        }
        self._queues: defaultdict[str, Queue] = defaultdict(Queue)
        self._tally = Tally()

    def insert(self, params: InsertParams, now: datetime) -> Record:
        record = Record(
            id=next(self._ids),
            kind=params.kind,
            queue=params.queue,
            payload=params.payload,
            state=PENDING,
            attempt=0,
            max_attempts=params.max_attempts,
            run_at=now if params.run_at is None else params.run_at,
            created_at=now,
            updated_at=now,
        )
        self._pending[record.id] = record
        self._tally.add(record)
        self._enqueue(record)
        return record

    def claim(self, params: ClaimParams, now: datetime) -> Record | None:
        due_by = now if params.now is None else params.now
        found = self._first(params.queues)
        if found is None or found[0][0] > due_by:
            return None
        first, queue = found
        lease_end = due_by + params.lease
        queue.claim(first, lease_end)
        before = self._unfinished(first[1])
        record = replace(
            before,
            state=RUNNING,
            attempt=before.attempt + 1,
            updated_at=now,
            lease_expires_at=lease_end,
            claimed_by=params.worker,
            taken_from=None,
        )
        if before.state is RUNNING:
            record = replace(record, abandoned=before.abandoned + 1, taken_from=before.claimed_by)
        self._move(before, record)
        return record

    def finish(self, params: FinishParams, now: datetime) -> None:
        if isinstance(params, CompleteParams):
            self.complete(params, now)
        elif isinstance(params, RetryParams):
            self.retry(params, now)
        else:
            self.discard(params, now)

    def complete(self, params: CompleteParams, now: datetime) -> None:
        before = self._held(params, SUCCEEDED)
        if before is not None:
            self._release(before, replace(before, state=SUCCEEDED, updated_at=now, lease_expires_at=None))
            self._retain(self._succeeded)

    def retry(self, params: RetryParams, now: datetime) -> None:
        before = self._held(params, RETRYING)
        if before is not None:
            record = replace(
                before,
                state=RETRYING,
                run_at=now if params.run_at is None else params.run_at,
                updated_at=now,
                lease_expires_at=None,
                last_error=storable(params.last_error),
            )
            if params.spare:
                record = replace(record, spared=before.spared + 1)
            self._release(before, record)
            self._enqueue(record)

    def discard(self, params: DiscardParams, now: datetime) -> None:
        before = self._held(params, DISCARDED)
        if before is not None:
            record = replace(
                before,
                state=DISCARDED,
                updated_at=now,
                lease_expires_at=None,
                last_error=storable(params.last_error),
            )
            self._release(before, record)
            self._retain(self._discarded)

    def extend(self, params: ExtendParams, now: datetime) -> None:
        before = self._current(params)
        if before is None:
            raise self._lost(params)
        lease_end = (now if params.now is None else params.now) + params.lease
        record = replace(before, lease_expires_at=lease_end)
        self._running[record.id] = record
        self._queues[record.queue].leases.put(record.id, lease_end)
        self._announce(record)

    def next_due(self, queues: Iterable[str]) -> datetime | None:
        """The least due time on those queues, be it past or to come."""
        found = self._first(queues)
        return None if found is None else found[0][0]

    def newest(self, options: ListOptions) -> list[Record]:
        """In no order, what the newest that pass are among: those of each state, and any as new as the last of them."""
        found: list[Record] = []
        for state in State if options.states is None else options.states:
            found += _newest(_passing(reversed(self._by_state[state].values()), options), options.limit)
        return found

    def stats(self) -> Stats:
        return self._tally.stats()

    def prune(self, finished_before: datetime, limit: int) -> int:
        for pruned in range(limit):
            finished = [records for records in (self._succeeded, self._discarded) if records]
            oldest = min(finished, key=_oldest_update, default=None)
            if oldest is None or _oldest_update(oldest) >= finished_before:
                return pruned
            self._drop_oldest(oldest)
        return limit

    def _first(self, queues: Iterable[str]) -> tuple[Due, Queue] | None:
        found: tuple[Due, Queue] | None = None
        for name in queues:
            queue = self._queues.get(name)
            first = None if queue is None else queue.first()
            if queue is not None and first is not None and (found is None or first < found[0]):
                found = first, queue
        return found

    def _unfinished(self, id: int) -> Record:
        return self._pending.get(id) or self._retrying.get(id) or self._running[id]

    def _current(self, params: FinishParams | ExtendParams) -> Record | None:
        record = self._running.get(params.id)
        return record if record is not None and record.attempt == params.attempt else None

    def _held(self, params: FinishParams, outcome: State) -> Record | None:
        """The record that the claim holds; None if the record shows that the claim already had this outcome."""
        record = self._current(params)
        if record is None:
            settled = self._by_state[outcome].get(params.id)
            if settled is None or settled.attempt != params.attempt:
                raise self._lost(params)
        return record

    def _lost(self, params: FinishParams | ExtendParams) -> ClaimLostError:
        for records in self._by_state.values():
            record = records.get(params.id)
            if record is not None:
                return ClaimLostError(params.id, params.attempt, f"{record.state}, attempt {record.attempt}")
        return ClaimLostError(params.id, params.attempt, "no such record")

    def _enqueue(self, record: Record) -> None:
        self._queues[record.queue].put((record.run_at, record.id), record.updated_at)
        self._announce(record)

    def _release(self, before: Record, record: Record) -> None:
        self._queues[before.queue].leases.end(before.id)
        self._move(before, record)

    def _move(self, before: Record, record: Record) -> None:
        del self._by_state[before.state][before.id]
        self._by_state[record.state][record.id] = record
        self._tally.move(record.queue, before.state, record.state)

    def _retain(self, finished: OrderedDict[int, Record]) -> None:
        if len(finished) > self._retention:
            self._drop_oldest(finished)

    def _drop_oldest(self, finished: OrderedDict[int, Record]) -> None:
        _, record = finished.popitem(last=False)
        if self._tally.remove(record):
            del self._queues[record.queue]


def _passing(records: Iterator[Record], options: ListOptions) -> Iterator[Record]:
    """Those that pass each filter but that of the states, from the newest on."""
    kinds, queues, before = options.kinds, options.queues, options.before
    if before is not None:
        records = (record for record in records if (record.updated_at, record.id) < before)
    if kinds is not None:
        records = (record for record in records if record.kind in kinds)
    if queues is not None:
        records = (record for record in records if record.queue in queues)
    return records


def _newest(stream: Iterator[Record], limit: int | None) -> list[Record]:
    newest = list(islice(stream, limit))
    if newest:
        last = newest[-1].updated_at
        newest += takewhile(lambda record: record.updated_at == last, stream)
    return newest


def _oldest_update(records: dict[int, Record]) -> datetime:
    return next(iter(records.values())).updated_at
