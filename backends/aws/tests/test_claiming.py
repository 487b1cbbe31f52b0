import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aws_support.place import QUEUE, Place
from botocore.exceptions import EndpointConnectionError

from lazyjobs import ClaimParams, CompleteParams, ExtendParams, InsertParams, Record, RetryParams, WaitParams
from lazyjobs_aws import AwsBackend

DELAYS = [timedelta(minutes=16), timedelta(hours=13), timedelta(days=30)]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.WARNING, "lazyjobs.aws"):
        yield caplog


def insert(backend: AwsBackend, **fields: object) -> Record:
    return backend.insert(InsertParams(**{"kind": "greet", **fields}))  # type: ignore[arg-type]


def claim(backend: AwsBackend, **fields: object) -> Record:
    record = backend.claim(ClaimParams(**fields))  # type: ignore[arg-type]
    assert record is not None
    return record


@pytest.mark.parametrize("delay", DELAYS, ids=str)
def test_a_delay_of_any_length_ends_when_it_says(place: Place, backend: AwsBackend, delay: timedelta) -> None:
    insert(backend, run_at=place.now() + delay)
    place.offset += delay - timedelta(seconds=10)
    assert backend.claim(ClaimParams()) is None
    place.offset += timedelta(seconds=11)
    claim(backend)


@pytest.mark.parametrize("lease", DELAYS, ids=str)
def test_a_lease_of_any_length_ends_when_it_says(place: Place, backend: AwsBackend, lease: timedelta) -> None:
    insert(backend)
    record = claim(backend, lease=lease)
    backend.extend(ExtendParams(id=record.id, attempt=1, lease=2 * lease))
    place.offset += 2 * lease - timedelta(seconds=10)
    assert backend.claim(ClaimParams()) is None
    place.offset += timedelta(seconds=11)
    assert claim(backend).attempt == 2


def test_a_lease_made_to_end_before_the_run_at_is_found(place: Place, backend: AwsBackend) -> None:
    insert(backend, run_at=place.now() + timedelta(hours=2))
    record = claim(backend, now=place.now() + timedelta(hours=3))
    backend.extend(ExtendParams(id=record.id, attempt=1, lease=timedelta(seconds=1)))
    place.offset += timedelta(seconds=2)
    assert claim(backend).attempt == 2


def test_used_hints_are_deleted_ten_at_a_time(place: Place, backend: AwsBackend) -> None:
    backend.insert_many([InsertParams(kind="greet")] * 11)
    for _ in range(9):
        claim(backend)
    assert place.messages() == 11
    claim(backend)
    assert place.messages() == 1


def test_closing_deletes_used_hints(place: Place, backend: AwsBackend) -> None:
    insert(backend)
    claim(backend)
    backend.close()
    assert place.messages() == 0


@pytest.mark.parametrize("body", ["hello", "-1", "0", "9" * 50])
def test_a_message_that_is_no_hint_is_deleted_and_told(
    place: Place, backend: AwsBackend, log: pytest.LogCaptureFixture, body: str
) -> None:
    sqs = place.client("sqs")
    url = sqs.get_queue_url(QueueName=place.address.queue(QUEUE))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=body)
    insert(backend)
    claim(backend)
    assert backend.claim(ClaimParams()) is None
    assert "is no hint, and is deleted" in log.text
    backend.close()
    assert place.messages() == 0


def test_a_hint_of_a_record_that_is_gone_does_no_harm(place: Place, backend: AwsBackend) -> None:
    sqs = place.client("sqs")
    url = sqs.get_queue_url(QueueName=place.address.queue(QUEUE))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="77")
    assert backend.claim(ClaimParams()) is None
    insert(backend)
    claim(backend)


