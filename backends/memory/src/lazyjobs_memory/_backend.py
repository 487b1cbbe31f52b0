"""The backend itself: the contract's methods, each one critical section over the store."""

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import ClassVar, Self

from lazyjobs import (
    BackendClosedError,
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
from lazyjobs_memory._clock import Clock, read_utc
from lazyjobs_memory._monitor import Monitor
from lazyjobs_memory._store import Store

_list_order = attrgetter("updated_at", "id")


class MemoryBackend:
    """Records in this process's memory: every capability, no durability.

    One instance is one namespace, shared by any number of threads; it ends with `close`, or with the process. A forked
    child has a copy of its own, as the fork found it. Claims are strictly ordered; `list` and `stats` are exact.

    Retention: the newest `retention` succeeded records are kept and, apart from them, as many discarded ones, so that
    successes never push failures out; older ones are dropped as new ones finish. Nothing else is ever dropped.

    The clock is taken to stand still for as long as `clock` goes back. Another `clock`, which must tell aware UTC, lets
    a test move time; `wait` still sleeps real seconds.
    """

    contract_version = 1
    max_payload: ClassVar[int] = 64 * 2**20
    """In bytes; a longer payload is refused with `PayloadTooLargeError`."""
    default_retention: ClassVar[int] = 100_000

    def __init__(self, *, retention: int = default_retention, clock: Callable[[], datetime] = read_utc) -> None:
        _check_retention(retention)
        self._clock = Clock(clock)
        self._monitor = Monitor()
        self._store: Store | None = Store(retention, self._monitor.announce)

    @classmethod
    def from_url(cls, url: BackendURL) -> Self:
        """A new, empty backend for `memory://` or `memory://?retention=1000`."""
        url.check_absent(
            "user", "password", "host", "port", "path", reason="means nothing to memory://, which lives in this process"
        )
        options = url.read_options(retention=lambda text: _check_retention(int(text)))
        return cls(retention=options.get("retention", cls.default_retention))

    def insert(self, params: InsertParams) -> Record:
        with self._monitor.lock:
            store = self._opened()
            self._check_size(params)
            return store.insert(params, self._clock.read())

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        """Inserts all in one critical section."""
        with self._monitor.lock:
            store = self._opened()
            for each in params:
                self._check_size(each)
            return [store.insert(each, self._clock.read()) for each in params]

    def claim(self, params: ClaimParams) -> Record | None:
        with self._monitor.lock:
            return self._opened().claim(params, self._clock.read())

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        """Claims all in one critical section; fewer than `limit` only if no more are due."""
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        records: list[Record] = []
        with self._monitor.lock:
            store = self._opened()
            while len(records) < limit and (record := store.claim(params, self._clock.read())) is not None:
                records.append(record)
        return records

    def complete(self, params: CompleteParams) -> None:
        with self._monitor.lock:
            self._opened().complete(params, self._clock.read())

    def retry(self, params: RetryParams) -> None:
        with self._monitor.lock:
            self._opened().retry(params, self._clock.read())

    def discard(self, params: DiscardParams) -> None:
        with self._monitor.lock:
            self._opened().discard(params, self._clock.read())

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self._monitor.lock:
            store = self._opened()
            now = self._clock.read()
            store.finish(finish, now)
            return store.claim(params, now)

    def extend(self, params: ExtendParams) -> None:
        with self._monitor.lock:
            self._opened().extend(params, self._clock.read())

    def wait(self, params: WaitParams) -> bool:
        def next_due() -> tuple[datetime, datetime | None]:
            store = self._opened()
            return self._clock.read(), store.next_due(params.queues)

        with self._monitor.lock:
            return self._monitor.wait(params, next_due)

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        """Records come with their payloads whether they are asked for or not, as neither costs anything here."""
        with self._monitor.lock:
            records = self._opened().newest(options)
        records.sort(key=_list_order, reverse=True)
        return records[: options.limit]

    def stats(self) -> Stats:
        with self._monitor.lock:
            return self._opened().stats()

    def now(self) -> datetime:
        with self._monitor.lock:
            self._opened()
            return self._clock.read()

    def prune(self, params: PruneParams) -> int:
        with self._monitor.lock:
            return self._opened().prune(params.finished_before, params.limit)

    def close(self) -> None:
        """Drops every record and wakes those who wait."""
        with self._monitor.lock:
            self._store = None
            self._monitor.wake_all()

    def _opened(self) -> Store:
        if self._store is None:
            raise BackendClosedError
        return self._store

    def _check_size(self, params: InsertParams) -> None:
        if len(params.payload) > self.max_payload:
            raise PayloadTooLargeError(params.kind, len(params.payload), self.max_payload)


def _check_retention(retention: int) -> int:
    if retention < 1:
        raise ValueError(f"retention must be at least 1, not {retention}")
    return retention
