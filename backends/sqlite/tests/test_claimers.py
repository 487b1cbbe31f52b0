"""Who holds a record, from whom it was taken, which attempts do not count; kept in the file."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from lazyjobs import ClaimLostError, ClaimParams, CompleteParams, Record, RetryParams
from lazyjobs_sqlite import SQLiteBackend

ENDED = timedelta(microseconds=1)


def test_a_claim_that_takes_over_says_from_whom_and_is_counted(
    insert: Callable[..., Record], claim: Callable[..., Record], path: Path
) -> None:
    insert()
    assert claim(worker="ada", lease=ENDED).taken_from is None
    second = claim(worker="", lease=ENDED)
    assert (second.claimed_by, second.taken_from, second.abandoned) == ("", "ada", 1)
    third = claim(worker="bob")
    assert (third.claimed_by, third.taken_from, third.abandoned, third.attempt) == ("bob", "", 2, 3)
    with closing(SQLiteBackend(path)) as again:
        assert again.list() == [third]


def test_the_claims_in_one_call_are_told_apart(
    backend: SQLiteBackend, insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    insert()
    claim(worker="ada", lease=ENDED)
    insert()
    records = backend.claim_many(ClaimParams(worker="bob"), 5)
    assert {(record.id, record.taken_from, record.abandoned) for record in records} == {(1, "ada", 1), (2, None, 0)}
    assert list(backend.list()) == sorted(records, key=lambda record: (record.updated_at, record.id), reverse=True)


def test_a_claim_after_a_retry_took_it_from_nobody(
    backend: SQLiteBackend, insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    insert()
    claim(worker="ada", lease=ENDED)
    claim(worker="bob")
    backend.retry(RetryParams(id=1, attempt=2))
    (waiting,) = backend.list()
    assert (waiting.claimed_by, waiting.taken_from) == ("bob", "ada")
    record = claim(worker="eve")
    assert (record.claimed_by, record.taken_from, record.abandoned) == ("eve", None, 1)


def test_a_spared_attempt_is_counted_once_whatever_its_repetition_says(
    backend: SQLiteBackend, insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    insert()
    claim()
    for spare in (True, True, False):
        backend.retry(RetryParams(id=1, attempt=1, spare=spare))
    claim()
    for spare in (False, True):
        backend.retry(RetryParams(id=1, attempt=2, spare=spare))
    assert [(record.attempt, record.spared) for record in backend.list()] == [(2, 1)]


def test_a_lost_claim_changes_none_of_it(
    backend: SQLiteBackend, insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    insert()
    claim(worker="ada", lease=ENDED)
    held = claim(worker="bob")
    with pytest.raises(ClaimLostError):
        backend.retry(RetryParams(id=1, attempt=1, spare=True))
    with pytest.raises(ClaimLostError):
        backend.complete(CompleteParams(id=1, attempt=1))
    assert backend.list() == [held]
