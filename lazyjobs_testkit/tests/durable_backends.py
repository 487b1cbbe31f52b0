"""A small durable backend, and others like it that are wrong in one way each.

Loaded by its path, since child processes load it too.
"""

import fcntl
import os
import queue
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from lazyjobs import (
    BackendClosedError,
    BackendError,
    BackendUnavailableError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
    RetryParams,
    State,
    Stats,
)
from lazyjobs_testkit import Harness, Traits

ROOT = Path(tempfile.gettempdir()) / f"lazyjobs-testkit-durable-{os.getuid()}"
T = TypeVar("T")
FINISHED = (State.SUCCEEDED, State.DISCARDED)


def storable(text: str) -> str:
    return text[:1000].encode("utf-8", "replace").decode()


class Store(msgspec.Struct):
    last_id: int = 0
    records: dict[int, Record] = {}
    version: int = 2


class Weather:
    """What goes on around a file: requests that are to fail, and a clock that is wrong."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self.clear()

    def arm(self, moment: Literal["before", "after"], count: int = 1, skip: int = 0) -> None:
        self.moment, self.count, self.skip, self.failed = moment, count, skip, 0

    def clear(self) -> int:
        failed = getattr(self, "failed", 0)
        self.arm("before", count=0)
        return failed

    def request(self, act: Callable[[], T]) -> T:
        if self.skip or not self.count:
            self.skip -= bool(self.skip)
            return act()
        self.count -= 1
        self.failed += 1
        if self.moment == "after":
            act()
        raise OSError("the storm took the line")


WEATHER: defaultdict[Path, Weather] = defaultdict(Weather)
"""By file, for this process."""


class FileBackend:
    """All records in one file, locked for each operation and replaced as a whole: correct, as far as we know."""

    traits = Traits(durable=True, multi_process=True)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.closed = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self.check_version()

    def insert(self, params: InsertParams) -> Record:
        with self.locked():
            store, now = self.read(), self.now()
            record = Record(
                id=self.next_id(store),
                kind=params.kind,
                queue=params.queue,
                payload=params.payload,
                state=State.PENDING,
                attempt=0,
                max_attempts=params.max_attempts,
                run_at=params.run_at or now,
                created_at=now,
                updated_at=now,
            )
            store.last_id = max(store.last_id, record.id)
            self.put(store, record)
            return record

    def claim(self, params: ClaimParams) -> Record | None:
        with self.locked():
            store, now = self.read(), params.now or self.now()
            due = [
                (when, record.id)
                for record in store.records.values()
                if record.queue in params.queues and (when := self.due(record)) is not None and when <= now
            ]
            if not due:
                return None
            record = store.records[min(due)[1]]
            claimed = replace(
                record,
                state=State.RUNNING,
                attempt=record.attempt + 1,
                lease_expires_at=now + params.lease,
                updated_at=self.later(record),
            )
            self.put_claimed(store, claimed)
            return claimed

    def complete(self, params: CompleteParams) -> None:
        self.finish(params, State.SUCCEEDED)

    def retry(self, params: RetryParams) -> None:
        run_at = params.run_at or self.now()
        self.finish(params, State.RETRYING, run_at=run_at, last_error=storable(params.last_error))

    def discard(self, params: DiscardParams) -> None:
        self.finish(params, State.DISCARDED, last_error=storable(params.last_error))

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        with self.locked():
            records = self.read().records.values()
        shown = [record for record in records if options.states is None or record.state in options.states]
        return sorted(shown, key=lambda record: (record.updated_at, record.id), reverse=True)[: options.limit]

    def stats(self) -> Stats:
        records = self.list(ListOptions(limit=None))
        by_queue_state: dict[str, Counter[State]] = defaultdict(Counter)
        for record in records:
            by_queue_state[record.queue][record.state] += 1
        return Stats(
            total=len(records),
            by_state=Counter(record.state for record in records),
            by_kind=Counter(record.kind for record in records),
            by_queue=Counter(record.queue for record in records),
            by_queue_state=by_queue_state,
        )

    def prune(self, params: PruneParams) -> int:
        with self.locked():
            store = self.read()
            old = [r for r in store.records.values() if r.state in FINISHED and r.updated_at < params.finished_before]
            oldest = sorted(old, key=lambda record: record.updated_at)[: params.limit]
            for record in oldest:
                del store.records[record.id]
            self.write(store)
            return len(oldest)

    def finish(self, params: FinishParams, state: State, **changes: Any) -> None:
        with self.locked():
            store = self.read()
            record = store.records.get(params.id)
            if record is not None and (record.state, record.attempt) == (state, params.attempt):
                return
            if record is None or (record.state, record.attempt) != (State.RUNNING, params.attempt):
                raise ClaimLostError(params.id, params.attempt, "another" if record else "nothing")
            changes["updated_at"] = self.later(record)
            self.put_finished(store, record, state=state, lease_expires_at=None, **changes)

    def due(self, record: Record) -> datetime | None:
        if record.state in FINISHED:
            return None
        return record.lease_expires_at if record.state is State.RUNNING else record.run_at

    def next_id(self, store: Store) -> int:
        return store.last_id + 1

    def put_claimed(self, store: Store, record: Record) -> None:
        self.put(store, record)

    def put_finished(self, store: Store, record: Record, **changes: Any) -> None:
        self.put(store, replace(record, **changes))

    def put(self, store: Store, record: Record) -> None:
        store.records[record.id] = record
        self.write(store)

    def now(self) -> datetime:
        return datetime.now(UTC) + WEATHER[self.path].offset

    def later(self, record: Record) -> datetime:
        return max(record.updated_at, self.now())

    def check_version(self) -> None:
        with self.locked():
            if self.read().version > 2:
                raise BackendError(f"{self.path} is of a newer version; upgrade")

    def read(self) -> Store:
        return self.request(self.read_file)

    def read_file(self) -> Store:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Store()
        if content.startswith(b"{"):
            return msgspec.json.decode(content, type=Store)
        return msgspec.msgpack.decode(content, type=Store)

    def write(self, store: Store) -> None:
        incoming = self.path.with_suffix(".incoming")
        store.version = 2
        self.request(lambda: incoming.write_bytes(msgspec.msgpack.encode(store)))
        self.request(lambda: incoming.replace(self.path))

    def request(self, act: Callable[[], T]) -> T:
        return WEATHER[self.path].request(act)

    def close(self) -> None:
        self.closed = True

    @contextmanager
    def locked(self) -> Iterator[None]:
        if self.closed:
            raise BackendClosedError
        try:
            with self.path.with_suffix(".lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise BackendUnavailableError(f"{self.path}: {error}") from error


class FileHarness(Harness):
    traits = FileBackend.traits
    backend: ClassVar[type[FileBackend]] = FileBackend

    def path(self, namespace: str) -> Path:
        return ROOT / type(self).__name__ / namespace

    def open(self, namespace: str) -> FileBackend:
        return self.backend(self.path(namespace))

    def destroy(self, namespace: str) -> None:
        for path in self.path(namespace).parent.glob(f"{namespace}*"):
            path.unlink(missing_ok=True)
        WEATHER.pop(self.path(namespace), None)

    def faults(self, namespace: str) -> Weather:
        return WEATHER[self.path(namespace)]

    def set_clock(self, namespace: str, offset: timedelta) -> None:
        WEATHER[self.path(namespace)].offset = offset

    def old_schema(self, namespace: str) -> Sequence[Record]:
        path, now = self.path(namespace), datetime.now(UTC)
        path.parent.mkdir(parents=True, exist_ok=True)
        records = {id: _old_record(id, state, now) for id, state in enumerate(State, 1)}
        path.write_bytes(msgspec.json.encode({"last_id": 9, "records": records, "version": 1}))
        return list(records.values())

    def newer_schema(self, namespace: str) -> Callable[[], bytes]:
        path = self.path(namespace)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.msgpack.encode({"last_id": 1, "records": {}, "version": 3, "unheard_of": True}))
        return path.read_bytes


def _old_record(id: int, state: State, now: datetime) -> Record:
    return Record(
        id=id,
        kind="old",
        queue=f"queue{id % 2}",
        payload=b'{"id": %d}' % id,
        state=state,
        attempt=0 if state is State.PENDING else 1,
        max_attempts=3,
        run_at=now - timedelta(hours=1),
        created_at=now - timedelta(hours=2),
        updated_at=now - timedelta(minutes=id),
        lease_expires_at=now + timedelta(hours=1) if state is State.RUNNING else None,
        last_error="" if state is State.PENDING else "once",
    )


class BackgroundWriter(FileBackend):
    """Answers first: another thread writes, while the others read what is not yet written."""

    def __init__(self, path: Path) -> None:
        self.newest: Store | None = None
        super().__init__(path)
        self.unwritten: queue.Queue[Store] = queue.Queue()
        threading.Thread(target=self.keep_writing, daemon=True).start()

    def keep_writing(self) -> None:
        while True:
            super().write(self.unwritten.get())

    def read(self) -> Store:
        self.newest = self.newest or super().read()
        return self.newest

    def write(self, store: Store) -> None:
        self.newest = store
        self.unwritten.put(msgspec.msgpack.decode(msgspec.msgpack.encode(store), type=Store))


class LateCommitter(FileBackend):
    """What a call changed is written by the next call."""

    newest: Store | None = None

    def read(self) -> Store:
        if self.newest is not None:
            super().write(self.newest)
        self.newest = self.newest or super().read()
        return self.newest

    def write(self, store: Store) -> None:
        self.newest = store


class InPlaceWriter(FileBackend):
    """Writes the file in place, and takes an empty one for a new one."""

    def write(self, store: Store) -> None:
        self.path.write_bytes(msgspec.msgpack.encode(store))

    def read_file(self) -> Store:
        if self.path.exists() and not self.path.stat().st_size:
            return Store()
        return super().read_file()


class LeaseForgetter(FileBackend):
    """Keeps leases in memory; on opening, what runs counts as abandoned."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self.locked():
            store = self.read()
            for record in list(store.records.values()):
                if record.state is State.RUNNING:
                    store.records[record.id] = replace(record, lease_expires_at=record.updated_at)
            self.write(store)


