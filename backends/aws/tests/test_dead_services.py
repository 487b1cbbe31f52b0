"""Services that accept connections and answer nothing, half or wrong; on real sockets."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from urllib.parse import urlsplit

import pytest
from aws_support.bad_servers import MANNERS, Manner, Proxy, bad_server, say_nothing

from lazyjobs import (
    BackendUnavailableError,
    ClaimParams,
    CompleteParams,
    ExtendParams,
    InsertParams,
    WaitParams,
)
from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws._address import Address
from lazyjobs_aws._clients import HINTS, table_limits
from lazyjobs_aws._layout import Layout
from lazyjobs_aws._provision import Provisioner
from lazyjobs_aws.emulator import emulator_session, endpoint_of_emulator

REGION = "eu-west-1"
QUEUES = ("default", "mail", "post")
_SLACK = 6.0
"""In seconds: for a machine that is busy with other things."""
_numbers = count(1)


@pytest.fixture(scope="module")
def emulator() -> str:
    return endpoint_of_emulator()


@pytest.fixture
def prefix(emulator: str) -> Iterator[str]:
    """A namespace on the emulator."""
    prefix = f"dead{next(_numbers)}"
    provisioner = Provisioner(Address(REGION, prefix, emulator), emulator_session())
    provisioner.create(Layout(), QUEUES)
    yield prefix
    provisioner.remove()
    provisioner.close()


def open_backend(monkeypatch: pytest.MonkeyPatch, prefix: str, *, dynamodb: str, sqs: str, attempts: int) -> AwsBackend:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs)
    return AwsBackend(REGION, prefix, options=Options(attempts=attempts, sweep=0.2), session=emulator_session())


@pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
def test_an_sqs_that_does_not_answer_hardly_holds_up_anything(
    monkeypatch: pytest.MonkeyPatch, emulator: str, prefix: str, manner: Manner
) -> None:
    with bad_server(manner) as sqs:
        backend = open_backend(monkeypatch, prefix, dynamodb=emulator, sqs=sqs, attempts=3)
        began = time.monotonic()
        ids = {backend.insert(InsertParams(kind="greet", queue=queue)).id for queue in QUEUES}
        batch = backend.insert_many([InsertParams(kind="greet", queue=queue) for queue in QUEUES])
        ids |= {record.id for record in batch}
        inserted = time.monotonic() - began
        assert backend.wait(WaitParams(queues=QUEUES, timeout=timedelta(seconds=5)))
        claimed = [backend.claim(ClaimParams(queues=QUEUES)) for _ in ids]
        assert {record.id for record in claimed if record} == ids
        for record in claimed:
            assert record is not None
            backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        backend.close()
        total = time.monotonic() - began
    # One request is waited for, and one more once the first rest is over.
    assert inserted < 2 * HINTS.longest + _SLACK
    assert total < 4 * HINTS.longest + 2 * _SLACK


@pytest.mark.parametrize("manner", MANNERS.values(), ids=MANNERS)
def test_a_dynamodb_that_does_not_answer_is_unavailable_within_its_limits(
    monkeypatch: pytest.MonkeyPatch, emulator: str, prefix: str, manner: Manner
) -> None:
    with bad_server(manner) as dynamodb:
        backend = open_backend(monkeypatch, prefix, dynamodb=dynamodb, sqs=emulator, attempts=1)
        began = time.monotonic()
        with pytest.raises(BackendUnavailableError):
            backend.insert(InsertParams(kind="greet"))
        assert time.monotonic() - began < table_limits(1).longest + _SLACK
        backend.close()


def test_a_dead_connection_does_not_keep_a_lease_from_being_extended(
    monkeypatch: pytest.MonkeyPatch, emulator: str, prefix: str
) -> None:
    port = urlsplit(emulator).port
    assert port is not None
    proxy = Proxy(port)
    backend = open_backend(monkeypatch, prefix, dynamodb=proxy.url, sqs=emulator, attempts=3)
    backend.insert(InsertParams(kind="greet"))
    record = backend.claim(ClaimParams())
    assert record is not None
    proxy.swallow(1)
    began = time.monotonic()
    backend.extend(ExtendParams(id=record.id, attempt=record.attempt, lease=timedelta(hours=1)))
    took = time.monotonic() - began
    assert table_limits(1).read - 0.5 < took < table_limits(3).longest
    (extended,) = backend.list()
    assert extended.lease_expires_at is not None
    assert record.lease_expires_at is not None
    assert extended.lease_expires_at - record.lease_expires_at > timedelta(minutes=50)
    backend.close()
    proxy.close()


def test_a_long_poll_that_is_never_answered_holds_up_no_claim(
    monkeypatch: pytest.MonkeyPatch, emulator: str, prefix: str
) -> None:
    with bad_server(say_nothing) as sqs:
        backend = open_backend(monkeypatch, prefix, dynamodb=emulator, sqs=sqs, attempts=1)
        began = time.monotonic()
        assert not backend.wait(WaitParams(timeout=timedelta(seconds=1)))
        backend.insert(InsertParams(kind="greet"))
        assert backend.claim(ClaimParams()) is not None
        assert time.monotonic() - began < 1 + 3 * HINTS.longest + _SLACK
        backend.close()


def test_a_lease_too_short_for_the_limits_is_warned_of_once(
    monkeypatch: pytest.MonkeyPatch, emulator: str, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "lazyjobs.aws"):
        backend = open_backend(monkeypatch, prefix, dynamodb=emulator, sqs=emulator, attempts=3)
        backend.claim(ClaimParams())
        assert caplog.messages == []
        for _ in range(2):
            backend.claim(ClaimParams(lease=timedelta(seconds=5)))
        (told,) = caplog.messages
    assert told.startswith("a lease of 5 s may end while DynamoDB does not answer")
    backend.close()
