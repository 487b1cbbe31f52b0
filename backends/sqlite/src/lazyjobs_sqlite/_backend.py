"""The backend itself: the contract's methods, each a transition of the store."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import ClassVar, Self

from lazyjobs import (
    BackendClosedError,
    BackendError,
    BackendURL,
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
    Stats,
    WaitParams,
)
from lazyjobs_sqlite._clock import make_clock, to_micros, to_time
from lazyjobs_sqlite._damage import UnreadableRowError
from lazyjobs_sqlite._listing import Listing
from lazyjobs_sqlite._records import read_stats
from lazyjobs_sqlite._salvage import Salvage
from lazyjobs_sqlite._settings import (
    Durability,
    Settings,
    check_mode,
    check_path,
    check_prefix,
    check_timeout,
    read_create,
    read_durability,
    read_mode,
    read_timeout,
)
from lazyjobs_sqlite._statements import Statements
from lazyjobs_sqlite._store import Store
from lazyjobs_sqlite._transitions import Transitions

_LOOK_AGAIN = 500_000
"""In microseconds: how long a waiter relies on being woken; what is due later wakes nobody."""
_INSERTED_AT_ONCE = 500
_CLAIMED_AT_ONCE = 500
_PRUNED_AT_ONCE = 250


class SQLiteBackend:
    """Records in one SQLite file, shared by any number of threads, processes and instances of one machine.

    What a call acknowledged is in the file. With `durability="full"` it survives the loss of power, with "normal" the
    death of the process. Claims are strictly ordered; `list` and `stats` are exact. A forked child goes on using the
    instance as if it had opened the file itself.

    Opening makes the file if there is none, but not its directory, and migrates one that an older version wrote. It
    raises `BackendError` for a file that is no database or that a newer version wrote, and leaves that as it is; with
    `create=False` also for one that is not there. What other programs have changed of the tables is mended, or refused,
    on opening and later.

    `mode` are the permissions of a file that is made; those of a file that is there stay as they are. Whoever may read
    the file can read the payloads.

    `clock`, which must tell aware UTC, lets a test move time. `connection_class` lets it see every statement: a
    subclass of `sqlite3.Connection`, of which all connections are made.
    """

    contract_version = 1
    max_payload: ClassVar[int] = 64 * 2**20
    """In bytes; a longer payload is refused with `PayloadTooLargeError`."""
    default_busy_timeout: ClassVar[timedelta] = timedelta(seconds=30)
    default_prefix: ClassVar[str] = "lazyjobs"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: str = Durability.FULL,
        busy_timeout: timedelta = default_busy_timeout,
        prefix: str = default_prefix,
        create: bool = True,
        mode: int = 0o600,
        clock: Callable[[], datetime] | None = None,
        connection_class: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        settings = Settings(
            path=Path(os.path.realpath(check_path(path))),
            durability=read_durability(durability),
            busy_timeout=check_timeout(busy_timeout),
            prefix=check_prefix(prefix),
            create=create,
            mode=check_mode(mode),
            clock=clock,
            connection_class=connection_class,
        )
        self._settings = settings
        self._clock = make_clock(clock)
        self._statements = Statements.of(prefix)
        self._do = Transitions(self._statements, self._clock)
        self._store = Store(settings)
        self._write = self._store.write
        self._salvage = Salvage(self._store, settings, self._clock)

    @property
    def path(self) -> Path:
        """The file, absolute and by its own name, whatever links led there."""
        return self._settings.path

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        """Opens `sqlite:///relative.db` or `sqlite:////absolute.db`; options as in the constructor, time in seconds."""
        url.check_absent("user", "password", "port", reason="SQLite knows none; remove it from the URL")
        if url.host:
            raise url.refuse(
                "host", f"there is none to ask; for a file here write {url.scheme}:///{url.host}{url.path}"
            )
        path = url.path.removeprefix("/")
        try:
            check_path(path)
        except ValueError as error:
            raise url.refuse("path", str(error)) from error
        options = url.read_options(
            durability=read_durability,
            busy_timeout=read_timeout,
            prefix=check_prefix,
            create=read_create,
            mode=read_mode,
        )
        return cls(path, **options)  # type: ignore[arg-type]

    def insert(self, params: InsertParams) -> Record:
        self._check_size(params)
        record: Record = self._salvage.insert(partial(self._do.insert, params=params))
        self._announce(params.queue, record.run_at)
        return record

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        """Inserts some hundred in a commit."""
        for each in params:
            self._check_size(each)
        self._check_open()
        records: list[Record] = []
        for some in _batches(params, _INSERTED_AT_ONCE):
            inserted: Sequence[Record] = self._salvage.insert(partial(self._do.insert_many, params=some), whole=True)
            records.extend(inserted)
            for queue in {each.queue for each in some}:
                self._announce(queue, min(record.run_at for record in inserted if record.queue == queue))
        return records

    def claim(self, params: ClaimParams) -> Record | None:
        try:
            record: Record | None = self._write(partial(self._do.claim, params=params), whole=True)
        except UnreadableRowError as error:
            raise self._salvage.clear(error, params.queues) from error
        return record

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        """Claims all in one commit, at most some hundred."""
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        limit = min(limit, _CLAIMED_AT_ONCE)
        action = partial(self._do.claim_many, params=params, limit=limit)
        try:
            records: Sequence[Record] = self._write(action, whole=True)
        except UnreadableRowError as error:
            raise self._salvage.clear(error, params.queues) from error
        return records

    def complete(self, params: CompleteParams) -> None:
        self._salvage.change(partial(self._do.complete, params=params), params.id)

    def retry(self, params: RetryParams) -> None:
        self._salvage.change(partial(self._do.retry, params=params), params.id)
        self._announce_retry(params)

    def discard(self, params: DiscardParams) -> None:
        self._salvage.change(partial(self._do.discard, params=params), params.id)

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        def action(connection: sqlite3.Connection) -> Record | None:
            self._do.finish(connection, finish)
            # A record that cannot be read is told, and set aside, by the next claim: an error would look like one of
            # the finish.
            with suppress(UnreadableRowError):
                return self._do.claim(connection, params)
            return None

        record: Record | None = self._salvage.change(action, finish.id, whole=True)
        if isinstance(finish, RetryParams):
            self._announce_retry(finish)
        return record

    def extend(self, params: ExtendParams) -> None:
        self._salvage.change(partial(self._do.extend, params=params), params.id)

    def wait(self, params: WaitParams) -> bool:
        deadline = monotonic() + params.timeout.total_seconds()
        if self._is_due(params.queues):
            return True
        with self._store.bell.listening(params.queues) as ear:
            while True:
                ear.attend()
                now = self._clock()
                due = self._next_due(params.queues, now + _LOOK_AGAIN)
                left = deadline - monotonic()
                if (due is not None and due <= now) or left <= 0:
                    return due is not None and due <= now
                ear.sleep(min(left, (_LOOK_AGAIN if due is None else due - now) / 1_000_000))

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        try:
            records: Sequence[Record] = self._store.read(
                lambda connection: Listing(self._statements, connection, options).read(), whole=True
            )
        except UnreadableRowError as error:
            raise self._salvage.clear_all(error) from error
        return records

    def stats(self) -> Stats:
        try:
            return read_stats(self._store.read(self._do.count))
        except UnreadableRowError as error:
            raise self._salvage.clear_all(error) from error

    def now(self) -> datetime:
        """The machine's clock, unless another was given; reads nothing from the file."""
        self._check_open()
        return to_time(self._clock())

    def prune(self, params: PruneParams) -> int:
        """Deletes in commits of some hundred, between which others write."""
        before, pruned = to_micros(params.finished_before), 0
        while pruned < params.limit:
            wanted = min(params.limit - pruned, _PRUNED_AT_ONCE)
            deleted: int = self._write(partial(self._do.prune, before=before, limit=wanted))
            pruned += deleted
            if deleted < wanted:
                break
        return pruned

    def close(self) -> None:
        """Closes the connections when the calls under way have ended, and wakes those who wait."""
        self._store.close()

    def _is_due(self, queues: tuple[str, ...]) -> bool:
        return self._next_due(queues, self._clock()) is not None

    def _next_due(self, queues: tuple[str, ...], until: int) -> int | None:
        due: int | None = self._store.read(lambda connection: self._do.next_due(connection, queues, until))
        return due

    def _announce(self, queue: str, due: datetime) -> None:
        if to_micros(due) <= self._clock() + _LOOK_AGAIN:
            self._store.bell.ring(queue)

    def _announce_retry(self, params: RetryParams) -> None:
        """Wakes those who wait, if it is due soon; not knowing whom may not look like a failed retry."""
        if params.run_at is None or to_micros(params.run_at) <= self._clock() + _LOOK_AGAIN:
            with suppress(BackendError):
                queue: str | None = self._store.read(partial(self._do.queue, id=params.id))
                if queue is not None:
                    self._store.bell.ring(queue)

    def _check_open(self) -> None:
        if self._store.closed:
            raise BackendClosedError

    def _check_size(self, params: InsertParams) -> None:
        if len(params.payload) > self.max_payload:
            self._check_open()
            raise PayloadTooLargeError(params.kind, len(params.payload), self.max_payload)


def _batches(params: Sequence[InsertParams], size: int) -> Iterator[Sequence[InsertParams]]:
    for start in range(0, len(params), size):
        yield params[start : start + size]