class IdForgetter(FileBackend):
    """Counts ids in memory, from what it finds when it opens."""

    last_id: int | None = None

    def next_id(self, store: Store) -> int:
        if self.last_id is None:
            self.last_id = max(store.records, default=0)
        self.last_id += 1
        return self.last_id


class IdRestarter(FileBackend):
    """Counts ids in memory, from 1."""

    last_id = 0

    def next_id(self, store: Store) -> int:
        self.last_id += 1
        return self.last_id


class Deserter(FileBackend):
    """Claims a running record again only if it has claimed it itself."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.mine: set[int] = set()

    def due(self, record: Record) -> datetime | None:
        return None if record.state is State.RUNNING and record.id not in self.mine else super().due(record)

    def put_claimed(self, store: Store, record: Record) -> None:
        self.mine.add(record.id)
        super().put_claimed(store, record)


class TwoStepFinisher(FileBackend):
    """Writes the new state first and the rest of a finish after it."""

    def put_finished(self, store: Store, record: Record, **changes: Any) -> None:
        stated = replace(record, state=changes["state"], lease_expires_at=None)
        self.put(store, stated)
        self.put(store, replace(stated, **changes))


class TwoStepClaimer(FileBackend):
    """Raises the attempt first, then writes the rest of a claim."""

    def put_claimed(self, store: Store, record: Record) -> None:
        before = store.records[record.id]
        self.put(store, replace(before, attempt=record.attempt))
        self.put(store, record)


class LeaselessClaimer(FileBackend):
    """Writes the state of a claim first and its lease after it, and never looks at a running record without one."""

    def put_claimed(self, store: Store, record: Record) -> None:
        self.put(store, replace(record, lease_expires_at=None))
        self.put(store, record)

    def due(self, record: Record) -> datetime | None:
        return record.lease_expires_at if record.state is State.RUNNING else super().due(record)


class LockLeaver(FileBackend):
    """Locks by a file that a killed process leaves behind, and gives up after a while."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        lock = self.path.with_suffix(".pid")
        deadline = time.monotonic() + 0.5
        while True:
            try:
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
                break
            except FileExistsError as error:
                if time.monotonic() > deadline:
                    raise BackendUnavailableError(f"{lock} is there") from error
                time.sleep(0.001)
        try:
            yield
        finally:
            lock.unlink()


