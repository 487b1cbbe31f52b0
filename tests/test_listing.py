"""Records a page at a time, on backends that know pages and filters and on those that do not."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from lazyjobs import Backend, ClaimParams, CompleteParams, InsertParams, ListOptions, Record, State
from lazyjobs.runner import list_pages
from lazyjobs_memory import MemoryBackend
from tests.support.backends import OldBackend, PlainBackend

BACKENDS: list[Callable[[], Backend]] = [PlainBackend, OldBackend]
RARE, BOTH, NONE = frozenset({"rare"}), frozenset({"rare", "common"}), frozenset[str]()
WANTED = {
    "all": ListOptions(limit=None),
    "all, one by one": ListOptions(limit=1),
    "a kind": ListOptions(limit=7, kinds=RARE),
    "kinds and a queue": ListOptions(limit=3, kinds=BOTH, queues=frozenset("b")),
    "a queue and a state": ListOptions(limit=None, queues=frozenset("a"), states=frozenset({State.SUCCEEDED})),
    "a state": ListOptions(limit=5, states=frozenset({State.PENDING})),
    "a kind that is not there": ListOptions(limit=5, kinds=frozenset({"none.such"})),
    "no kind": ListOptions(limit=5, kinds=NONE),
    "from a place on": ListOptions(limit=9, before=(datetime(2030, 1, 1, 0, 1, tzinfo=UTC), 90)),
}

both = pytest.mark.parametrize("make_backend", BACKENDS)


def fill(backend: Backend, number: int = 200) -> None:
    chance = random.Random(7)
    for _ in range(number):
        kind = "rare" if chance.random() < 0.1 else "common"
        backend.insert(InsertParams(kind=kind, queue=chance.choice("ab")))
    for _ in range(number // 3):
        claimed = backend.claim(ClaimParams(queues=("a", "b")))
        assert claimed is not None
        backend.complete(CompleteParams(id=claimed.id, attempt=1))


def expect(backend: Backend, wanted: ListOptions) -> list[int]:
    def passes(record: Record) -> bool:
        return (
            (wanted.kinds is None or record.kind in wanted.kinds)
            and (wanted.queues is None or record.queue in wanted.queues)
            and (wanted.states is None or record.state in wanted.states)
            and (wanted.before is None or (record.updated_at, record.id) < wanted.before)
        )

    return [record.id for record in backend.list(ListOptions(limit=None)) if passes(record)]


@both
@pytest.mark.parametrize("payloads", [True, False])
@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED.keys())
def test_all_that_pass_come_once_and_newest_first(
    make_backend: Callable[[], Backend], wanted: ListOptions, payloads: bool
) -> None:
    backend = make_backend()
    times = iter(datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=number // 3) for number in range(10_000))
    backend.inner = MemoryBackend(clock=lambda: next(times))  # type: ignore[attr-defined]
    fill(backend)
    wanted = replace(wanted, payloads=payloads)
    found = [record.id for page in list_pages(backend, wanted) for record in page]
    assert found == expect(backend, wanted)


def test_an_empty_backend_has_one_empty_page() -> None:
    assert [list(page) for page in list_pages(MemoryBackend(), ListOptions())] == [[]]


def test_a_page_has_no_more_long_payloads_than_fit() -> None:
    backend = MemoryBackend()
    for _ in range(100):
        backend.insert(InsertParams(kind="big", payload=b'"%b"' % (b"x" * 2**20)))
    pages = [len(page) for page in list_pages(backend, ListOptions(limit=None), expected=2**20)]
    assert max(pages) <= 16
    assert sum(pages) == 100
    unexpected = [len(page) for page in list_pages(backend, ListOptions(limit=None))]
    assert unexpected[0] == 64
    assert max(unexpected[1:]) <= 16


def test_short_ones_are_read_in_few_pages() -> None:
    backend = PlainBackend()
    for _ in range(5_000):
        backend.insert(InsertParams(kind="small"))
    assert sum(len(page) for page in list_pages(backend, ListOptions(limit=None))) == 5_000
    assert backend.calls["list"] <= 5
    backend.calls.clear()
    assert sum(len(page) for page in list_pages(backend, ListOptions(limit=None, payloads=False))) == 5_000
    assert backend.calls["list"] == 1
