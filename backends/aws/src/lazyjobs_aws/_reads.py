"""What list, stats and prune read: the index `feed` where the table has one, and else the whole table."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Any

from lazyjobs import ListOptions, Record, State, Stats
from lazyjobs_aws._items import JOB, PAYLOAD, Item, encode, encode_all, integer, key, read_record
from lazyjobs_aws._table import Table

_PAGE = 1000
_FINISHED = frozenset({State.SUCCEEDED, State.DISCARDED})


def list_records(table: Table, options: ListOptions) -> list[Record]:
    """As `Backend.list`: by what the feed tells, which may be a moment behind, or by a consistent scan."""
    if options.states is not None and not options.states:
        return []
    found = _newest_of_feed(table, options) if table.layout.feed else _scan_jobs(table, options.states)
    newest = list(found) if options.limit is None else heapq.nlargest(options.limit, found, key=_age)
    return sorted(_with_payloads(table, newest), key=lambda each: (each.updated_at, each.id), reverse=True)


def count_records(table: Table) -> Stats:
    """As `Backend.stats`: what the feed tells, or a consistent scan, whole payloads included in what it costs."""
    items = _feed(table, newest_first=False) if table.layout.feed else _scan_jobs(table, None)
    # A record that moves while the feed is read may be seen twice.
    latest: dict[int, Item] = {}
    for item in items:
        id = integer(item, "id")
        if id not in latest or integer(latest[id], "seen") <= integer(item, "seen"):
            latest[id] = item
    by_kind: Counter[str] = Counter()
    by_queue_state: defaultdict[str, Counter[State]] = defaultdict(Counter)
    for item in latest.values():
        by_kind[item["kind"]["S"]] += 1
        by_queue_state[item["queue"]["S"]][_state(item)] += 1
    return Stats(
        total=by_kind.total(),
        by_state=dict(sum(by_queue_state.values(), Counter[State]())),
        by_kind=dict(by_kind),
        by_queue={queue: states.total() for queue, states in by_queue_state.items()},
        by_queue_state={queue: dict(states) for queue, states in by_queue_state.items()},
    )


def oldest_finished(table: Table, before: int, limit: int) -> list[Item]:
    """The `limit` finished jobs that were updated longest ago, all before a time in microseconds."""
    found = _feed(table, newest_first=False, before=before) if table.layout.feed else _scan_jobs(table, _FINISHED)
    old = (item for item in found if _state(item) in _FINISHED and integer(item, "seen") < before)
    chosen = heapq.nsmallest(limit, old, key=_age)
    return list(table.get_many([key(integer(item, "id")) for item in chosen])) if table.layout.feed else chosen


def abandoned_payloads(table: Table, before: int) -> Iterator[int]:
    """The ids, less than `before`, of payloads without a job: an insert never came to its end, or the job is gone."""
    payloads = table.scan(
        FilterExpression="part = :payload AND id < :before",
        ProjectionExpression="id",
        ExpressionAttributeValues=encode_all({":payload": PAYLOAD, ":before": before}),
    )
    for item in payloads:
        if table.get(integer(item, "id")) is None:
            yield integer(item, "id")


def _newest_of_feed(table: Table, options: ListOptions) -> Iterator[Item]:
    """The jobs among which the newest are, as the table has them now."""
    newest: dict[int, None] = {}
    for item in _feed(table, newest_first=True, states=options.states, limit=options.limit):
        newest[integer(item, "id")] = None
    for item in table.get_many([key(id) for id in newest]):
        if options.states is None or _state(item) in options.states:
            yield item


def _feed(
    table: Table,
    *,
    newest_first: bool,
    states: Iterable[State] | None = None,
    limit: int | None = None,
    before: int | None = None,
) -> Iterator[Item]:
    """Of each strip of the feed the first `limit` entries, and those as new as the last of them."""
    for strip in table.layout.strips():
        items = _strip(table, strip, newest_first, states, before, limit)
        last: Item | None = None
        for last in islice(items, limit):
            yield last
        if last is not None and limit is not None:
            seen = last["seen"]
            yield from takewhile(lambda item, seen=seen: item["seen"] == seen, items)  # type: ignore[misc]


def _strip(
    table: Table,
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
    return table.query(
        table.layout.feed_index,
        KeyConditionExpression=condition,
        ExpressionAttributeValues={**values, **named},
        ScanIndexForward=not newest_first,
        **chosen,
    )


def _scan_jobs(table: Table, states: Iterable[State] | None) -> Iterator[Item]:
    wanted, values = _among(states)
    return table.scan(
        FilterExpression=f"part = :job AND {wanted}" if wanted else "part = :job",
        ExpressionAttributeValues={":job": encode(JOB), **values},
        **({"ExpressionAttributeNames": {"#state": "state"}} if wanted else {}),
    )


def _among(states: Iterable[State] | None) -> tuple[str, dict[str, dict[str, object]]]:
    if states is None:
        return "", {}
    values = {f":{state.value}": encode(state.value) for state in states}
    return f"#state IN ({', '.join(values)})", values


def _with_payloads(table: Table, items: list[Item]) -> Iterator[Record]:
    apart = [key(integer(item, "id"), PAYLOAD) for item in items if "size" in item]
    payloads = {integer(item, "id"): item["payload"]["B"] for item in table.get_many(apart)}
    for item in items:
        id = integer(item, "id")
        if "size" not in item or id in payloads:  # it may have been pruned in between
            yield read_record(item, payloads.get(id))


def _age(item: Item) -> tuple[int, int]:
    return integer(item, "seen"), integer(item, "id")


def _state(item: Item) -> State:
    return State(item["state"]["S"])