class HastyOpener(FileBackend):
    """Looks whether there is a file, and makes one if there is none."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if not path.exists():
            self.write(Store())


class HalfOpener(FileBackend):
    """Makes an empty file and then fills it; an empty one is not opened."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self.locked():
            if not path.exists():
                path.touch()
                self.write(Store())


class UnlockedWriter(FileBackend):
    """Does not keep other processes out while it reads and writes."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        yield

    def write(self, store: Store) -> None:
        incoming = self.path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        incoming.write_bytes(msgspec.msgpack.encode(store))
        incoming.replace(self.path)


class FenceForgetter(FileBackend):
    """Lets whoever opened the file finish a record that runs."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.seen: set[int] = set()

    def put_claimed(self, store: Store, record: Record) -> None:
        self.seen.add(record.id)
        super().put_claimed(store, record)

    def finish(self, params: FinishParams, state: State, **changes: Any) -> None:
        if params.id not in self.seen and (record := self.read().records.get(params.id)) is not None:
            params = replace(params, attempt=record.attempt)
        super().finish(params, state, **changes)


class ErrorLeaker(FileBackend):
    """Lets the storage's own errors out of list."""

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        try:
            return super().list(options)
        except BackendUnavailableError as error:
            raise OSError("no answer") from error


class CauseDropper(FileBackend):
    """Raises its errors without a cause."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        try:
            with super().locked():
                yield
        except BackendUnavailableError:
            message = "no answer"
        else:
            return
        raise BackendUnavailableError(message)


class Repeater(FileBackend):
    """Asks again when an insert failed."""

    def insert(self, params: InsertParams) -> Record:
        try:
            return super().insert(params)
        except BackendUnavailableError:
            return super().insert(params)


class Sulker(FileBackend):
    """Is never well again once the storage has failed."""

    sulking = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        if self.sulking:
            raise BackendUnavailableError("still broken") from OSError()
        try:
            with super().locked():
                yield
        except BackendUnavailableError:
            self.sulking = True
            raise


class LockKeeper(FileBackend):
    """Keeps a lock when the storage has failed, which only the same thread can pass."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        super().__init__(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        self.lock.acquire()
        with super().locked():
            yield
        self.lock.release()


