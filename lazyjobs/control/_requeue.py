"""Requeueing a discarded record: its copy is inserted, since a discarded record never changes again."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from msgspec.structs import replace

from lazyjobs.contract import Backend, InsertParams, ListOptions, PayloadTooLargeError, Record, State
from lazyjobs.jobs import copied_from, mark_copy
from lazyjobs.runner import list_pages

_FIRST_LOOK = 100
_REMEMBERED = 10_000
_OTHERS = frozenset(State) - {State.DISCARDED}
_ROUNDS = 10
_SKEW = timedelta(minutes=5)
"""By how much the clocks of those who discarded and who requeued may differ."""


class NotDiscardedError(Exception):
    """The record is there and not discarded, so there is nothing to requeue."""


class RequeuedError(Exception):
    """The record was requeued before."""


class NoRecordError(Exception):
    """No such record was found."""


class Requeuer:
    """Requeues records, each of them once, as far as can be known.

    The copy's payload says of which record it is one, so that it is found even after this process has ended; what this
    object has copied itself, 10,000 records at the most, it knows without looking. The contract has no way to look and
    insert in one step: of two processes that requeue a record at the same moment, each may insert a copy.
    """

    def __init__(self) -> None:
        self._copies: OrderedDict[int, int] = OrderedDict()
        self._lock = Lock()
        self._turn = Lock()

    @property
    def copies(self) -> dict[int, int]:
        """By the id of each record that is known here to be requeued, that of its copy."""
        with self._lock:
            return dict(self._copies)

    def requeue(self, backend: Backend, id: int) -> Record:
        """Inserts a copy of the discarded record `id`, due now: its kind, queue, payload and number of attempts.

        Raises `NoRecordError`, `NotDiscardedError` or `RequeuedError`, with nothing written, and what the backend
        raises.
        """
        with self._turn:
            copy = self.copies.get(id)
            if copy is None:
                record = _find_discarded(backend, id)
                copy = _find_copy(backend, record)
                if copy is None:
                    inserted = _insert_copy(backend, record)
                    self._remember(id, inserted.id)
                    return inserted
                self._remember(id, copy)
        raise RequeuedError(f"record {id} was requeued already, as record {copy}")

    def _remember(self, id: int, copy: int) -> None:
        with self._lock:
            self._copies[id] = copy
            if len(self._copies) > _REMEMBERED:
                self._copies.popitem(last=False)


def _find_discarded(backend: Backend, id: int) -> Record:
    """The record, looked for among all discarded ones, as the contract has no other way."""
    wanted = ListOptions(limit=_FIRST_LOOK, states=frozenset({State.DISCARDED}), payloads=False)
    for records in list_pages(backend, wanted):
        for record in records:
            if record.id == id:
                return record if record.payload else _read_payload(backend, record)
    raise _explain(backend, id)


def _read_payload(backend: Backend, record: Record) -> Record:
    """The record with its payload: it is the first of those before the next id."""
    before = (record.updated_at, record.id + 1)
    options = ListOptions(limit=1, states=frozenset({State.DISCARDED}), before=before)
    for found in backend.list(options):
        if found.id == record.id:
            return found
    raise NoRecordError(f"record {record.id} was pruned just now; there is nothing to requeue")


def _find_copy(backend: Backend, record: Record) -> int | None:
    """The id of a record that says it is a copy; no copy is older than the discard."""
    since = record.updated_at - _SKEW
    for _ in range(_ROUNDS):
        found = _look_for_copy(backend, record, since)
        # A copy that was claimed while the pages were read may have moved past them, among what changed since.
        if found.copy is not None or found.pages < 2 or found.newest is None:
            return found.copy
        since = found.newest
    return None


class _Found(NamedTuple):
    copy: int | None
    newest: datetime | None
    """When the record changed last that was shown first."""
    pages: int


def _look_for_copy(backend: Backend, record: Record, since: datetime) -> _Found:
    wanted = ListOptions(kinds=frozenset({record.kind}), queues=frozenset({record.queue}))
    newest, pages = None, 0
    for pages, records in enumerate(list_pages(backend, wanted, expected=len(record.payload)), 1):
        for found in records:
            newest = newest or found.updated_at
            if found.updated_at < since:
                return _Found(None, newest, pages)
            if copied_from(found.payload) == record.id:
                return _Found(found.id, newest, pages)
    return _Found(None, newest, pages)


def _insert_copy(backend: Backend, record: Record) -> Record:
    copy = InsertParams(
        kind=record.kind,
        queue=record.queue,
        payload=mark_copy(record.payload, record.id),
        max_attempts=record.max_attempts,
    )
    try:
        return backend.insert(copy)
    except PayloadTooLargeError:
        if copy.payload == record.payload:
            raise
        return backend.insert(replace(copy, payload=record.payload))


def _explain(backend: Backend, id: int) -> Exception:
    for record in backend.list(ListOptions(limit=_FIRST_LOOK, states=_OTHERS, payloads=False)):
        if record.id == id:
            return NotDiscardedError(f"record {id} is {record.state} and not discarded; there is nothing to requeue")
    return NoRecordError(f"there is no discarded record {id}; it may have been pruned")
