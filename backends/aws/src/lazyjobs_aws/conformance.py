"""How the conformance kit tries this backend; needs the extra `conformance`.

The emulator is the one at `LAZYJOBS_AWS_ENDPOINT`, or a server of moto that lives as long as
the process.
"""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import boto3

from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws._address import Address
from lazyjobs_aws._layout import QUEUE_ATTRIBUTES, SCHEMA, Layout
from lazyjobs_aws._provision import Provisioner
from lazyjobs_aws._times import read_utc
from lazyjobs_aws.emulator import Failures, emulator_session, endpoint_of_emulator, switchboard
from lazyjobs_testkit import Harness, Traits

_REGION = "eu-west-1"


class AwsHarness(Harness):
    """Every namespace is a prefix of one emulator's, provisioned when it is first opened; without a feed.

    The SQS queue of whatever queue a rule makes up comes into being when it is looked for. Requests are tried once
    only, so that every failure is seen.
    """

    name = "aws"
    traits = Traits(
        durable=True,
        multi_process=True,
        ordering="best-effort",
        empty_answers=2,
        clock_skew=timedelta(seconds=2),
        max_payload=AwsBackend.max_payload,
    )
    notes = ("an emulator took the place of AWS",)
    layout: ClassVar[Layout] = Layout()

    def __init__(self) -> None:
        self._offsets: dict[str, timedelta] = {}
        self._provisioned: set[str] = set()

    def endpoint(self) -> str | None:
        """Where the emulator is."""
        return endpoint_of_emulator()

    def open(self, namespace: str) -> AwsBackend:
        if namespace not in self._provisioned:
            self._provision(namespace, self.layout)
            self._provisioned.add(namespace)
        return AwsBackend(
            _REGION,
            namespace,
            options=Options(endpoint_url=self.endpoint(), attempts=1, sweep=0.5),
            session=self._session(),
            clock=lambda: read_utc() + self._offsets.get(namespace, timedelta(0)),
        )

    def url_of(self, namespace: str) -> str:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            os.environ.setdefault(name, "emulator")  # boto3 wants some, and an emulator takes any
        return str(self._address(namespace))

    def destroy(self, namespace: str) -> None:
        self._provisioned.discard(namespace)
        provisioner = self._provisioner(namespace)
        provisioner.remove()
        provisioner.close()

    def faults(self, namespace: str) -> Failures:
        return switchboard().switch(f"{namespace}--")

    def set_clock(self, namespace: str, offset: timedelta) -> None:
        self._offsets[namespace] = offset

    def newer_schema(self, namespace: str) -> Callable[[], bytes]:
        definition = self.layout.define(self._address(namespace).table)
        for index in definition["GlobalSecondaryIndexes"]:
            index["IndexName"] = index["IndexName"].replace(f"v{SCHEMA}", f"v{SCHEMA + 1}")
        client = self._session().client("dynamodb", endpoint_url=self.endpoint())
        client.create_table(**definition)
        client.put_item(TableName=definition["TableName"], Item={"id": {"N": "1"}, "part": {"S": "job"}})

        def read() -> bytes:
            items = client.scan(TableName=definition["TableName"])["Items"]
            return json.dumps(items, sort_keys=True, default=repr).encode()

        return read

    def _provision(self, namespace: str, layout: Layout) -> None:
        provisioner = self._provisioner(namespace)
        provisioner.create(layout, ())
        provisioner.close()

    def _provisioner(self, namespace: str) -> Provisioner:
        return Provisioner(self._address(namespace), self._session())

    def _address(self, namespace: str) -> Address:
        return Address(_REGION, namespace, self.endpoint())

    def _session(self) -> boto3.Session:
        session = emulator_session()
        switchboard()  # before the first client is made, as clients copy the handlers of their session
        session.events.register("before-call.sqs.GetQueueUrl", self._create_queue, unique_id="lazyjobs-create-queue")
        return session

    def _create_queue(self, params: dict[str, Any], **_: object) -> None:
        name = json.loads(params["body"])["QueueName"]
        client = emulator_session().client("sqs", region_name=_REGION, endpoint_url=self.endpoint())
        client.create_queue(QueueName=name, Attributes=QUEUE_ATTRIBUTES)
        client.close()


class FeedHarness(AwsHarness):
    """The same with a feed, and three shards."""

    name = "aws-feed"
    layout = Layout(shards=3, feed=True)
