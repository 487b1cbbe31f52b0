"""Requeueing a discarded record: its copy is inserted, since a discarded record never changes again."""

from collections import OrderedDict
from threading import Lock

from lazyjobs.contract import Backend, InsertParams, ListOptions, Record, State

_FIRST_LOOK = 100
_REMEMBERED = 10_000
_OTHERS = frozenset(State) - {State.DISCARDED}


class NotDiscardedError(Exception):
    """The record is there and not discarded, so there is nothing to requeue."""


class RequeuedError(Exception):
    """The record was requeued before."""


class NoRecordError(Exception):
    """No such record was found."""


class Requeuer:
    """Requeues records, each of them once.

    That it was is remembered in this object only, for the last 10,000 records: the contract has no place for it.
    """

    def __init__(self) -> None:
        self._copies: OrderedDict[int, int] = OrderedDict()
        self._lock = Lock()
        self._turn = Lock()

    @property
    def copies(self) -> dict[int, int]:
        """By the id of each record requeued here, that of its copy."""
        with self._lock:
            return dict(self._copies)

    def requeue(self, backend: Backend, id: int) -> Record:
        """Inserts a copy of the discarded record `id`, due now: its kind, queue, payload and number of attempts.

        Raises `NoRecordError`, `NotDiscardedError` or `RequeuedError`, with nothing written, and what `insert` raises.
        """
        with self._turn:
            if (copy := self.copies.get(id)) is not None:
                raise RequeuedError(f"record {id} was requeued already, as record {copy}")
            record = _find_discarded(backend, id)
            inserted = backend.insert(
                InsertParams(
                    kind=record.kind, queue=record.queue, payload=record.payload, max_attempts=record.max_attempts
                )
            )
            self._remember(id, inserted.id)
        return inserted

    def _remember(self, id: int, copy: int) -> None:
        with self._lock:
            self._copies[id] = copy
            if len(self._copies) > _REMEMBERED:
                self._copies.popitem(last=False)


def _find_discarded(backend: Backend, id: int) -> Record:
    """The record, looked for among ever more of the discarded ones, as the contract has no other way."""
    limit: int | None = _FIRST_LOOK
    while True:
        records = backend.list(ListOptions(limit=limit, states=frozenset({State.DISCARDED})))
        for record in records:
            if record.id == id:
                return record
        if limit is None or len(records) < limit:
            raise _explain(backend, id)
        limit = limit * 10 if limit < 100_000 else None


def _explain(backend: Backend, id: int) -> Exception:
    for record in backend.list(ListOptions(limit=_FIRST_LOOK, states=_OTHERS)):
        if record.id == id:
            return NotDiscardedError(f"record {id} is {record.state} and not discarded; there is nothing to requeue")
    return NoRecordError(f"there is no discarded record {id}; it may have been pruned")
