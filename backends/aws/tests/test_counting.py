"""Counting reads a record at a time and keeps little of it."""

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from lazyjobs import State
from lazyjobs_aws._layout import Layout
from lazyjobs_aws._reads import count_records
from lazyjobs_aws._store import Store

RECORDS = 100_000
MEGABYTE = 1_000_000
NOW = 1_800_000_000_000_000
Items = Iterator[dict[str, Any]]


class Endless:
    """Stands in for a table of very many records, of which none is in memory."""

    def __init__(self, layout: Layout, items: Callable[[], Items]) -> None:
        self.layout = layout
        self._items = items

    def scan(self, **_: object) -> Items:
        return self._items()

    def query(self, *_: object, **__: object) -> Items:
        return self._items()


def entry(number: int, state: State, seen: int) -> dict[str, Any]:
    return {
        "id": {"N": str(number + 1)},
        "kind": {"S": f"kind{number % 7}"},
        "queue": {"S": f"queue{number % 3}"},
        "state": {"S": state.value},
        "seen": {"N": str(seen)},
    }


def many() -> Items:
    for number in range(RECORDS):
        yield entry(number, list(State)[number % 5], NOW - 10**12 + number)


def count(layout: Layout, items: Callable[[], Items]) -> Any:
    return count_records(cast(Store, Endless(layout, items)), NOW)


@pytest.mark.parametrize(("feed", "most"), [(False, 0.2), (True, 2.5)], ids=["no feed", "feed"])
def test_counting_many_records_takes_little_memory(feed: bool, most: float) -> None:
    tracemalloc.start()
    try:
        stats = count(Layout(feed=feed), many)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stats.total == RECORDS
    assert sum(stats.by_state.values()) == sum(stats.by_kind.values()) == sum(stats.by_queue.values()) == RECORDS
    assert peak / MEGABYTE < most


def test_a_record_that_moves_while_the_feed_is_read_counts_once_as_what_it_became() -> None:
    def items() -> Items:
        yield entry(0, State.PENDING, NOW - 10**9)
        yield entry(1, State.PENDING, NOW - 10**9 + 1)
        yield entry(2, State.PENDING, NOW)
        yield entry(0, State.RUNNING, NOW + 1)
        yield entry(2, State.RUNNING, NOW + 2)
        yield entry(0, State.SUCCEEDED, NOW + 3)

    stats = count(Layout(feed=True), items)
    assert stats.by_state == {State.PENDING: 1, State.RUNNING: 1, State.SUCCEEDED: 1}
    assert (stats.total, stats.by_queue) == (3, {"queue0": 1, "queue1": 1, "queue2": 1})
    assert all(stats.by_queue_state.values())
