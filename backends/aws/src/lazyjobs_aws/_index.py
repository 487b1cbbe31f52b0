"""What is due, as the index `due` tells it: perhaps a moment behind the table, so every entry is a candidate only."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from lazyjobs_aws import _records as records
from lazyjobs_aws._items import JOB, Item, encode_all
from lazyjobs_aws._records import UnreadableItemError
from lazyjobs_aws._store import Store

_PAGE = 25
"""Entries, which cost half a read unit together."""


class Entry(Struct, frozen=True, order=True):
    """A record that is to be claimed when its time has come."""

    due: int
    """In microseconds: when it may run, or when its lease ends."""
    id: int
    queue: str
    hinted: bool
    """A hint was sent for it, and it has not been claimed yet."""
    running: bool
    """It was claimed; it is due when its lease has ended."""


class Strange(Struct, frozen=True):
    """An item in the index that cannot be a record."""

    key: Item
    error: UnreadableItemError


class Look(Struct, frozen=True):
    """What one look at the index found."""

    due: list[Entry]
    """In the order of due time and id: all that are due, or as many as were wanted and perhaps more."""
    next: int | None
    """When the next one will be due, if nothing is; None if there is none."""
    strange: list[Strange]


class Index:
    """The index of one table."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def look(self, queues: Iterable[str], now: int, wanted: int = _PAGE) -> Look:
        """Reads the entries of those queues that may be due at `now`, from the earliest slot on."""
        due: list[Entry] = []
        later: list[int] = []
        strange: list[Strange] = []
        for queue in dict.fromkeys(queues):
            for shelf in self._store.layout.shelves(queue):
                found = 0
                for item in self._items(shelf, wanted):
                    try:
                        entry, slot = _read(item, queue)
                    except UnreadableItemError as error:
                        strange.append(Strange({"id": item["id"], "part": item["part"]}, error))
                        continue
                    if entry.due <= now:
                        due.append(entry)
                        found += 1
                    else:
                        later.append(entry.due)
                    if slot > now or found >= wanted:
                        break
        return Look(sorted(due), None if due else min(later, default=None), strange)

    def _items(self, shelf: str, wanted: int) -> Iterator[Item]:
        """The entries of a shelf by their slots, which no due time is earlier than."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "shelf = :shelf",
            "ExpressionAttributeValues": encode_all({":shelf": shelf}),
            "Limit": max(wanted, _PAGE) + 1,
        }
        return self._store.query(self._store.layout.due_index, **query)


def _read(item: Item, queue: str) -> tuple[Entry, int]:
    """The entry and its slot; raises `UnreadableItemError` for what is no job."""
    id, slot = records.job_id(item), records.integer(item, "slot")
    if records.text(item, "part") != JOB:
        raise UnreadableItemError(f"an item of record {id} cannot be read: it is a {records.text(item, 'part')!r}")
    running = "lease" in item
    try:
        due = records.integer(item, "lease") if running else slot
    except UnreadableItemError:
        due = slot  # so that it is tried, and the table tells the rest
    return Entry(due, id, queue, "hint" in item and not running, running), slot
