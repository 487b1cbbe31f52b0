import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    InsertParams,
    ListOptions,
    RetryParams,
    State,
    WaitParams,
)
from lazyjobs_memory import MemoryBackend


@pytest.fixture(autouse=True)
def _eager_switching() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_every_record_is_claimed_by_one_thread_only() -> None:
    backend, each, threads = MemoryBackend(), 1000, 4
    barrier = Barrier(2 * threads)

    def produce() -> list[int]:
        barrier.wait(timeout=10)
        return [backend.insert(InsertParams(kind="greet")).id for _ in range(each)]

    def consume() -> list[int]:
        barrier.wait(timeout=10)
        claimed = []
        while backend.wait(WaitParams(timeout=timedelta(seconds=0.2))):
            record = backend.claim(ClaimParams())
            while record is not None:
                claimed.append(record.id)
                finish = CompleteParams(id=record.id, attempt=record.attempt)
                record = backend.finish_and_claim(finish, ClaimParams())
        return claimed

    with ThreadPoolExecutor(2 * threads) as pool:
        consumers = [pool.submit(consume) for _ in range(threads)]
        producers = [pool.submit(produce) for _ in range(threads)]
        inserted = [id for producer in producers for id in producer.result(timeout=30)]
        claimed = [id for consumer in consumers for id in consumer.result(timeout=30)]
    assert Counter(claimed) == Counter(inserted) == Counter(range(1, each * threads + 1))
    assert backend.stats().by_state == {State.SUCCEEDED: each * threads}


def test_one_of_many_finishes_wins_and_the_others_hear_of_it() -> None:
    backend = MemoryBackend()
    verbs = (CompleteParams, RetryParams, DiscardParams)
    barrier = Barrier(len(verbs))

    def finish(number: int) -> list[int]:
        won = []
        for id in range(1, 201):
            params = verbs[number](id=id, attempt=1)
            barrier.wait(timeout=10)
            try:
                backend.finish_and_claim(params, ClaimParams(queues=("none",)))
            except ClaimLostError:
                continue
            won.append(id)
        return won

    backend.insert_many([InsertParams(kind="greet")] * 200)
    backend.claim_many(ClaimParams(), 200)
    with ThreadPoolExecutor(len(verbs)) as pool:
        won = [id for ids in pool.map(finish, range(len(verbs)), timeout=30) for id in ids]
    assert sorted(won) == list(range(1, 201))


def test_lists_and_stats_are_of_one_moment() -> None:
    backend = MemoryBackend(retention=5)
    backend.insert_many([InsertParams(kind="greet")] * 50)

    def churn() -> None:
        for _ in range(500):
            record = backend.claim(ClaimParams())
            assert record is not None
            backend.retry(RetryParams(id=record.id, attempt=record.attempt))

    def look() -> None:
        for _ in range(200):
            stats = backend.stats()
            assert stats.total == sum(stats.by_state.values()) == stats.by_kind["greet"] == 50
            assert len({record.id for record in backend.list(ListOptions(limit=None))}) == 50

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(churn), pool.submit(churn), pool.submit(look), pool.submit(look)]:
            future.result(timeout=30)
