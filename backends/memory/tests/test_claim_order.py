from collections.abc import Callable
from datetime import datetime, timedelta

from lazyjobs import ClaimParams, Record, RetryParams
from lazyjobs_memory import MemoryBackend


def test_records_due_at_once_come_in_the_order_of_insertion(
    insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    inserted = [insert().id for _ in range(5)]
    assert [claim().id for _ in range(5)] == inserted


def test_the_earliest_due_time_comes_first_whenever_it_was_inserted(
    insert: Callable[..., Record], claim: Callable[..., Record], advance: Callable[..., datetime]
) -> None:
    now = advance()
    seconds_ago = (5, 9, 1, 7)
    ids = {ago: insert(run_at=now - timedelta(seconds=ago)).id for ago in seconds_ago}
    assert [claim().id for _ in seconds_ago] == [ids[ago] for ago in (9, 7, 5, 1)]


def test_a_scheduled_record_is_claimed_between_those_that_came_before_and_after_it_was_due(
    insert: Callable[..., Record], claim: Callable[..., Record], advance: Callable[..., datetime]
) -> None:
    scheduled = insert(run_at=advance() + timedelta(seconds=2))
    before = insert()
    advance(3)
    after = insert()
    assert [claim().id for _ in range(3)] == [before.id, scheduled.id, after.id]


def test_nothing_due_is_none(
    backend: MemoryBackend, insert: Callable[..., Record], advance: Callable[..., datetime]
) -> None:
    insert(run_at=advance() + timedelta(microseconds=1))
    assert backend.claim(ClaimParams()) is None


def test_a_record_due_this_very_microsecond_is_claimed(
    insert: Callable[..., Record], claim: Callable[..., Record], advance: Callable[..., datetime]
) -> None:
    record = insert(run_at=advance() + timedelta(microseconds=1))
    advance(0.000001)
    assert claim().id == record.id


def test_a_claim_of_an_unknown_queue_answers_none(backend: MemoryBackend, insert: Callable[..., Record]) -> None:
    insert()
    assert backend.claim(ClaimParams(queues=("nobody",))) is None


def test_several_queues_are_served_in_one_order(
    insert: Callable[..., Record], claim: Callable[..., Record], advance: Callable[..., datetime]
) -> None:
    inserted = []
    for queue in ("b", "a", "c", "a", "b"):
        inserted.append(insert(queue=queue).id)
        advance(1)
    assert [claim("a", "b", "c").id for _ in inserted] == inserted


def test_equal_due_times_on_several_queues_come_by_id(
    insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    inserted = [insert(queue=queue).id for queue in ("b", "a", "c")]
    assert [claim("c", "a", "b").id for _ in inserted] == inserted


def test_equal_due_times_come_by_id_even_after_a_retry(
    backend: MemoryBackend, insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    first, second = insert(), insert()
    backend.retry(RetryParams(id=claim().id, attempt=1))
    assert [claim().id, claim().id] == [first.id, second.id]


def test_a_given_now_decides_what_is_due_and_where_the_lease_ends_and_nothing_else(
    backend: MemoryBackend, insert: Callable[..., Record], advance: Callable[..., datetime]
) -> None:
    now = advance()
    insert(run_at=now + timedelta(hours=1))
    later = now + timedelta(hours=2)
    record = backend.claim(ClaimParams(now=later, lease=timedelta(seconds=5)))
    assert record is not None
    assert record.lease_expires_at == later + timedelta(seconds=5)
    assert record.updated_at == now


def test_claiming_many_is_claiming_until_none_is_left(backend: MemoryBackend, insert: Callable[..., Record]) -> None:
    inserted = [insert().id for _ in range(5)]
    assert [record.id for record in backend.claim_many(ClaimParams(), 3)] == inserted[:3]
    assert [record.id for record in backend.claim_many(ClaimParams(), 3)] == inserted[3:]
    assert backend.claim_many(ClaimParams(), 3) == []
