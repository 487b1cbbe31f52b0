"""What list, stats and prune read: the index `feed` where the table has one, and else the whole table.

An item that cannot be read is left out and told in the log.
"""

import heapq
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice, takewhile
from typing import Any

from lazyjobs import ListOptions, Record, State, Stats
from lazyjobs_aws._items import JOB, PAYLOAD, Item, encode, encode_all, key
from lazyjobs_aws._records import (
    PayloadGoneError,
    UnreadableItemError,
    integer,
    job_id,
    read_payload,
    read_record,
    readable,
    state_of,
)
from lazyjobs_aws._store import Store
from lazyjobs_aws._tally import MovingTally, Tally, group_of

logger = logging.getLogger("lazyjobs.aws")

_PAGE = 1000
_FINISHED = frozenset({State.SUCCEEDED, State.DISCARDED})
_LARGEST_SKEW = 60_000_000
"""In microseconds: what a clock may be behind without a record being counted twice."""

Age = tuple[int, int]


def list_records(store: Store, options: ListOptions) -> list[Record]:
    """As `Backend.list`: by what the feed tells, which may be a moment behind, or by a consistent scan."""
    if options.states is not None and not options.states:
        return []
    found = _newest_of_feed(store, options) if store.layout.feed else _scan_jobs(store, options.states)
    # Read before they are counted, so that what cannot be read takes no other's place.
    read = readable(found, lambda item: (read_record(item, b""), item), _tell)
    newest = list(read) if options.limit is None else heapq.nlargest(options.limit, read, key=_age_of_record)
    newest.sort(key=_age_of_record, reverse=True)
    return list(_with_payloads(store, [item for _, item in newest]))


def count_records(store: Store, now: int) -> Stats:
    """As `Backend.stats`: what the feed tells, or a consistent scan, whole payloads included in what it costs."""
    if store.layout.feed:
        moving = MovingTally(now - _LARGEST_SKEW)
        for entry in readable(_feed(store, newest_first=False), _counted, _tell):
            moving.meet(*entry)
        return moving.stats()
    tally = Tally()
    for group in readable(_scan_jobs(store, None, "kind", "queue"), group_of, _tell):
        tally.add(group)
    return tally.stats()


def _counted(item: Item) -> tuple[int, tuple[str, str, State], int]:
    return job_id(item), group_of(item), integer(item, "seen")


def oldest_finished(store: Store, before: int, limit: int) -> list[Item]:
    """The `limit` finished jobs that were updated longest ago, all before a time in microseconds."""
    feed = store.layout.feed
    found = _feed(store, newest_first=False, before=before) if feed else _scan_jobs(store, _FINISHED, "seen", "size")
    old = (
        (age, item) for age, item in readable(found, _aged, _tell) if state_of(item) in _FINISHED and age[0] < before
    )
    chosen = [item for _, item in heapq.nsmallest(limit, old, key=_age)]
    return list(store.get_many([key(job_id(item)) for item in chosen])) if feed else chosen


def leftovers(store: Store, before: int) -> Iterator[tuple[int, str]]:
    """The keys, of ids less than `before`, of what belongs to no record.

    That is a payload without a job, since an insert never came to its end or the job is gone, and what pruning left.
    """
    found = store.scan(
        FilterExpression="id < :before AND (part = :payload OR attribute_exists(gone))",
        ProjectionExpression="id, part",
        ExpressionAttributeValues=encode_all({":payload": PAYLOAD, ":before": before}),
    )
    for id, part in readable(found, lambda item: (job_id(item), item["part"]["S"]), _tell):
        if part == JOB or "state" not in (store.get(id) or {}):
            yield id, part


def _newest_of_feed(store: Store, options: ListOptions) -> Iterator[Item]:
    """The jobs among which the newest are, as the table has them now."""
    newest: dict[int, None] = {}
    for id in readable(_feed(store, newest_first=True, states=options.states, limit=options.limit), job_id, _tell):
        newest[id] = None
    for item in store.get_many([key(id) for id in newest]):
        if "state" in item and (options.states is None or item["state"].get("S") in options.states):
            yield item


def _feed(
    store: Store,
    *,
    newest_first: bool,
    states: Iterable[State] | None = None,
    limit: int | None = None,
    before: int | None = None,
) -> Iterator[Item]:
    """Of each strip of the feed the first `limit` entries, and those as new as the last of them."""
    for strip in store.layout.strips():
        items = _strip(store, strip, newest_first, states, before, limit)
        last: Item | None = None
        for last in islice(items, limit):
            yield last
        if last is not None and limit is not None:
            seen = last["seen"]
            yield from takewhile(lambda item, seen=seen: item["seen"] == seen, items)  # type: ignore[misc]


def _strip(
    store: Store,
    strip: str,
    newest_first: bool,
    states: Iterable[State] | None,
    before: int | None,
    limit: int | None,
) -> Iterator[Item]:
    condition, values = "strip = :strip", {":strip": encode(strip)}
    if before is not None:
        condition, values = f"{condition} AND seen < :before", {**values, ":before": encode(before)}
    wanted, named = _among(states)
    chosen: dict[str, Any] = {} if limit is None else {"Limit": min(limit, _PAGE) + 1}
    if wanted:
        chosen |= {"FilterExpression": wanted, "ExpressionAttributeNames": {"#state": "state"}}
    return store.query(
        store.layout.feed_index,
        KeyConditionExpression=condition,
        ExpressionAttributeValues={**values, **named},
        ScanIndexForward=not newest_first,
        **chosen,
    )


def _scan_jobs(store: Store, states: Iterable[State] | None, *attributes: str) -> Iterator[Item]:
    """All jobs in those states; of each what it has, or only id, state and those attributes."""
    wanted, values = _among(states)
    only: dict[str, Any] = {}
    if attributes:
        names = {f"#{name}": name for name in ("id", *attributes)}
        only = {"ProjectionExpression": ", ".join(("#state", *names)), "ExpressionAttributeNames": names}
    only["ExpressionAttributeNames"] = {**only.get("ExpressionAttributeNames", {}), "#state": "state"}
    return store.scan(
        FilterExpression=f"part = :job AND {wanted or 'attribute_exists(#state)'}",
        ExpressionAttributeValues={":job": encode(JOB), **values},
        **only,
    )


def _among(states: Iterable[State] | None) -> tuple[str, dict[str, dict[str, object]]]:
    if states is None:
        return "", {}
    values = {f":{state.value}": encode(state.value) for state in states}
    return f"#state IN ({', '.join(values)})", values


def _with_payloads(store: Store, items: list[Item]) -> Iterator[Record]:
    apart = [key(job_id(item), PAYLOAD) for item in items if "size" in item]
    payloads = {job_id(item): item for item in store.get_many(apart)}
    for item in items:
        holder = payloads.get(job_id(item), {"id": item["id"]}) if "size" in item else item
        try:
            yield read_record(item, read_payload(holder))
        except PayloadGoneError as error:
            if "state" in (store.get(job_id(item)) or {}):  # else it was pruned in between
                logger.warning("%s; it is listed with an empty one", error)
                yield read_record(item, b"")


def _age_of_record(read: tuple[Record, Item]) -> tuple[datetime, int]:
    return read[0].updated_at, read[0].id


def _aged(item: Item) -> tuple[Age, Item]:
    return (integer(item, "seen"), job_id(item)), item


def _age(aged: tuple[Age, Item]) -> Age:
    return aged[0]


def _tell(error: UnreadableItemError) -> None:
    logger.warning("%s; it is left out", error)