class RepeatRefuser(FileBackend):
    """Refuses a finish that is repeated."""

    def finish(self, params: FinishParams, state: State, **changes: Any) -> None:
        with self.locked():
            record = self.read().records.get(params.id)
        if record is not None and record.state is state:
            raise ClaimLostError(params.id, params.attempt, "finished")
        super().finish(params, state, **changes)


class Swallower(FileBackend):
    """Answers as if nothing had happened when a finish could not be written."""

    def put_finished(self, store: Store, record: Record, **changes: Any) -> None:
        with suppress(OSError):
            super().put_finished(store, record, **changes)


class ClockFollower(FileBackend):
    """Sets updated_at to the clock, wherever it stands."""

    def later(self, record: Record) -> datetime:
        return self.now()


class TwoClocks(FileBackend):
    """Asks another clock for what is due."""

    def claim(self, params: ClaimParams) -> Record | None:
        return super().claim(params if params.now else replace(params, now=datetime.now(UTC)))


class LastWriterWins(FileBackend):
    """Drops a change that seems older than what is stored."""

    traits = Traits(durable=True, multi_process=True, clock_skew=timedelta(seconds=5))

    def put(self, store: Store, record: Record) -> None:
        before = store.records.get(record.id)
        if before is None or self.now() >= before.updated_at:
            super().put(store, record)


class ErrorDropper(FileBackend):
    """Forgets the errors that an older version has stored."""

    def read_file(self) -> Store:
        store = super().read_file()
        if store.version == 1:
            store.records = {id: replace(record, last_error="") for id, record in store.records.items()}
        return store


