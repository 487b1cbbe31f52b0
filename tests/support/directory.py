"""A durable backend that keeps its records as files in one directory, written from the contract alone.

The seven methods, and with them extend, prune and close. Any number of threads and processes of one machine may use a
directory at the same time; it needs a file system with POSIX locks and renames, so no network share.

    directory/
        format               the version of this layout
        lock                 locked for the length of every operation
        last-id              a file as long, in bytes, as the last id is high
        records/42.json      a record: the only place where its state is decided
        due/DUE-ID-QUEUE     empty files whose names say when a record becomes due
        incoming             the file being written, before it takes its place

**Killed at any instant.** A file is replaced by renaming a whole one over it, so every file is the old one or the new
one, and what a killed process leaves in `incoming` is overwritten by the next write. A change takes three steps: name
the new due time in `due/`, replace the record, unlink the old due time. The second step decides. So whenever a record
is due there is a name for it in `due/`; a name that does not match its record means nothing and is unlinked by the
claim that meets it.
"""

import fcntl
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Self, TypeVar

import msgspec
from msgspec.structs import replace

from lazyjobs import (
    BackendClosedError,
    BackendError,
    BackendUnavailableError,
    BackendURL,
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

FORMAT = 1
MAX_ERROR = 10_000
"""How many characters of an error text are kept."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FINISHED = (State.SUCCEEDED, State.DISCARDED)
_AGE = attrgetter("updated_at", "id")

T = TypeVar("T")


class DirectoryBackend:
    """The backend over `root`, a directory that is made if it is not there.

    What was acknowledged survives the death of the process; with `fsync=True` also the loss of power, at the price of
    several waits for the disk in each operation. Two instances on one directory share its records, and an instance may
    be pickled to another process: it holds nothing but its settings. Claims read the names of all that is unfinished,
    `list`, `stats` and `prune` read every record.
    """

    contract_version = 1

    def __init__(self, root: Path | str, *, fsync: bool = False) -> None:
        self.root = Path(root).absolute()
        self._records = self.root / "records"
        self._due = self.root / "due"
        self._last_id = self.root / "last-id"
        self._incoming = self.root / "incoming"
        self._fsync = fsync
        self._closed = False
        self._prepare()

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        """Opens `directory:///absolute/path`, with `?fsync=yes` if the records are to survive a loss of power."""
        if url.host:
            raise url.refuse("host", f"there is none to ask; write {url.scheme}:///absolute/path")
        if not url.path.strip("/") or "\0" in url.path:
            raise url.refuse("path", f"not the path of a directory; write {url.scheme}:///absolute/path")
        return cls(url.path, **url.read_options(fsync=_read_switch))

    def insert(self, params: InsertParams) -> Record:
        with self._exclusive():
            id = self._next_id()
            now = datetime.now(UTC)
            record = Record(
                id=id,
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
            self._store(record)
            return record

    def claim(self, params: ClaimParams) -> Record | None:
        with self._exclusive():
            now = params.now or datetime.now(UTC)
            record = self._first_due(params.queues, now)
            if record is None:
                return None
            superseding = record.state is State.RUNNING
            claimed = replace(
                record,
                state=State.RUNNING,
                attempt=record.attempt + 1,
                lease_expires_at=now + params.lease,
                updated_at=_later(record),
                claimed_by=params.worker,
                taken_from=record.claimed_by if superseding else None,
                abandoned=record.abandoned + superseding,
            )
            self._store(claimed, before=record)
            return claimed

    def complete(self, params: CompleteParams) -> None:
        self._finish(params, State.SUCCEEDED, {})

    def retry(self, params: RetryParams) -> None:
        run_at = params.run_at or datetime.now(UTC)
        self._finish(params, State.RETRYING, {"run_at": run_at, "last_error": _storable(params.last_error)})

    def discard(self, params: DiscardParams) -> None:
        self._finish(params, State.DISCARDED, {"last_error": _storable(params.last_error)})

    def extend(self, params: ExtendParams) -> None:
        with self._exclusive():
            record = _held(self._read(params.id), params)
            now = params.now or datetime.now(UTC)
            self._store(replace(record, lease_expires_at=now + params.lease), before=record)

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        with self._exclusive():
            records = self._read_all()
        records = [record for record in records if _passes(record, options)]
        return sorted(records, key=_AGE, reverse=True)[: options.limit]

    def stats(self) -> Stats:
        with self._exclusive():
            records = self._read_all()
        by_queue_state: dict[str, Counter[State]] = defaultdict(Counter)
        for record in records:
            by_queue_state[record.queue][record.state] += 1
        return Stats(
            total=len(records),
            by_state=dict(Counter(record.state for record in records)),
            by_kind=dict(Counter(record.kind for record in records)),
            by_queue=dict(Counter(record.queue for record in records)),
            by_queue_state={queue: dict(counts) for queue, counts in by_queue_state.items()},
        )

    def prune(self, params: PruneParams) -> int:
        with self._exclusive():
            records = [record for record in self._read_all() if record.state in _FINISHED]
            records = [record for record in records if record.updated_at < params.finished_before]
            oldest = sorted(records, key=_AGE)[: params.limit]
            for record in oldest:
                self._path(record.id).unlink()
            self._sync(self._records)
            return len(oldest)

    def close(self) -> None:
        self._closed = True

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Keeps every other thread and process out of the directory, and lets no OSError out."""
        if self._closed:
            raise BackendClosedError
        try:
            # A lock belongs to one opening of its file: opened anew for each operation it excludes threads as well.
            with (self.root / "lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                try:
                    yield
                finally:
                    # Closing would not do: a child forked meanwhile by another thread has the file open too.
                    fcntl.flock(lock, fcntl.LOCK_UN)
        except OSError as error:
            raise BackendUnavailableError(f"no answer from the directory {self.root}: {error}; try again") from error

    def _prepare(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BackendUnavailableError(f"cannot make the directory {self.root}: {error}") from error
        with self._exclusive():
            found = _load(self.root / "format", int)
            if found is None:
                self._records.mkdir(exist_ok=True)
                self._due.mkdir(exist_ok=True)
                self._last_id.touch()
                self._replace(self.root / "format", FORMAT)
                self._sync(self.root.parent)
            elif found > FORMAT:
                raise BackendError(f"{self.root} has format {found} and {FORMAT} is the newest known here; upgrade")

    def _next_id(self) -> int:
        """One more than ever before; a length changes at once or not at all, and a long empty file takes no space."""
        id = self._last_id.stat().st_size + 1
        os.truncate(self._last_id, id)
        self._sync(self._last_id)
        return id

    def _first_due(self, queues: Iterable[str], now: datetime) -> Record | None:
        """The due record of the smallest `(due time, id)`: the order in which the names in `due/` sort."""
        for name in self._due_names(queues, now):
            record = self._read(int(name.split("-")[1]))
            if record is not None and _due_name(record) == name:
                return record
            (self._due / name).unlink()
        return None

    def _due_names(self, queues: Iterable[str], now: datetime) -> Sequence[str]:
        endings = {_file_name(queue) for queue in queues}
        last = f"{_microseconds(now)}~"
        return sorted(
            entry.name
            for entry in os.scandir(self._due)
            if entry.name < last and entry.name.split("-", 2)[2] in endings
        )

    def _finish(self, params: FinishParams, state: State, changes: Mapping[str, object]) -> None:
        with self._exclusive():
            found = self._read(params.id)
            if found is not None and (found.state, found.attempt) == (state, params.attempt):
                return
            record = _held(found, params)
            finished = replace(record, state=state, lease_expires_at=None, updated_at=_later(record), **changes)
            if isinstance(params, RetryParams) and params.spare:
                finished = replace(finished, spared=record.spared + 1)
            self._store(finished, before=record)

    def _path(self, id: int) -> Path:
        return self._records / f"{id}.json"

    def _read(self, id: int) -> Record | None:
        return _load(self._path(id), Record)

    def _read_all(self) -> Sequence[Record]:
        found = (_load(path, Record) for path in self._records.iterdir())
        return [record for record in found if record is not None]

    def _store(self, record: Record, before: Record | None = None) -> None:
        """Makes `record` the one stored; killed before the record is replaced, it leaves no more than a wrong name."""
        name = _due_name(record)
        if name is not None:
            (self._due / name).touch()
            self._sync(self._due)
        self._replace(self._path(record.id), record)
        old_name = _due_name(before) if before is not None else None
        if old_name is not None and old_name != name:
            (self._due / old_name).unlink()

    def _replace(self, path: Path, content: object) -> None:
        with self._incoming.open("wb") as file:
            file.write(msgspec.json.encode(content))
            if self._fsync:
                file.flush()
                os.fsync(file.fileno())
        self._incoming.replace(path)
        self._sync(path.parent)

    def _sync(self, path: Path) -> None:
        if self._fsync:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _load(path: Path, type: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackendError(f"{path} is damaged: {error}; restore it or move it away") from error


def _held(found: Record | None, params: FinishParams | ExtendParams) -> Record:
    """The record, if the claim `(id, attempt)` holds it; otherwise raises `ClaimLostError`."""
    if found is None:
        raise ClaimLostError(params.id, params.attempt, "no such record")
    if found.state is not State.RUNNING or found.attempt != params.attempt:
        raise ClaimLostError(params.id, params.attempt, f"{found.state} at attempt {found.attempt}")
    return found


def _passes(record: Record, options: ListOptions) -> bool:
    return (
        (options.states is None or record.state in options.states)
        and (options.kinds is None or record.kind in options.kinds)
        and (options.queues is None or record.queue in options.queues)
        and (options.before is None or (record.updated_at, record.id) < options.before)
    )


def _due_name(record: Record) -> str | None:
    """The name in `due/` of a record in this state and at this due time; None if it is finished."""
    if record.state in _FINISHED:
        return None
    return f"{_microseconds(record.lease_expires_at or record.run_at)}-{record.id:019}-{_file_name(record.queue)}"


def _microseconds(time: datetime) -> str:
    """`time` as 16 digits, enough for the year 2286, so that the texts sort as the times do."""
    return f"{(time - _EPOCH) // _MICROSECOND:016}"


def _file_name(queue: str) -> str:
    return queue.replace("/", "~")


def _later(record: Record) -> datetime:
    """The clock's now, unless the clock went back."""
    return max(record.updated_at, datetime.now(UTC))


def _storable(text: str) -> str:
    """The beginning of `text`, with a question mark for each surrogate, as UTF-8 has no way to write one."""
    return text[:MAX_ERROR].encode("utf-8", "replace").decode()


def _read_switch(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"must be yes or no, not {text!r}")
    return text == "yes"
