"""What list, stats and prune read: the index `feed` where the table has one, and else the whole table.

An item that cannot be read is left out and told in the log.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from lazyjobs import ListOptions, Record, Stats
from lazyjobs_aws import _records as records
from lazyjobs_aws._feed import Feed
from lazyjobs_aws._filters import EVERYTHING, FINISHED, Filter
from lazyjobs_aws._items import JOB, PAYLOAD, Item, encode, encode_all, key
from lazyjobs_aws._log import logger
from lazyjobs_aws._records import PayloadGoneError, UnreadableItemError, readable
from lazyjobs_aws._store import Store
from lazyjobs_aws._tally import Group, MovingTally, Tally, group_of

_LARGEST_SKEW = 60_000_000
"""In microseconds: what a clock may be behind without a record being counted twice."""
_WITHOUT_PAYLOAD = (
    *("part", "kind", "queue", "attempt", "most", "run_at", "made", "seen", "lease", "error"),
    *("abandoned", "claimed_by", "taken_from", "spared"),
)

Found = tuple[Record, Item]
"""A record without its payload, and the item it was read from, or only that item's key."""


def list_records(store: Store, options: ListOptions) -> list[Record]:
    """As `Backend.list`: by what the feed tells, which may be a moment behind, or by a consistent scan."""
    wanted = Filter.of(options)
    if wanted.lets_nothing_pass:
        return []
    read = _read_feed(store, wanted, options.limit) if store.layout.feed else _read_table(store, wanted, options)
    newest = list(read) if options.limit is None else heapq.nlargest(options.limit, read, key=_age)
    newest.sort(key=_age, reverse=True)
    if not options.payloads:
        return [record for record, _ in newest]
    return list(_with_payloads(store, [item for _, item in newest]))


def _read_table(store: Store, wanted: Filter, options: ListOptions) -> Iterator[Found]:
    attributes = () if options.payloads else _WITHOUT_PAYLOAD
    return _wanted(_scan_jobs(store, wanted, *attributes), wanted)


def _read_feed(store: Store, wanted: Filter, limit: int | None) -> Iterator[Found]:
    """As many as are wanted, if there are so many: instead of those that have changed since, others are read."""
    ids = Feed(store, _tell).in_order(wanted, newest_first=True, page=limit)
    missing = limit
    while some := list(islice(ids, missing)):
        for found in _wanted(store.get_many([key(id) for id in dict.fromkeys(some)]), wanted):
            yield found
            missing = None if missing is None else missing - 1


def _wanted(items: Iterator[Item], wanted: Filter) -> Iterator[Found]:
    # Read before they are counted, so that what cannot be read takes no other's place.
    jobs = (item for item in items if "gone" not in item)
    for found in readable(jobs, lambda item: (records.read_record(item, b""), item), _tell):
        if wanted.passes(found[0]):
            yield found


def count_records(store: Store, now: int) -> Stats:
    """As `Backend.stats`: what the feed tells, or a consistent scan, whole payloads included in what it costs."""
    if store.layout.feed:
        moving = MovingTally(now - _LARGEST_SKEW)
        for entry in readable(Feed(store, _tell).entries(), _counted, _tell):
            moving.meet(*entry)
        return moving.stats()
    tally = Tally()
    for group in readable(_scan_jobs(store, EVERYTHING, "kind", "queue"), group_of, _tell):
        tally.add(group)
    return tally.stats()


def _counted(item: Item) -> tuple[int, Group, int]:
    return records.job_id(item), group_of(item), records.integer(item, "seen")


def oldest_finished(store: Store, before: int, limit: int) -> list[Item]:
    """The `limit` finished jobs that were updated longest ago, all before a time in microseconds."""
    wanted = Filter(states=FINISHED.states, before=(before, 0))
    if store.layout.feed:
        ids = Feed(store, _tell).in_order(wanted, newest_first=False, page=limit)
        items = store.get_many([key(id) for id in islice(ids, limit)])
        return [item for item in items if "gone" not in item]
    scanned = readable(_scan_jobs(store, wanted, "seen", "size"), _aged, _tell)
    old = (each for each in scanned if wanted.is_before(*each[0]))
    return [item for _, item in heapq.nsmallest(limit, old, key=lambda each: each[0])]


def _aged(item: Item) -> tuple[tuple[int, int], Item]:
    return (records.integer(item, "seen"), records.job_id(item)), item


def leftovers(store: Store, before: int) -> Iterator[tuple[int, str]]:
    """The keys, of ids less than `before`, of what belongs to no record.

    That is a payload without a job, since an insert never came to its end or the job is gone, and what pruning left.
    """
    found = store.scan(
        FilterExpression="id < :before AND (part = :payload OR attribute_exists(gone))",
        ProjectionExpression="id, part",
        ExpressionAttributeValues=encode_all({":payload": PAYLOAD, ":before": before}),
    )
    for id, part in readable(found, lambda item: (records.job_id(item), records.text(item, "part")), _tell):
        if part == JOB or "state" not in (store.get(id) or {}):
            yield id, part


def _scan_jobs(store: Store, wanted: Filter, *attributes: str) -> Iterator[Item]:
    """All jobs that may be wanted; of each what it has, or only id, state and those attributes."""
    conditions, values = wanted.spell()
    conditions += ["part = :job", "attribute_not_exists(#gone)"]
    values[":job"] = encode(JOB)
    if wanted.before is not None:
        conditions.append("#seen <= :seen")
        values[":seen"] = encode(wanted.before[0])
    only: dict[str, Any] = {}
    if attributes:
        only["ProjectionExpression"] = ", ".join(("id", "#state", *(f"#{name}" for name in attributes)))
    return store.scan(FilterExpression=" AND ".join(conditions), ExpressionAttributeValues=values, **only)


def _with_payloads(store: Store, items: list[Item]) -> Iterator[Record]:
    apart = [key(records.job_id(item), PAYLOAD) for item in items if "size" in item]
    payloads = {records.job_id(item): item for item in store.get_many(apart)}
    for item in items:
        holder = payloads.get(records.job_id(item), {"id": item["id"]}) if "size" in item else item
        try:
            yield records.read_record(item, records.read_payload(holder))
        except PayloadGoneError as error:
            if "state" in (store.get(records.job_id(item)) or {}):  # else it was pruned in between
                logger.warning("%s; it is listed with an empty one", error)
                yield records.read_record(item, b"")


def _age(found: Found) -> tuple[datetime, int]:
    return found[0].updated_at, found[0].id


def _tell(error: UnreadableItemError) -> None:
    logger.warning("%s; it is left out", error)
