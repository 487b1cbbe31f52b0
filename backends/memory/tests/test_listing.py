from collections.abc import Callable
from datetime import datetime

import pytest

from lazyjobs import InsertParams, ListOptions, Record, State
from lazyjobs_memory import MemoryBackend


def ids(backend: MemoryBackend, limit: int | None, *states: State) -> list[int]:
    return [record.id for record in backend.list(ListOptions(limit=limit, states=frozenset(states or State)))]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, None])
def test_the_last_updated_come_first(
    limit: int | None,
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    for _ in range(5):
        insert()
        advance(1)
    first, second = claim(), claim()
    advance(1)
    complete(second)
    advance(1)
    complete(first)
    assert ids(backend, limit) == [1, 2, 5, 4, 3][:limit]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, None])
def test_equal_times_come_by_descending_id(
    limit: int | None,
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    for _ in range(6):
        insert()
    claimed = [claim() for _ in range(6)]
    advance(1)
    for number in (4, 2, 5):
        complete(claimed[number])
    insert()
    assert ids(backend, limit) == [7, 6, 5, 3, 4, 2, 1][:limit]
    assert ids(backend, limit, State.SUCCEEDED) == [6, 5, 3][:limit]


def test_only_the_given_states_are_listed(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
) -> None:
    for _ in range(3):
        insert()
    complete(claim())
    claim()
    assert ids(backend, None, State.PENDING) == [3]
    assert ids(backend, None, State.RUNNING, State.SUCCEEDED) == [2, 1]
    assert ids(backend, None, State.DISCARDED) == []
    assert backend.list(ListOptions(states=frozenset())) == []


def test_what_insert_returned_is_what_is_listed(backend: MemoryBackend) -> None:
    payload = b'{"b": 1.0, "a": "\\u0000", "b": 2}'
    record = backend.insert(InsertParams(kind="greet", payload=payload))
    assert backend.list() == [record]
    assert record.payload == payload


def test_the_list_is_the_callers_own(backend: MemoryBackend, insert: Callable[..., Record]) -> None:
    insert()
    listed = backend.list()
    assert isinstance(listed, list)
    listed.clear()
    assert len(backend.list()) == 1


def test_only_the_given_kinds_and_queues_are_listed(backend: MemoryBackend, insert: Callable[..., Record]) -> None:
    for kind, queue in (("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("a", "x")):
        insert(kind=kind, queue=queue)
    assert [record.id for record in backend.list(ListOptions(kinds=frozenset({"a"})))] == [5, 2, 1]
    both = ListOptions(kinds=frozenset({"a"}), queues=frozenset({"x", "z"}), limit=1)
    assert [record.id for record in backend.list(both)] == [5]
    for nothing in (ListOptions(kinds=frozenset()), ListOptions(queues=frozenset()), ListOptions(queues={"z"})):  # type: ignore[arg-type]
        assert backend.list(nothing) == []


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_pages_show_everything_once(
    size: int,
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    for number in range(7):
        insert()
        advance(number % 2)
    for _ in range(3):
        claim()
    pages, before = list[Record](), None
    while page := backend.list(ListOptions(limit=size, before=before)):
        assert len(page) <= size
        pages += page
        before = (page[-1].updated_at, page[-1].id)
    assert pages == backend.list(ListOptions(limit=None))
