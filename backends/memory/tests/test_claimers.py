"""Who claimed a record, from whom, and which of its attempts do not count."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from lazyjobs import ClaimLostError, ClaimParams, CompleteParams, Record, RetryParams
from lazyjobs_memory import MemoryBackend

SECOND = timedelta(seconds=1)


@pytest.fixture
def claim_as(backend: MemoryBackend) -> Callable[[str], Record]:
    """Claims as that worker, for a second."""

    def claim_as(worker: str) -> Record:
        record = backend.claim(ClaimParams(lease=SECOND, worker=worker))
        assert record is not None
        return record

    return claim_as


def told(record: Record) -> tuple[int, str, str | None]:
    return record.abandoned, record.claimed_by, record.taken_from


def test_a_claim_that_supersedes_another_tells_from_whom(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim_as: Callable[[str], Record],
    advance: Callable[..., datetime],
) -> None:
    assert told(insert()) == (0, "", None)
    assert told(claim_as("one")) == (0, "one", None)
    advance(1)
    assert told(claim_as("")) == (1, "", "one")
    advance(1)
    second = claim_as("two")
    assert told(second) == (2, "two", "")
    with pytest.raises(ClaimLostError):
        backend.retry(RetryParams(id=1, attempt=1, spare=True))
    backend.retry(RetryParams(id=1, attempt=second.attempt))
    assert told(backend.list()[0]) == (2, "two", "")
    last = claim_as("")
    assert told(last) == (2, "", None)
    backend.complete(CompleteParams(id=1, attempt=last.attempt))
    assert (told(backend.list()[0]), backend.list()[0].spared) == ((2, "", None), 0)


def test_a_spared_attempt_is_counted_once(
    backend: MemoryBackend, insert: Callable[..., Record], claim_as: Callable[[str], Record]
) -> None:
    insert()
    for number in range(1, 301):
        attempt = claim_as("one").attempt
        backend.retry(RetryParams(id=1, attempt=attempt, spare=True))
        backend.retry(RetryParams(id=1, attempt=attempt, spare=True))
        record = backend.list()[0]
        assert (record.attempt, record.spared, record.max_attempts) == (number, number, 25)
    attempt = claim_as("one").attempt
    backend.retry(RetryParams(id=1, attempt=attempt))
    backend.retry(RetryParams(id=1, attempt=attempt, spare=True))
    assert backend.list()[0].spared == 300
