"""A backend whose every method holds a lock, and others like it that leave one lock out, or hold one too small.

None of them sleeps. Loaded by its path, since child processes load it too.
"""

import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from lazyjobs import (
    BackendUnavailableError,
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
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.model import count

ROOT = Path(tempfile.gettempdir()) / f"lazyjobs-testkit-racy-{os.getuid()}"

OUTCOMES = {CompleteParams: State.SUCCEEDED, RetryParams: State.RETRYING, DiscardParams: State.DISCARDED}


def now() -> datetime:
    return datetime.now(UTC)


class Table:
    """Records by id, in a dictionary that all handles share."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.records: dict[int, Record] = {}
        self.last_id = 0

    def exclusive(self) -> AbstractContextManager[object]:
        return self.lock

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def get(self, id: int) -> Record | None:
        return self.records.get(id)

    def put(self, record: Record) -> None:
        self.records[record.id] = record

    def all(self) -> Sequence[Record]:
        return list(self.records.values())


class SqliteTable(Table):
    """Records in a file, which processes share; a connection for each thread."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.local = threading.local()
        self.connection.execute("CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, body BLOB)")

    @property
    def connection(self) -> sqlite3.Connection:
        if not hasattr(self.local, "connection"):
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=20, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            self.local.connection = connection
        return self.local.connection  # type: ignore[no-any-return]

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self.connection.execute("COMMIT")

    def next_id(self) -> int:
        row = self.connection.execute("SELECT coalesce(max(id), 0) + 1 FROM records").fetchone()
        return int(row[0])

    def get(self, id: int) -> Record | None:
        row = self.connection.execute("SELECT body FROM records WHERE id = ?", (id,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Record)

    def put(self, record: Record) -> None:
        body = msgspec.json.encode(record)
        self.connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?)", (record.id, body))

    def all(self) -> Sequence[Record]:
        rows = self.connection.execute("SELECT body FROM records").fetchall()
        return [msgspec.json.decode(body, type=Record) for (body,) in rows]


class Locked:
    """All that the rules about concurrency ask for. `unlocked` are the methods that forget the lock."""

    unlocked: ClassVar[tuple[str, ...]] = ()

    def __init__(self, table: Table) -> None:
        self.table = table

    def exclusive(self, method: str) -> AbstractContextManager[object]:
        return nullcontext() if method in self.unlocked else self.table.exclusive()

    def insert(self, params: InsertParams) -> Record:
        with self.exclusive("insert"):
            return self.store(self.table.next_id(), params)

    def store(self, id: int, params: InsertParams) -> Record:
        time = now()
        record = Record(
            id=id,
            kind=params.kind,
            queue=params.queue,
            payload=params.payload,
            state=State.PENDING,
            attempt=0,
            max_attempts=params.max_attempts,
            run_at=params.run_at or time,
            created_at=time,
            updated_at=time,
        )
        self.table.put(record)
        return record

    def claim(self, params: ClaimParams) -> Record | None:
        with self.exclusive("claim"):
            return self.take(params)

    def take(self, params: ClaimParams) -> Record | None:
        time = params.now or now()
        due = self.due(params, time)
        return self.run(due[0], params, time) if due else None

    def due(self, params: ClaimParams, time: datetime) -> Sequence[Record]:
        found = [
            (due, record.id, record)
            for record in self.table.all()
            if record.queue in params.queues and (due := due_time(record)) is not None and due <= time
        ]
        return [record for _, _, record in sorted(found, key=lambda item: item[:2])]

    def run(self, record: Record, params: ClaimParams, time: datetime) -> Record:
        running = replace(
            record,
            state=State.RUNNING,
            attempt=record.attempt + 1,
            lease_expires_at=time + params.lease,
            updated_at=max(record.updated_at, now()),
        )
        self.table.put(running)
        return running

    def complete(self, params: CompleteParams) -> None:
        self.finish(params)

    def retry(self, params: RetryParams) -> None:
        self.finish(params)

    def discard(self, params: DiscardParams) -> None:
        self.finish(params)

    def finish(self, params: FinishParams) -> None:
        with self.exclusive("finish"):
            self.end(params)

    def end(self, params: FinishParams) -> None:
        changes: dict[str, object] = {}
        if not isinstance(params, CompleteParams):
            changes["last_error"] = params.last_error
        if isinstance(params, RetryParams):
            changes["run_at"] = params.run_at or now()
        state = OUTCOMES[type(params)]
        record = self.table.get(params.id)
        if record is None or (record.state, record.attempt) != (state, params.attempt):
            held = self.held(record, params)
            updated_at = max(held.updated_at, now())
            self.table.put(replace(held, state=state, lease_expires_at=None, updated_at=updated_at, **changes))

    def held(self, record: Record | None, params: FinishParams | ExtendParams) -> Record:
        if record is None or record.state is not State.RUNNING or record.attempt != params.attempt:
            raise ClaimLostError(params.id, params.attempt, "something else")
        return record

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        with self.exclusive("list"):
            records = self.table.all()
        return newest(records, options)

    def stats(self) -> Stats:
        with self.exclusive("stats"):
            return count(self.table.all())

    def extend(self, params: ExtendParams) -> None:
        with self.exclusive("extend"):
            held = self.held(self.table.get(params.id), params)
            self.table.put(replace(held, lease_expires_at=(params.now or now()) + params.lease))

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        with self.exclusive("claim_many"):
            time = params.now or now()
            return [self.run(record, params, time) for record in self.due(params, time)[:limit]]

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            self.end(finish)
            return self.take(params)


def due_time(record: Record) -> datetime | None:
    if record.state in (State.SUCCEEDED, State.DISCARDED):
        return None
    return record.lease_expires_at if record.state is State.RUNNING else record.run_at


def newest(records: Sequence[Record], options: ListOptions) -> Sequence[Record]:
    shown = [record for record in records if options.states is None or record.state in options.states]
    return sorted(shown, key=lambda record: (record.updated_at, record.id), reverse=True)[: options.limit]


class TableHarness(Harness):
    """Every handle on a namespace is on the same table."""

    backend: ClassVar[type[Locked]] = Locked
    tables: ClassVar[dict[str, Table]] = {}

    def open(self, namespace: str) -> Locked:
        return self.backend(self.tables.setdefault(namespace, Table()))

    def destroy(self, namespace: str) -> None:
        self.tables.pop(namespace, None)


class SqliteHarness(TableHarness):
    traits = Traits(durable=True, multi_process=True)

    def open(self, namespace: str) -> Locked:
        ROOT.mkdir(exist_ok=True)
        return self.backend(SqliteTable(ROOT / namespace))

    def destroy(self, namespace: str) -> None:
        for path in ROOT.glob(f"{namespace}*"):
            path.unlink()


class UnlockedClaim(Locked):
    unlocked = ("claim",)


class UnlockedClaimHarness(TableHarness):
    backend = UnlockedClaim


class UnlockedClaimSqliteHarness(SqliteHarness):
    backend = UnlockedClaim


class UnlockedFinish(Locked):
    unlocked = ("finish",)


class UnlockedFinishHarness(TableHarness):
    backend = UnlockedFinish


class UnlockedFinishSqliteHarness(SqliteHarness):
    backend = UnlockedFinish


class UnlockedInsert(Locked):
    unlocked = ("insert",)


class UnlockedInsertHarness(TableHarness):
    backend = UnlockedInsert


class UnlockedInsertSqliteHarness(SqliteHarness):
    backend = UnlockedInsert


class UnlockedExtend(Locked):
    unlocked = ("extend",)


class UnlockedExtendHarness(TableHarness):
    backend = UnlockedExtend


class UnlockedBatch(Locked):
    unlocked = ("claim_many",)


class UnlockedBatchHarness(TableHarness):
    backend = UnlockedBatch


class UnlockedBoth(Locked):
    """Locks the finish and forgets the claim after it."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        self.finish(finish)
        return self.take(params)


class UnlockedBothHarness(TableHarness):
    backend = UnlockedBoth


class OwnLock(Locked):
    """The lock belongs to the handle, so handles do not keep one another out."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.lock = threading.RLock()

    def exclusive(self, method: str) -> AbstractContextManager[object]:
        return self.table.exclusive() if method == "insert" else self.lock


class OwnLockHarness(TableHarness):
    backend = OwnLock


class ProcessLock(Locked):
    """The lock keeps threads apart, but no processes."""

    lock = threading.RLock()

    def exclusive(self, method: str) -> AbstractContextManager[object]:
        return self.lock


class ProcessLockHarness(SqliteHarness):
    backend = ProcessLock


class CountedIds(Locked):
    """Computes the next id in one line and stores it in the next."""

    def insert(self, params: InsertParams) -> Record:
        id = self.table.last_id + 1
        self.table.last_id = id
        with self.table.lock:
            return self.store(id, params)


class CountedIdsHarness(TableHarness):
    backend = CountedIds


class Snapshots(Locked):
    """Each insert changes a copy of everything and puts it in the place of whatever is there by then."""

    def insert(self, params: InsertParams) -> Record:
        with self.table.lock:
            id = self.table.next_id()
        records = dict(self.table.records)
        record = self.store(id, params)
        records[id] = record
        self.table.records = records
        return record


class SnapshotsHarness(TableHarness):
    backend = Snapshots


class SnapshotTable(Table):
    """Every write reads the whole file, changes it, and puts it in the place of whatever is there by then."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def next_id(self) -> int:
        with self.path.with_suffix(".ids").open("ab") as ids:
            ids.write(b".")
            ids.flush()
            return ids.tell() * 1000 + os.getpid() % 1000

    def load(self) -> dict[int, Record]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[int, Record])
        except FileNotFoundError:
            return {}

    def get(self, id: int) -> Record | None:
        return self.load().get(id)

    def put(self, record: Record) -> None:
        records = self.load()
        records[record.id] = record
        new = self.path.with_suffix(f".{os.getpid()}")
        new.write_bytes(msgspec.json.encode(records))
        new.replace(self.path)

    def all(self) -> Sequence[Record]:
        return list(self.load().values())


class SnapshotFileHarness(SqliteHarness):
    """Threads are kept apart; what processes write is lost now and then."""

    def open(self, namespace: str) -> Locked:
        ROOT.mkdir(exist_ok=True)
        return ProcessLock(SnapshotTable(ROOT / f"{namespace}.json"))


class SoreLoser(Locked):
    """Finds without a lock, and answers None when another was quicker."""

    def claim(self, params: ClaimParams) -> Record | None:
        time = params.now or now()
        due = self.due(params, time)
        if not due:
            return None
        with self.table.lock:
            return self.run(due[0], params, time) if self.table.get(due[0].id) is due[0] else None


class SoreLoserHarness(TableHarness):
    backend = SoreLoser


class Hoarder(Locked):
    """Each thread sets three due records aside for itself and hands them out one by one."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.local = threading.local()
        self.aside: set[tuple[int, int]] = set()

    def claim(self, params: ClaimParams) -> Record | None:
        with self.exclusive("claim"):
            hoards: dict[tuple[str, ...], list[Record]] = self.local.__dict__.setdefault("hoards", {})
            hoard = hoards.setdefault(params.queues, [])
            time = params.now or now()
            if not hoard:
                free = [each for each in self.due(params, time) if (each.id, each.attempt) not in self.aside][:3]
                self.aside |= {(each.id, each.attempt) for each in free}
                hoard += free
            return self.run(hoard.pop(0), params, time) if hoard else None


class HoarderHarness(TableHarness):
    backend = Hoarder


class CountedTwice(Locked):
    """Counts by queue first and then the rest, while others write."""

    def stats(self) -> Stats:
        by_queue = count(self.table.all())
        rest = count(self.table.all())
        return replace(rest, by_queue=by_queue.by_queue, by_queue_state=by_queue.by_queue_state)


class CountedTwiceHarness(TableHarness):
    backend = CountedTwice


class CachedList(Locked):
    """Notes that its list is old before the write that makes it old."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.old = True
        self.cache: Sequence[Record] = ()

    def insert(self, params: InsertParams) -> Record:
        self.old = True
        return super().insert(params)

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        if self.old:
            self.old = False
            self.cache = super().list(ListOptions(limit=None))
        return newest(self.cache, options)


class CachedListHarness(TableHarness):
    backend = CachedList


class Impatient(Locked):
    """Raises when the lock is taken."""

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if not self.table.lock.acquire(blocking=False):
            raise BackendUnavailableError(f"{method}: the table is locked")
        try:
            yield
        finally:
            self.table.lock.release()


class ImpatientHarness(TableHarness):
    backend = Impatient
