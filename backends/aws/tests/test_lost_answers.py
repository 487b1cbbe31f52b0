"""A request whose answer is lost is sent again by the client, and does its work once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import boto3
import pytest
from aws_support.place import REGION, Place

from lazyjobs import (
    BackendUnavailableError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    Record,
    RetryParams,
)
from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws.emulator._failures import Failures, Switchboard

LARGE = b'"' + b"x" * 3000 + b'"'


@pytest.fixture
def failing(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[AwsBackend, Failures]]:
    """A handle that tries each request twice, at once, and the switch that makes requests fail."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    session = boto3.Session("any", "any", region_name=REGION)
    failures = Switchboard(session).switch(f"{place.prefix}--jobs")
    options = Options(attempts=2)
    backend = AwsBackend(REGION, place.prefix, options=options, session=session, clock=place.now)
    backend.stats()  # so that the table is known
    yield backend, failures
    backend.close()


def claimed(backend: AwsBackend) -> Record:
    backend.insert(InsertParams(kind="greet"))
    record = backend.claim(ClaimParams())
    assert record is not None
    return record


@pytest.mark.parametrize("payload", [b"{}", LARGE], ids=["small", "large"])
@pytest.mark.parametrize("skip", [0, 1])
def test_an_insert_stores_one_record_and_returns_it(
    failing: tuple[AwsBackend, Failures], payload: bytes, skip: int
) -> None:
    backend, failures = failing
    failures.arm("after", skip=skip)
    record = backend.insert(InsertParams(kind="greet", payload=payload))
    failures.clear()
    assert backend.list() == [record]


def test_a_claim_knows_its_own_success(failing: tuple[AwsBackend, Failures]) -> None:
    backend, failures = failing
    inserted = backend.insert(InsertParams(kind="greet", run_at=None))
    failures.arm("after", skip=1)  # after the look at the index
    record = backend.claim(ClaimParams())
    assert failures.clear() == 1
    assert record is not None
    assert (record.id, record.attempt) == (inserted.id, 1)
    assert backend.list() == [record]


@pytest.mark.parametrize(
    "finish",
    [
        lambda backend, claim: backend.complete(CompleteParams(**claim)),
        lambda backend, claim: backend.retry(RetryParams(**claim, last_error="no luck")),
        lambda backend, claim: backend.discard(DiscardParams(**claim, last_error="no luck")),
        lambda backend, claim: backend.extend(ExtendParams(**claim, lease=timedelta(hours=1))),
    ],
    ids=["complete", "retry", "discard", "extend"],
)
def test_a_finish_is_no_lost_claim(
    failing: tuple[AwsBackend, Failures], finish: Callable[[AwsBackend, dict[str, int]], None]
) -> None:
    backend, failures = failing
    record = claimed(backend)
    failures.arm("after")
    finish(backend, {"id": record.id, "attempt": record.attempt})
    assert failures.clear() == 1


def test_what_fails_as_often_as_it_is_tried_is_told(failing: tuple[AwsBackend, Failures]) -> None:
    backend, failures = failing
    failures.arm("before", count=2)
    with pytest.raises(BackendUnavailableError, match=r"inserting on .* got no answer"):
        backend.insert(InsertParams(kind="greet"))
    assert backend.list() == []
