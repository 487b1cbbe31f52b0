"""What is due, as the index `due` tells it: perhaps a moment behind the table, so every entry is a candidate only."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from lazyjobs_aws._items import encode_all, integer
from lazyjobs_aws._table import Table

_PAGE = 25
"""Entries, which cost half a read unit together."""


class Entry(Struct, frozen=True, order=True):
    """A record that is to be claimed when its time has come."""

    due: int
    """In microseconds: when it may run, or when its lease ends."""
    id: int
    hinted: bool
    """A hint was sent for it, and it has not been claimed yet."""


class Look(Struct, frozen=True):
    """What one look at the index found."""

    due: list[Entry]
    """In the order of due time and id: all that are due, or as many as were wanted and perhaps more."""
    next: int | None
    """When the next one will be due, if nothing is; None if there is none."""


class Index:
    """The index of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def look(self, queues: Iterable[str], now: int, wanted: int = _PAGE) -> Look:
        """Reads the entries of those queues that may be due at `now`, from the earliest slot on."""
        due: list[Entry] = []
        later: list[int] = []
        for queue in dict.fromkeys(queues):
            for shelf in self._table.layout.shelves(queue):
                found = 0
                for entry, slot in self._entries(shelf, wanted):
                    if entry.due <= now:
                        due.append(entry)
                        found += 1
                    else:
                        later.append(entry.due)
                    if slot > now or found >= wanted:
                        break
        return Look(sorted(due), None if due else min(later, default=None))

    def _entries(self, shelf: str, wanted: int) -> Iterator[tuple[Entry, int]]:
        """The entries of a shelf by their slots, which no due time is earlier than."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "shelf = :shelf",
            "ExpressionAttributeValues": encode_all({":shelf": shelf}),
            "Limit": max(wanted, _PAGE) + 1,
        }
        for item in self._table.query(self._table.layout.due_index, **query):
            slot, lease = integer(item, "slot"), item.get("lease")
            due = slot if lease is None else int(lease["N"])
            yield Entry(due, integer(item, "id"), lease is None and "hint" in item), slot
