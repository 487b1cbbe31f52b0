from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from lazyjobs import ClaimLostError, ClaimParams, ExtendParams, Record, RetryParams
from lazyjobs_memory import MemoryBackend


def test_a_record_is_claimed_again_when_its_lease_has_ended(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    insert()
    first = claim(lease=10)
    advance(9.999999)
    assert backend.claim(ClaimParams()) is None
    now = advance(0.000001)
    again = claim(lease=10)
    assert (again.id, again.attempt) == (first.id, 2)
    assert again.lease_expires_at == now + timedelta(seconds=10)


def test_ended_leases_and_waiting_records_are_served_in_one_order(
    insert: Callable[..., Record], claim: Callable[..., Record], advance: Callable[..., datetime]
) -> None:
    ended = insert()
    claim(lease=2)
    advance(1)
    before = insert()
    advance(2)
    after = insert()
    assert [claim().id for _ in range(3)] == [before.id, ended.id, after.id]


@pytest.mark.parametrize("seconds", [1, 100])
def test_extending_moves_the_end_of_the_lease_and_nothing_else(
    seconds: int,
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    insert()
    insert()
    record, newer = claim(), claim(lease=1000)
    now = advance(5)
    backend.extend(ExtendParams(id=record.id, attempt=1, lease=timedelta(seconds=seconds)))
    listed = backend.list()
    assert [found.id for found in listed] == [newer.id, record.id]
    assert listed[1].lease_expires_at == now + timedelta(seconds=seconds)
    assert listed[1].updated_at == record.updated_at
    advance(seconds - 0.000001)
    assert backend.claim(ClaimParams()) is None
    advance(0.000001)
    assert claim().id == record.id


def test_a_lease_can_be_extended_after_it_ended_unclaimed(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    insert()
    record = claim(lease=1)
    advance(2)
    backend.extend(ExtendParams(id=record.id, attempt=1))
    assert backend.claim(ClaimParams()) is None


def test_a_superseded_claim_extends_nothing(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    insert()
    claim(lease=1)
    advance(2)
    newer = claim()
    with pytest.raises(ClaimLostError, match="running, attempt 2"):
        backend.extend(ExtendParams(id=newer.id, attempt=1))
    assert backend.list() == [newer]


def test_a_lease_given_up_by_a_retry_does_not_come_back(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    insert()
    record = claim(lease=1)
    backend.retry(RetryParams(id=record.id, attempt=1, run_at=advance() + timedelta(hours=1)))
    advance(60)
    assert backend.claim(ClaimParams()) is None
