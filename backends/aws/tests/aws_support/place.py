"""A namespace on the emulator in this process."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws._address import Address
from lazyjobs_aws._layout import QUEUE_ATTRIBUTES, Layout
from lazyjobs_aws._provision import Provisioner
from lazyjobs_aws._times import read_utc

REGION = "eu-west-1"
QUEUE = "default"

B = TypeVar("B", bound=AwsBackend)


@cache
def _client(service: str) -> Any:
    # Not of the session that the conformance harness changes.
    session = boto3.Session("any", "any", region_name=REGION)
    return session.client(service, config=Config(retries={"total_max_attempts": 1}))


def shared_client(service: str) -> Any:
    """The client that every namespace of this process has."""
    return _client(service)


class _Shared:
    """Hands out the same clients again and again, since making them takes longer than a test."""

    def client(self, service: str, **_: object) -> Any:
        return _client(service)


class Place:
    """A namespace with one SQS queue, whose clock the test turns."""

    def __init__(self, prefix: str, *, layout: Layout = Layout(), visibility: int = 30) -> None:  # noqa: B008
        self.prefix = prefix
        self.layout = layout
        self.offset = timedelta(0)
        self._visibility = visibility
        self._provisioner = Provisioner(self.address, self.session)

    @property
    def address(self) -> Address:
        return Address(REGION, self.prefix)

    @property
    def session(self) -> Any:
        return _Shared()

    def client(self, service: str) -> Any:
        return _client(service)

    def create(self) -> None:
        self._provisioner.create(self.layout, ())
        self.create_queue()

    def create_queue(self) -> None:
        attributes = {**QUEUE_ATTRIBUTES, "VisibilityTimeout": str(self._visibility)}
        self.client("sqs").create_queue(QueueName=self.address.queue(QUEUE), Attributes=attributes)

    def purge(self) -> None:
        """SQS loses every message."""
        sqs = self.client("sqs")
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=self.address.queue(QUEUE))["QueueUrl"])
        self.create_queue()

    def messages(self) -> int:
        """How many there are in SQS, hidden ones included."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=self.address.queue(QUEUE))["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def items(self) -> list[dict[str, dict[str, Any]]]:
        """Everything in the table."""
        found: list[dict[str, dict[str, Any]]] = self.client("dynamodb").scan(TableName=self.address.table)["Items"]
        return found

    def now(self) -> datetime:
        return read_utc() + self.offset

    def open(self, **options: Any) -> AwsBackend:
        """A handle whose requests are tried once, unless the options say otherwise."""
        return self.open_as(AwsBackend, **options)

    def open_as(self, kind: type[B], **options: Any) -> B:
        """The same, of another class."""
        chosen = Options(**{"attempts": 1, "sweep": 0.2, **options})
        return kind(REGION, self.prefix, options=chosen, session=self.session, clock=self.now)

    def remove(self) -> None:
        self._provisioner.remove()
        self._provisioner.close()
