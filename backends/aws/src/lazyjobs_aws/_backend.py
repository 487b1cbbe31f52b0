"""The backend itself: the contract's methods, over one table and its queues."""

import os
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import ClassVar, Self

import boto3
from msgspec import Struct

from lazyjobs import (
    BackendClosedError,
    BackendError,
    BackendURL,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
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
from lazyjobs_aws._address import Address
from lazyjobs_aws._claims import Sources, Turns, claim
from lazyjobs_aws._clients import Clients
from lazyjobs_aws._hints import Hints
from lazyjobs_aws._ids import Ids
from lazyjobs_aws._index import Index
from lazyjobs_aws._items import MAX_PAYLOAD, Value, storable
from lazyjobs_aws._options import Options
from lazyjobs_aws._reads import count_records, list_records, oldest_finished
from lazyjobs_aws._table import Table
from lazyjobs_aws._times import SECOND, Clock, read_utc, to_microseconds
from lazyjobs_aws._watch import Watch

_IDS_TRIED = 5
_GONE: dict[str, Value | None] = {"shelf": None, "slot": None, "hint": None}


class AwsBackend:
    """Records in a DynamoDB table, hints about them in SQS; every capability but `finish_and_claim`.

    The table and the queues are made beforehand by the command `lazyjobs-aws create`, never by this class. Any number
    of instances, processes and machines share a prefix; one instance serves any number of threads, and a forked child.
    `session` is for credentials of one's own, and `clock`, which must tell aware UTC, for tests.

    Claims take a due record, not always the one that has been due longest. Where the table has the index `feed`, `list`
    and `stats` read it and may be a moment behind; where it has not, they read the whole table and are exact.
    """

    contract_version = 1
    max_payload: ClassVar[int] = MAX_PAYLOAD
    """In bytes; a longer payload is refused with `PayloadTooLargeError`."""

    def __init__(
        self,
        region: str,
        prefix: str,
        *,
        options: Options = Options(),  # noqa: B008 (an immutable value)
        session: boto3.Session | None = None,
        clock: Clock = read_utc,
    ) -> None:
        self._address = Address(region, prefix, options.endpoint_url)
        self._options = options
        self._session = session
        self._clock = clock
        self._ids = Ids()
        self._closed = False
        self._parts = self._assemble()

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        """The namespace of `sqs+dynamodb://REGION/PREFIX?endpoint_url=…`, with the other fields of `Options` beside."""
        options = Options.from_url(url)
        address = Address.from_url(url, options.endpoint_url)
        return cls(address.region, address.prefix, options=options)

    def _assemble(self) -> "_Parts":
        clients = Clients(self._address, self._options.attempts, self._session)
        table = Table(self._address, clients)
        hints = Hints(self._address, clients)
        sources = Sources(table, Index(table), hints, Watch(hints), self._clock, Turns(self._options.sweep))
        return _Parts(os.getpid(), clients, sources)

    def _opened(self) -> Sources:
        if self._closed:
            raise BackendClosedError
        if self._parts.process != os.getpid():
            self._ids = Ids()
            self._parts = self._assemble()
        return self._parts.sources

    def _now(self) -> int:
        return to_microseconds(self._clock())

    def insert(self, params: InsertParams) -> Record:
        """One write, and one hint if the record is due; the hint may fail without harm."""
        sources = self._opened()
        self._check_size(params)
        record, hinted = self._insert(sources, params)
        if hinted:
            sources.hints.send(record.queue, [record.id])
        sources.watch.announce()
        return record

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        """One write each, and one request for the hints of up to ten on a queue."""
        sources = self._opened()
        for each in params:
            self._check_size(each)
        records: list[Record] = []
        hinted: dict[str, list[int]] = {}
        try:
            for each in params:
                record, due = self._insert(sources, each)
                records.append(record)
                if due:
                    hinted.setdefault(record.queue, []).append(record.id)
        finally:
            for queue, ids in hinted.items():
                sources.hints.send(queue, ids)
            sources.watch.announce()
        return records

    def _insert(self, sources: Sources, params: InsertParams) -> tuple[Record, bool]:
        """The record, and whether it is due."""
        for _ in range(_IDS_TRIED):
            now = self._now()
            run_at = now if params.run_at is None else to_microseconds(params.run_at)
            id = self._ids.next(now)
            record = sources.table.insert(params, id=id, now=now, run_at=run_at, hinted=run_at <= now)
            if record is not None:
                return record, run_at <= now
        raise BackendError(f"{_IDS_TRIED} new ids were all taken in {self._address}; is a clock standing still?")

    def _check_size(self, params: InsertParams) -> None:
        if len(params.payload) > self.max_payload:
            raise PayloadTooLargeError(params.kind, len(params.payload), self.max_payload)

    def claim(self, params: ClaimParams) -> Record | None:
        """One conditional write for the record that is taken."""
        records = claim(self._opened(), params, 1)
        return records[0] if records else None

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        """One conditional write for each; hints are asked for by tens."""
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        return claim(self._opened(), params, limit)

    def complete(self, params: CompleteParams) -> None:
        """One conditional write."""
        self._finish(params, State.SUCCEEDED, {**_GONE, **self._expiry()})

    def retry(self, params: RetryParams) -> None:
        """One conditional write."""
        run_at = self._now() if params.run_at is None else to_microseconds(params.run_at)
        moved: dict[str, Value | None] = {"run_at": run_at, "slot": run_at, "hint": None}
        self._finish(params, State.RETRYING, {**moved, "error": storable(params.last_error) or None})
        self._parts.sources.watch.announce()

    def discard(self, params: DiscardParams) -> None:
        """One conditional write."""
        error: dict[str, Value | None] = {"error": storable(params.last_error) or None}
        self._finish(params, State.DISCARDED, {**_GONE, **self._expiry(), **error})

    def _finish(
        self, params: CompleteParams | RetryParams | DiscardParams, outcome: State, change: dict[str, Value | None]
    ) -> None:
        self._opened().table.finish(params.id, params.attempt, outcome, clock=self._now(), change=change)

    def _expiry(self) -> dict[str, Value | None]:
        if self._options.retention is None:
            return {}
        return {"expires": (self._now() + to_microseconds(self._options.retention)) // SECOND + 1}

    def extend(self, params: ExtendParams) -> None:
        """One conditional write."""
        sources = self._opened()
        now = self._now() if params.now is None else to_microseconds(params.now)
        sources.table.extend(params.id, params.attempt, now + to_microseconds(params.lease))
        sources.watch.announce()

    def wait(self, params: WaitParams) -> bool:
        """Ends with the hint that a long poll brings, or when a record becomes due by the index.

        What another process schedules, retries or extends meanwhile is seen within `Options.sweep` seconds. A wait of
        less than a tenth of a second only looks.
        """
        sources = self._opened()
        deadline = monotonic() + params.timeout.total_seconds()
        sources.hints.delete_old()
        while True:
            seen = sources.watch.changes
            now = self._now()
            look = sources.index.look(params.queues, now, 1)
            if look.due:
                return True
            pause = self._options.sweep if look.next is None else min(self._options.sweep, (look.next - now) / SECOND)
            left = deadline - monotonic()
            if sources.watch.sleep(params.queues, seen, max(min(left, pause), 0)):
                return True
            self._opened()
            if left <= pause and monotonic() >= deadline:
                return False

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        return list_records(self._opened().table, options)

    def stats(self) -> Stats:
        return count_records(self._opened().table)

    def now(self) -> datetime:
        """The machine's clock, unless another was given; asks no service."""
        self._opened()
        return self._clock()

    def prune(self, params: PruneParams) -> int:
        """One conditional delete for each record, and one for a payload that has an item of its own."""
        table = self._opened().table
        before = to_microseconds(params.finished_before)
        return sum(table.delete(item, before) for item in oldest_finished(table, before, params.limit))

    def close(self) -> None:
        """Deletes used hints, closes connections and wakes those who wait.

        A long poll that is under way ends by itself, within twenty seconds, in a thread that keeps no process alive.
        """
        if self._closed:
            return
        self._closed = True
        if self._parts.process == os.getpid():
            self._parts.sources.watch.close()
            self._parts.sources.hints.delete_all()
            self._parts.clients.close()


class _Parts(Struct, frozen=True):
    """What belongs to one process, since sockets, locks and threads do."""

    process: int
    clients: Clients
    sources: Sources
