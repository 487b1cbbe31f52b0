from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    ListOptions,
    Record,
    RetryParams,
    State,
)
from lazyjobs_memory import MemoryBackend

Verb = type[CompleteParams | RetryParams | DiscardParams]
VERBS: tuple[Verb, ...] = (CompleteParams, RetryParams, DiscardParams)


@pytest.mark.parametrize("verb", VERBS)
def test_repeating_a_finish_changes_nothing(
    verb: Verb,
    backend: MemoryBackend,
    insert: Callable[..., Record],
    finish: Callable[[FinishParams], None],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    insert()
    params = verb(id=claim().id, attempt=1)
    finish(params)
    before = backend.list()
    advance(1)
    finish(params)
    assert backend.list() == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_superseded_claim_finishes_nothing(
    verb: Verb,
    backend: MemoryBackend,
    insert: Callable[..., Record],
    finish: Callable[[FinishParams], None],
    claim: Callable[..., Record],
    advance: Callable[..., datetime],
) -> None:
    insert()
    claim(lease=1)
    advance(2)
    newer = claim()
    with pytest.raises(ClaimLostError, match=r"found: running, attempt 2") as lost:
        finish(verb(id=newer.id, attempt=1))
    assert (lost.value.id, lost.value.attempt) == (newer.id, 1)
    assert backend.list() == [newer]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (CompleteParams, RetryParams, "succeeded, attempt 1"),
        (CompleteParams, DiscardParams, "succeeded, attempt 1"),
        (RetryParams, CompleteParams, "retrying, attempt 1"),
        (RetryParams, DiscardParams, "retrying, attempt 1"),
        (DiscardParams, CompleteParams, "discarded, attempt 1"),
        (DiscardParams, RetryParams, "discarded, attempt 1"),
    ],
)
def test_the_first_outcome_stands(
    first: Verb,
    second: Verb,
    found: str,
    backend: MemoryBackend,
    insert: Callable[..., Record],
    finish: Callable[[FinishParams], None],
    claim: Callable[..., Record],
) -> None:
    insert()
    record = claim()
    finish(first(id=record.id, attempt=1))
    before = backend.list()
    with pytest.raises(ClaimLostError, match=found):
        finish(second(id=record.id, attempt=1))
    assert backend.list() == before


@pytest.mark.parametrize("verb", VERBS)
def test_an_older_claim_is_lost_even_if_it_had_the_same_outcome(
    verb: Verb,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    finish: Callable[[FinishParams], None],
    advance: Callable[..., datetime],
) -> None:
    insert()
    record = claim(lease=1)
    advance(2)
    claim()
    finish(verb(id=record.id, attempt=2))
    with pytest.raises(ClaimLostError, match="attempt 2"):
        finish(verb(id=record.id, attempt=1))


@pytest.mark.parametrize("verb", [*VERBS, ExtendParams])
def test_an_unknown_record_is_a_lost_claim(
    verb: Verb | type[ExtendParams],
    backend: MemoryBackend,
    finish: Callable[[FinishParams], None],
) -> None:
    params = verb(id=77, attempt=1)
    with pytest.raises(ClaimLostError, match="no such record"):
        backend.extend(params) if isinstance(params, ExtendParams) else finish(params)
    assert backend.list() == []


def test_a_lease_that_ended_unclaimed_still_counts_as_held(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    insert()
    record = claim(lease=1)
    advance(100)
    complete(record)
    assert [found.state for found in backend.list()] == [State.SUCCEEDED]


def test_a_retried_claim_no_longer_repeats_once_the_record_was_claimed_again(
    backend: MemoryBackend, insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    insert()
    params = RetryParams(id=claim().id, attempt=1)
    backend.retry(params)
    claim()
    with pytest.raises(ClaimLostError, match="running, attempt 2"):
        backend.retry(params)


def test_retry_replaces_the_error_and_the_run_time_and_complete_keeps_the_error(
    backend: MemoryBackend,
    insert: Callable[..., Record],
    claim: Callable[..., Record],
    complete: Callable[[Record], None],
    advance: Callable[..., datetime],
) -> None:
    insert()
    run_at = advance() + timedelta(seconds=5)
    backend.retry(RetryParams(id=claim().id, attempt=1, run_at=run_at, last_error="boom"))
    advance(6)
    complete(claim())
    (record,) = backend.list()
    assert (record.run_at, record.last_error, record.lease_expires_at) == (run_at, "boom", None)


def test_finishing_and_claiming_hands_over_to_the_next(
    backend: MemoryBackend, insert: Callable[..., Record], claim: Callable[..., Record]
) -> None:
    insert()
    second = insert()
    record = backend.finish_and_claim(CompleteParams(id=claim().id, attempt=1), ClaimParams())
    assert record is not None
    assert (record.id, record.attempt) == (second.id, 1)
    assert len(backend.list(ListOptions(states=frozenset({State.SUCCEEDED})))) == 1


@pytest.mark.parametrize("verb", VERBS)
def test_if_the_finish_raises_nothing_is_claimed(
    verb: Verb, backend: MemoryBackend, insert: Callable[..., Record]
) -> None:
    waiting = insert()
    with pytest.raises(ClaimLostError, match="pending, attempt 0"):
        backend.finish_and_claim(verb(id=waiting.id, attempt=1), ClaimParams())
    assert backend.list() == [waiting]
