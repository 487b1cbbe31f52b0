from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
    RetryParams,
    State,
)
from lazyjobs_memory import MemoryBackend


def ids(backend: MemoryBackend, *states: State) -> list[int]:
    return [record.id for record in backend.list(ListOptions(limit=None, states=frozenset(states or State)))]


def test_the_newest_succeeded_and_apart_from_them_the_newest_discarded_are_kept(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
) -> None:
    for _ in range(5):
        insert()
        insert()
        complete(claim())
        backend.discard(DiscardParams(id=claim().id, attempt=1))
    assert ids(backend, State.SUCCEEDED) == [9, 7, 5]
    assert ids(backend, State.DISCARDED) == [10, 8, 6]
    assert backend.stats().total == 6


def test_the_newest_are_those_finished_last_not_those_inserted_last(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    for _ in range(5):
        insert()
    for record in reversed([claim() for _ in range(5)]):
        advance(1)
        complete(record)
    assert ids(backend) == [1, 2, 3]


def test_unfinished_records_are_never_dropped(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    later = advance() + timedelta(hours=1)
    for _ in range(20):
        insert()
    running = [claim().id for _ in range(4)]
    for _ in range(4):
        backend.retry(RetryParams(id=claim().id, attempt=1, run_at=later))
    for _ in range(6):
        complete(claim())
    assert ids(backend, State.RUNNING) == running[::-1]
    assert len(ids(backend, State.PENDING, State.RETRYING)) == 10
    assert len(ids(backend, State.SUCCEEDED)) == 3


def test_a_dropped_record_is_unknown(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
) -> None:
    for _ in range(4):
        insert()
        complete(claim())
    with pytest.raises(ClaimLostError, match="no such record"):
        backend.complete(CompleteParams(id=1, attempt=1))


@pytest.mark.parametrize("retention", [0, -1])
def test_a_retention_below_one_is_refused(retention: int) -> None:
    with pytest.raises(ValueError, match="retention must be at least 1"):
        MemoryBackend(retention=retention)


def test_pruning_takes_the_longest_finished_of_both_states_first(
    insert: Callable[..., Record],
    backend: MemoryBackend,
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    for number in range(6):
        insert()
        record = claim()
        if number % 2:
            complete(record)
        else:
            backend.discard(DiscardParams(id=record.id, attempt=1))
        advance(1)
    now = advance()
    assert backend.prune(PruneParams(finished_before=now, limit=2)) == 2
    assert ids(backend) == [6, 5, 4, 3]
    assert backend.prune(PruneParams(finished_before=now - timedelta(seconds=2))) == 2
    assert ids(backend) == [6, 5]
    assert backend.stats().total == 2


def test_pruning_spares_what_finished_at_that_very_time_and_what_did_not_finish(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    for _ in range(4):
        insert()
    claim()
    backend.retry(RetryParams(id=claim().id, attempt=1))
    now = advance(1)
    complete(claim())
    assert backend.prune(PruneParams(finished_before=now)) == 0
    assert backend.prune(PruneParams(finished_before=now + timedelta(microseconds=1))) == 1
    assert sorted(ids(backend)) == [1, 3, 4]


def test_ids_are_not_used_again_after_a_prune(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    insert()
    complete(claim())
    backend.prune(PruneParams(finished_before=advance(1)))
    assert insert().id == 2


def test_names_without_a_record_take_no_memory() -> None:
    backend = MemoryBackend(retention=1)
    for number in range(50):
        record = backend.insert(InsertParams(kind=f"kind-{number}", queue=f"queue-{number}"))
        claimed = backend.claim_many(ClaimParams(queues=(record.queue,)), 1)
        backend.complete(CompleteParams(id=claimed[0].id, attempt=1))
    store = backend._store
    assert store is not None
    assert len(store._queues) == len(store._tally._by_queue) == len(store._tally._by_kind) == 1
