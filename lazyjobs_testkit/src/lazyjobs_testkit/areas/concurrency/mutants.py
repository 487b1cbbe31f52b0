"""Backends that are right as long as one thread at a time uses them. None of them sleeps."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lazyjobs import (
    BackendUnavailableError,
    ClaimLostError,
    ClaimParams,
    FinishParams,
    InsertParams,
    ListOptions,
    Record,
    Stats,
)
from lazyjobs_testkit.zoo._base import CorrectBackend, SevenMethods
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table

_FINISHES = ("complete", "retry", "discard")


class UnlockedClaim(SevenMethods):
    """Looks up what is due and marks it as running without a lock around both."""

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if method == "claim":
            yield
            return
        with super().exclusive(method):
            yield


class OwnLock(SevenMethods):
    """Has a lock of its own in each handle, which keeps only the callers of that handle apart."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.lock = threading.RLock()

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        with super().exclusive(method) if method == "insert" else self.lock:
            yield


class TwoLocksTable(Table):
    def __init__(self) -> None:
        super().__init__()
        self.finishing = threading.RLock()


class TwoLocks(SevenMethods):
    """Has a lock for the finishes and another for everything else, so that a claim may come into a finish."""

    table_class = TwoLocksTable
    table: TwoLocksTable

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        with self.table.finishing if method in _FINISHES else super().exclusive(method):
            yield


class StateForgetter(SevenMethods):
    """Checks a finish without a lock, and before it writes makes sure of the attempt, but not of the state."""

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if method in _FINISHES:
            yield
            return
        with super().exclusive(method):
            yield

    def finish(self, params: FinishParams) -> None:
        record = self.table.get(params.id)
        if record is not None and self.is_settled(record, params):
            return
        outcome = self.outcome(self.held(record, params), params)
        with self.table.exclusive():
            current = self.table.get(params.id)
            if current is None or current.attempt != params.attempt:
                raise ClaimLostError(params.id, params.attempt, "claimed again")
            self.table.put(outcome)


class CountedIds(SevenMethods):
    """Computes the next id in one line and stores it in the next, without a lock."""

    def insert(self, params: InsertParams) -> Record:
        self.check_size(params)
        id = self.table.last_id + 1
        self.table.last_id = id
        record = self.new_record(id, params, self.now())
        self.table.put(record)
        return record


class Snapshots(SevenMethods):
    """Inserts into a copy of everything and puts that in the place of whatever is there by then."""

    def insert(self, params: InsertParams) -> Record:
        self.check_size(params)
        with self.exclusive("insert"):
            id = self.next_id()
        records = dict(self.table.records)
        record = records[id] = self.new_record(id, params, self.now())
        self.table.records = records
        return record


class SoreLoser(SevenMethods):
    """Finds without a lock what to claim, and answers None when another was quicker."""

    def claim(self, params: ClaimParams) -> Record | None:
        now = self.claim_time(params)
        due = self.due_records(params.queues, now)
        if not due:
            return None
        with self.exclusive("claim"):
            return self.run(due[0], params, now) if self.table.get(due[0].id) is due[0] else None


class Sidestepper(SevenMethods):
    """Takes the second record that is due if the claim had to wait for another, to keep out of its way."""

    def claim(self, params: ClaimParams) -> Record | None:
        waited = not self.table.changed.acquire(blocking=False)
        if waited:
            self.table.changed.acquire()
        try:
            now = self.claim_time(params)
            due = self.due_records(params.queues, now)
            return self.run(due[1 if waited and len(due) > 1 else 0], params, now) if due else None
        finally:
            self.table.changed.release()


class CountedTwice(SevenMethods):
    """Counts by queue first and the rest afterwards, while others write."""

    def stats(self) -> Stats:
        by_queue = self.count(self.table.all()).by_queue
        rest = self.count(self.table.all())
        return Stats(
            total=rest.total,
            by_state=rest.by_state,
            by_kind=rest.by_kind,
            by_queue=by_queue,
            by_queue_state=rest.by_queue_state,
        )


class Listing(threading.Event):
    """A list under way, for whoever asks while it is."""

    records: Sequence[Record] = ()


class SharedListTable(Table):
    def __init__(self) -> None:
        super().__init__()
        self.listing: Listing | None = None


class SharedList(SevenMethods):
    """Answers a list that is asked for while another is under way with that one, begun before."""

    table_class = SharedListTable
    table: SharedListTable

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        with self.exclusive("list"):
            listing, begun = self.table.listing, self.table.listing is not None
            if listing is None:
                listing = self.table.listing = Listing()
        if begun:
            listing.wait()
        else:
            listing.records = self.newest(self.table.all(), ListOptions(limit=None))
            self.table.listing = None
            listing.set()
        return self.newest(listing.records, options)


class Impatient(SevenMethods):
    """Raises instead of waiting when the lock is taken."""

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if not self.table.changed.acquire(blocking=False):
            raise BackendUnavailableError(f"{method}: the table is locked")
        try:
            yield
        finally:
            self.table.changed.release()


class BareIterator(SevenMethods):
    """Goes through the records without a lock, which raises if one is inserted meanwhile."""

    def stats(self) -> Stats:
        return self.count([record for record in self.table.records.values() if record.id])


class UnlockedExtend(CorrectBackend):
    """Looks up the claim and writes its lease without a lock around both."""

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if method == "extend":
            self.check_open(method)
            yield
            return
        with super().exclusive(method):
            yield


class UnlockedBatch(CorrectBackend):
    """Reads the batch in one step and marks it as running in another."""

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if method == "claim_many":
            self.check_open(method)
            yield
            return
        with super().exclusive(method):
            yield


class UnlockedBoth(CorrectBackend):
    """Locks the finish of finish_and_claim and forgets to lock the claim after it."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            self.finish(finish)
        return self.take(params)


MUTANTS = (
    Mutant(UnlockedClaim.Harness, "CON-01", "duplicated: record", racy=True),
    Mutant(OwnLock.Harness, "CON-02", "duplicated: record", racy=True),
    Mutant(TwoLocks.Harness, "CON-04", "overwritten|revived|refused|altered", racy=True),
    Mutant(StateForgetter.Harness, "CON-06", "overwritten|revived|refused|altered", racy=True),
    Mutant(CountedIds.Harness, "CON-07", "reused id", racy=True),
    Mutant(Snapshots.Harness, "CON-09", "lost|altered|invented|miscounted", racy=True),
    Mutant(SoreLoser.Harness, "CON-11", "empty: claim found nothing", racy=True),
    Mutant(Sidestepper.Harness, "CON-12", "passed over", racy=True),
    Mutant(CountedTwice.Harness, "CON-13", "miscounted", racy=True),
    Mutant(SharedList.Harness, "CON-13", "lost|altered", racy=True),
    Mutant(Impatient.Harness, "CON-14", "the table is locked", racy=True),
    Mutant(BareIterator.Harness, "CON-14", "dictionary changed size", racy=True),
    Mutant(UnlockedExtend.Harness, "CON-15", "overwritten|revived|refused|altered|duplicated", racy=True),
    Mutant(UnlockedBatch.Harness, "CON-16", "duplicated: record", racy=True),
    Mutant(UnlockedBoth.Harness, "CON-17", "duplicated: record", racy=True),
)
