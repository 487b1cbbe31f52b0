"""The directory backend lists, counts and prunes its records."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from lazyjobs import (
    ListOptions,
    PruneParams,
    State,
)
from tests.support.calls import (
    EVERYTHING,
    FAR_FUTURE,
    NOON,
    SECOND,
    claim_all,
    complete,
    fill,
    insert,
)
from tests.support.directory import DirectoryBackend


@pytest.fixture
def backend(tmp_path: Path) -> DirectoryBackend:
    return DirectoryBackend(tmp_path / "jobs")


def test_the_list_is_newest_first_then_highest_id(backend: DirectoryBackend) -> None:
    fill(backend)
    for record in backend.list(EVERYTHING):
        later = replace(record, updated_at=NOON + SECOND * (record.id // 3))
        (backend.root / "records" / f"{record.id}.json").write_bytes(msgspec.json.encode(later))
    assert [record.id for record in backend.list()] == [5, 4, 3, 2, 1]
    assert [record.id for record in backend.list(ListOptions(limit=2))] == [5, 4]
    complete(backend, 4, 1)
    assert backend.list()[0].id == 5


def test_the_list_has_only_the_states_asked_for(backend: DirectoryBackend) -> None:
    fill(backend)
    for state in State:
        (record,) = backend.list(ListOptions(states=frozenset({state})))
        assert record.state is state
    two = frozenset({State.PENDING, State.SUCCEEDED})
    assert {record.state for record in backend.list(ListOptions(states=two))} == two
    assert backend.list(ListOptions(states=frozenset())) == []


def test_stats_are_the_counts_of_the_list(backend: DirectoryBackend) -> None:
    fill(backend)
    records, stats = backend.list(EVERYTHING), backend.stats()
    assert stats.total == len(records) == 5
    assert stats.by_state == Counter(record.state for record in records)
    assert stats.by_kind == Counter(record.kind for record in records)
    assert stats.by_queue == Counter(record.queue for record in records)
    pairs = Counter((record.queue, record.state) for record in records)
    assert {(queue, state): n for queue, by in stats.by_queue_state.items() for state, n in by.items()} == pairs


def test_stats_of_nothing_are_empty(backend: DirectoryBackend) -> None:
    stats = backend.stats()
    assert stats.total == 0
    assert [stats.by_state, stats.by_kind, stats.by_queue, stats.by_queue_state] == [{}, {}, {}, {}]


def test_prune_deletes_the_oldest_finished_before_a_time_up_to_its_limit(backend: DirectoryBackend) -> None:
    for _ in range(3):
        insert(backend)
    insert(backend, run_at=FAR_FUTURE)
    claim_all(backend)
    for id in (2, 3, 1):
        complete(backend, id, 1)
    newest = backend.list()[0]
    assert backend.prune(PruneParams(finished_before=newest.updated_at, limit=1)) == 1
    assert {record.id for record in backend.list()} == {1, 3, 4}
    assert backend.prune(PruneParams(finished_before=newest.updated_at)) == 1
    assert {record.id for record in backend.list()} == {1, 4}


def test_prune_leaves_what_is_unfinished(backend: DirectoryBackend) -> None:
    fill(backend)
    assert backend.prune(PruneParams(finished_before=FAR_FUTURE)) == 2
    assert {record.state for record in backend.list()} == {State.PENDING, State.RUNNING, State.RETRYING}
