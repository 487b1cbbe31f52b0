"""Lists by kind and queue, page by page and without payloads; what they read is no more than they show."""

import random
import sqlite3
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lazyjobs import ClaimParams, CompleteParams, DiscardParams, InsertParams, ListOptions, Record, RetryParams, State
from lazyjobs_sqlite import SQLiteBackend

START = datetime(2026, 1, 1, tzinfo=UTC)
KINDS, QUEUES = ["a", "b", "c"], ["x", "y"]


@pytest.fixture(params=[10, 4500], ids=["few wait", "many wait"])
def filled(request: pytest.FixtureRequest, open_it: Callable[..., SQLiteBackend]) -> SQLiteBackend:
    """A backend with records in all states, many of them of the same moment."""
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    choices, now = random.Random(seed), START

    def read_clock() -> datetime:
        return now

    backend = open_it(durability="normal", clock=read_clock)
    for _ in range(request.param // 3):
        now += timedelta(microseconds=choices.choice([0, 0, 1, 7]))
        backend.insert_many([InsertParams(kind=choices.choice(KINDS), queue=choices.choice(QUEUES)) for _ in range(3)])
    for record in backend.claim_many(ClaimParams(queues=tuple(QUEUES)), 40):
        now += timedelta(microseconds=choices.choice([0, 1]))
        _finish(backend, record, choices)
    return backend


def _finish(backend: SQLiteBackend, record: Record, choices: random.Random) -> None:
    match choices.randrange(4):
        case 0:
            backend.complete(CompleteParams(id=record.id, attempt=1))
        case 1:
            backend.discard(DiscardParams(id=record.id, attempt=1))
        case 2:
            backend.retry(RetryParams(id=record.id, attempt=1))


def _expected(records: Sequence[Record], options: ListOptions) -> Sequence[Record]:
    passing = [
        record
        for record in records
        if (options.states is None or record.state in options.states)
        and (options.kinds is None or record.kind in options.kinds)
        and (options.queues is None or record.queue in options.queues)
        and (options.before is None or (record.updated_at, record.id) < options.before)
    ]
    return passing[: options.limit]


def test_each_filter_lets_through_what_a_look_at_every_record_would(filled: SQLiteBackend) -> None:
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    choices = random.Random(seed)
    everything = filled.list(ListOptions(limit=None))
    for _ in range(150):
        place = choices.choice(everything)
        options = ListOptions(
            limit=choices.choice([1, 3, 50, None]),
            states=choices.choice([None, frozenset(choices.sample(list(State), choices.randrange(6)))]),
            kinds=choices.choice([None, frozenset(choices.sample([*KINDS, "none"], choices.randrange(4)))]),
            queues=choices.choice([None, frozenset(choices.sample([*QUEUES, "none"], choices.randrange(3)))]),
            before=choices.choice([None, (place.updated_at, place.id + choices.choice([-1, 0, 1]))]),
        )
        assert filled.list(options) == _expected(everything, options), options


@pytest.mark.parametrize("size", [1, 7])
def test_pages_make_the_whole(filled: SQLiteBackend, size: int) -> None:
    everything, before, pages = filled.list(ListOptions(limit=None))[:60], None, list[Record]()
    while len(pages) < len(everything):
        page = filled.list(ListOptions(limit=size, before=before))
        pages.extend(page)
        before = (page[-1].updated_at, page[-1].id)
    assert pages[: len(everything)] == everything


def test_a_page_before_everything_is_empty(filled: SQLiteBackend) -> None:
    assert filled.list(ListOptions(before=(START, 0))) == []


def test_after_the_clock_went_back_pages_are_right_all_the_same(open_it: Callable[..., SQLiteBackend]) -> None:
    now = START
    backend = open_it(durability="normal", clock=lambda: now)
    for step in (10, -300, 5, 200, -1):
        now += timedelta(microseconds=step)
        backend.insert_many([InsertParams(kind="a")] * 600)
    everything, pages, before = backend.list(ListOptions(limit=None)), list[Record](), None
    while page := backend.list(ListOptions(limit=500, before=before)):
        pages.extend(page)
        before = (page[-1].updated_at, page[-1].id)
    assert pages == everything


def test_a_list_without_payloads_reads_none(
    open_it: Callable[..., SQLiteBackend], watching: Callable[..., type[sqlite3.Connection]]
) -> None:
    large = InsertParams(kind="large", payload=b'"%s"' % (b"x" * 2**20))
    writer = open_it()
    writer.insert_many([large] * 20)
    backend = open_it()
    backend.list(ListOptions(payloads=False))
    tracemalloc.start()
    try:
        records = backend.list(ListOptions(payloads=False))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [record.payload for record in records] == [b""] * 20
    assert peak < 2**18
    assert backend.list(ListOptions(limit=1))[0].payload == large.payload


def test_nothing_stands_behind_the_payload(open_it: Callable[..., SQLiteBackend], path: Path) -> None:
    """What came after it could only be found by reading through all of it."""
    open_it()
    with closing(sqlite3.connect(path)) as connection:
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(lazyjobs_records)")]
    assert columns[-1] == "payload"
