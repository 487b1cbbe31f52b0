"""Jobs that no hint tells of are found within `sweep`, whatever backlog of hints other queues have."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aws_support.place import QUEUE, Place
from botocore.exceptions import EndpointConnectionError

from lazyjobs import ClaimParams, InsertParams, RetryParams
from lazyjobs_aws import AwsBackend
from lazyjobs_aws._layout import QUEUE_ATTRIBUTES

BACKLOG = 40
SWEEP = 0.05
BOTH = ("default", "mail")


@pytest.fixture
def backlog(place: Place) -> Iterator[AwsBackend]:
    """A handle on a namespace where the queue `default` has a backlog of hints, all of them an hour old."""
    place.offset = -timedelta(hours=1)
    producer = place.open()
    producer.insert_many([InsertParams(kind="greet")] * BACKLOG)
    producer.close()
    place.offset = timedelta(0)
    backend = place.open(sweep=SWEEP)
    yield backend
    backend.close()


def calls_until(backend: AwsBackend, id: int) -> int:
    """How many records are claimed, one every `SWEEP` seconds, until that one is."""
    for number in range(1, BACKLOG + 2):
        time.sleep(SWEEP)
        record = backend.claim(ClaimParams(queues=BOTH))
        assert record is not None
        if record.id == id:
            return number
    raise AssertionError("it was never claimed")


def create_mail(place: Place) -> None:
    name = place.address.queue("mail")
    place.client("sqs").create_queue(QueueName=name, Attributes=QUEUE_ATTRIBUTES)


def test_a_job_whose_queue_sqs_does_not_have(place: Place, backlog: AwsBackend) -> None:
    hintless = backlog.insert(InsertParams(kind="greet", queue="mail")).id
    assert calls_until(backlog, hintless) <= 3


def test_several_jobs_whose_queue_sqs_does_not_have_take_turns_with_the_backlog(
    place: Place, backlog: AwsBackend
) -> None:
    hintless = {record.id for record in backlog.insert_many([InsertParams(kind="greet", queue="mail")] * 5)}
    claimed = []
    for _ in range(12):
        record = backlog.claim(ClaimParams(queues=BOTH))
        assert record is not None
        claimed.append(record)
    assert hintless <= {record.id for record in claimed}
    assert any(record.queue == QUEUE for record in claimed)


def test_a_job_that_another_process_could_send_no_hint_for(place: Place, backlog: AwsBackend) -> None:
    create_mail(place)

    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://sqs")

    events = place.client("sqs").meta.events
    events.register("before-call.sqs", refuse)
    try:
        producer = place.open()
        hintless = [producer.insert(InsertParams(kind="greet", queue="mail")).id for _ in range(2)]
    finally:
        events.unregister("before-call.sqs", refuse)
    marked = {int(item["id"]["N"]) for item in place.items() if "hint" in item}
    assert hintless[1] not in marked, "while SQS rests no hint is promised"
    assert calls_until(backlog, hintless[0]) <= 3
    assert calls_until(backlog, hintless[1]) <= 3
    producer.close()


def test_a_job_whose_hint_sqs_lost(place: Place, backlog: AwsBackend) -> None:
    create_mail(place)
    hintless = backlog.insert(InsertParams(kind="greet", queue="mail")).id
    sqs = place.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=place.address.queue("mail"))["QueueUrl"])
    create_mail(place)
    assert calls_until(backlog, hintless) <= 3


def test_a_retried_job(place: Place, backlog: AwsBackend) -> None:
    create_mail(place)
    hintless = backlog.insert(InsertParams(kind="greet", queue="mail")).id
    record = backlog.claim(ClaimParams(queues=("mail",)))
    assert record is not None
    backlog.retry(RetryParams(id=hintless, attempt=record.attempt))
    assert calls_until(backlog, hintless) <= 3


def test_hints_that_are_there_are_used(place: Place, backlog: AwsBackend) -> None:
    create_mail(place)
    hinted = backlog.insert(InsertParams(kind="greet", queue="mail")).id
    claimed = calls_until(backlog, hinted)
    assert claimed <= 20
    for _ in range(BACKLOG + 1 - claimed):
        assert backlog.claim(ClaimParams(queues=BOTH)) is not None
    assert backlog.claim(ClaimParams(queues=BOTH)) is None
    backlog.close()
    assert place.messages() == 0