class OldQueueIgnorer(FileBackend):
    """Lists what an older version has stored, and never claims it."""

    def due(self, record: Record) -> datetime | None:
        return None if record.kind == "old" else super().due(record)


class DoubleUpgrader(FileBackend):
    """Upgrades when it opens an older version, without a lock around looking and writing."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if path.exists() and self.read().version == 1:
            store = self.read()
            with self.locked():
                self.write(store)


class VersionIgnorer(FileBackend):
    """Opens whatever it finds."""

    def check_version(self) -> None:
        pass


class VersionStamper(FileBackend):
    """Refuses a newer version after having written its own."""

    def check_version(self) -> None:
        with self.locked():
            store = self.read()
            version = store.version
            self.write(store)
        if version > 2:
            raise BackendError("of a newer version")


class ThreadLeaver(FileBackend):
    """Has a thread that close does not end."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        threading.Thread(target=threading.Event().wait, args=(60,), daemon=True).start()


class DescriptorLeaver(FileBackend):
    """Opens a file for each thread, of which close closes the one of its caller."""

    def __init__(self, path: Path) -> None:
        self.local = threading.local()
        super().__init__(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        if not hasattr(self.local, "descriptor"):
            self.local.descriptor = os.open(self.path.parent, os.O_RDONLY)
        with super().locked():
            yield

    def close(self) -> None:
        if not self.closed:
            os.close(self.local.descriptor)
        super().close()


class TemporaryLeaver(FileBackend):
    """Makes a temporary file that close does not remove."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        os.close(tempfile.mkstemp()[0])


class Versatile(FileBackend):
    """Correct, with every capability that changes records."""

    def extend(self, params: ExtendParams) -> None:
        with self.locked():
            store = self.read()
            record = store.records.get(params.id)
            if record is None or (record.state, record.attempt) != (State.RUNNING, params.attempt):
                raise ClaimLostError(params.id, params.attempt, "another" if record else "nothing")
            self.put(store, replace(record, lease_expires_at=(params.now or self.now()) + params.lease))

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        return [self.insert(each) for each in params]

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        claims = (self.claim(params) for _ in range(limit))
        return [record for record in claims if record is not None]

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.locked():
            both = type(self)(self.path.with_name(f"{self.path.name}-both"))
            both.write(self.read())
            record = both.finish_then_claim(finish, params)
            self.write(both.read())
            return record

    def finish_then_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        if isinstance(finish, CompleteParams):
            self.complete(finish)
        elif isinstance(finish, RetryParams):
            self.retry(finish)
        else:
            self.discard(finish)
        return self.claim(params)


class TwoCommitter(Versatile):
    """Finishes in one commit and claims in another."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        return self.finish_then_claim(finish, params)


class Wavering(FileBackend):
    """Correct, on machines whose clocks differ."""

    traits = Traits(durable=True, multi_process=True, clock_skew=timedelta(seconds=5))


class ShortSleeper(FileBackend):
    """Correct, and slow."""

    PAUSE = timedelta(milliseconds=20)

    def read(self) -> Store:
        time.sleep(self.PAUSE.total_seconds())
        return super().read()


class RestartingHarness(FileHarness):
    """Restarts a storage that keeps everything: nobody gets at the file for a while."""

    def restart(self, namespace: str) -> None:
        with self.open(namespace).locked():
            time.sleep(0.05)


class ForgetfulRestartHarness(FileHarness):
    """Restarts a storage that loses what it had acknowledged last."""

    def restart(self, namespace: str) -> None:
        backend = self.open(namespace)
        before = backend.read()
        time.sleep(0.05)
        with backend.locked():
            backend.write(before)


def _harness_of(backend: type[FileBackend]) -> type[FileHarness]:
    members = {"backend": backend, "traits": backend.traits, "__module__": __name__}
    return type(f"{backend.__name__}Harness", (FileHarness,), members)


for _backend in list(globals().values()):
    if isinstance(_backend, type) and issubclass(_backend, FileBackend) and _backend is not FileBackend:
        globals()[f"{_backend.__name__}Harness"] = _harness_of(_backend)