def test_a_queue_without_an_sqs_queue_works_and_is_told_once(
    place: Place, backend: AwsBackend, log: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        inserted = insert(backend, queue="mail:out/1")
        assert claim(backend, queues=("mail:out/1",)).id == inserted.id
    (told,) = log.records
    assert "lazyjobs-aws create 'sqs+dynamodb://" in told.getMessage()
    assert "--queue mail:out/1" in told.getMessage()


def test_scheduled_jobs_do_not_wait_for_a_backlog_of_hints(place: Place, backend: AwsBackend) -> None:
    backend.insert_many([InsertParams(kind="greet")] * 12)
    scheduled = [insert(backend, run_at=place.now() + timedelta(seconds=30)).id for _ in range(3)]
    place.offset += timedelta(seconds=31)
    claimed = [claim(backend).id for _ in range(8)]
    assert set(scheduled) <= set(claimed)


def test_a_backlog_of_scheduled_jobs_does_not_hold_up_hints(place: Place, backend: AwsBackend) -> None:
    later = place.now() + timedelta(seconds=30)
    backend.insert_many([InsertParams(kind="greet", run_at=later)] * 12)
    place.offset += timedelta(seconds=31)
    hinted = [insert(backend).id for _ in range(3)]
    claimed = [claim(backend).id for _ in range(10)]
    assert set(hinted) <= set(claimed)


def test_a_lost_hint_is_made_up_for_under_a_backlog(place: Place) -> None:
    backend = place.open(sweep=1e-6)
    lost = insert(backend).id
    place.purge()
    place.offset += timedelta(minutes=2)
    backend.insert_many([InsertParams(kind="greet")] * 12)
    claimed = [claim(backend).id for _ in range(8)]
    assert lost in claimed
    backend.close()


def test_a_hint_that_is_early_by_another_clock_is_kept(place: Place, backend: AwsBackend) -> None:
    place.offset = timedelta(seconds=5)
    insert(backend)
    place.offset = timedelta(0)
    assert backend.claim(ClaimParams()) is None
    backend.close()
    assert place.messages() == 1


def test_a_wait_sees_what_another_instance_retries_within_a_sweep(place: Place, backend: AwsBackend) -> None:
    insert(backend)
    record = claim(backend)
    other = place.open()
    other.retry(RetryParams(id=record.id, attempt=1))
    assert backend.wait(WaitParams(timeout=timedelta(seconds=5)))
    other.close()


def test_claim_many_asks_for_hints_by_tens(place: Place, backend: AwsBackend) -> None:
    ids = [record.id for record in backend.insert_many([InsertParams(kind="greet")] * 12)]
    records = backend.claim_many(ClaimParams(), 12)
    assert sorted(record.id for record in records) == ids
    for record in records:
        backend.complete(CompleteParams(id=record.id, attempt=1))


def test_a_finished_record_gets_a_time_to_live_only_with_a_retention(place: Place, backend: AwsBackend) -> None:
    keeping = place.open(retention=timedelta(days=7))
    for handle in (backend, keeping):
        insert(handle)
        handle.complete(CompleteParams(id=claim(handle).id, attempt=1))
    kept, expiring = sorted(place.items(), key=lambda item: int(item["id"]["N"]))
    assert "expires" not in kept
    week = (place.now() + timedelta(days=7)).timestamp()
    assert abs(int(expiring["expires"]["N"]) - week) < 10


def test_an_sqs_that_is_down_is_not_asked_by_every_claim(place: Place, log: pytest.LogCaptureFixture) -> None:
    asked: list[str] = []

    def refuse(model: Any, **_: object) -> None:
        asked.append(model.name)
        raise EndpointConnectionError(endpoint_url="https://sqs")

    events = place.client("sqs").meta.events
    events.register("before-call.sqs", refuse)
    try:
        backend = place.open()
        ids = [insert(backend).id for _ in range(5)]
        assert sorted(claim(backend).id for _ in range(5)) == ids
    finally:
        events.unregister("before-call.sqs", refuse)
    assert 1 <= len(asked) <= 3
    assert "SQS does not work" in log.text
    backend.close()
