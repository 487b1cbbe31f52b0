"""The index `feed`: all jobs by `updated_at`, a moment behind the table."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from lazyjobs_aws import _records as records
from lazyjobs_aws._filters import EVERYTHING, Filter
from lazyjobs_aws._items import Item, encode
from lazyjobs_aws._records import UnreadableItemError
from lazyjobs_aws._store import Store

_PAGE = 1000

Tell = Callable[[UnreadableItemError], None]
Place = tuple[int, int]
"""When a job was updated, in microseconds, and its id."""


class Feed:
    """Reads the feed of one table; what cannot be read is told of and left out."""

    def __init__(self, store: Store, tell: Tell) -> None:
        self._store = store
        self._tell = tell

    def in_order(self, wanted: Filter, *, newest_first: bool, page: int | None) -> Iterator[int]:
        """The ids of the jobs that are wanted by the feed, read by pages of about that many entries."""
        strips = (self._places(strip, wanted, newest_first, page) for strip in self._store.layout.strips())
        for _, id in heapq.merge(*strips, reverse=newest_first):
            yield id

    def _places(self, strip: str, wanted: Filter, newest_first: bool, page: int | None) -> Iterator[Place]:
        places = records.readable(self._strip(strip, wanted, newest_first, page), _place, self._tell)
        # Where two were updated at the same time, the index has them in no order.
        for _, same in groupby(places, itemgetter(0)):
            yield from sorted((place for place in same if wanted.is_before(*place)), reverse=newest_first)

    def entries(self) -> Iterable[Item]:
        """All entries, of each part of the feed the oldest first: one that moves meanwhile may come again."""
        for strip in self._store.layout.strips():
            yield from self._strip(strip, EVERYTHING, False, None)

    def _strip(self, strip: str, wanted: Filter, newest_first: bool, page: int | None) -> Iterator[Item]:
        condition, keys = "strip = :strip", {":strip": encode(strip)}
        if wanted.before is not None:
            condition, keys = f"{condition} AND seen <= :seen", {**keys, ":seen": encode(wanted.before[0])}
        conditions, values = wanted.spell()
        query: dict[str, Any] = {} if page is None else {"Limit": min(page, _PAGE) + 1}
        if conditions:
            query["FilterExpression"] = " AND ".join(conditions)
        return self._store.query(
            self._store.layout.feed_index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={**keys, **values},
            ScanIndexForward=not newest_first,
            **query,
        )


def _place(item: Item) -> Place:
    return records.integer(item, "seen"), records.job_id(item)
