"""Creating, checking and removing what a namespace is stored in."""

from collections.abc import Iterable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from lazyjobs import BackendError
from lazyjobs_aws._address import Address
from lazyjobs_aws._clients import Clients
from lazyjobs_aws._codes import MISSING, NO_SUCH_QUEUE
from lazyjobs_aws._errors import code_of, translated
from lazyjobs_aws._items import PAYLOAD
from lazyjobs_aws._layout import QUEUE_ATTRIBUTES, TTL_ATTRIBUTE, Layout, StrangeLayoutError
from lazyjobs_aws._reads import leftovers
from lazyjobs_aws._store import Store

_ATTEMPTS = 5


class Provisioner:
    """Does on purpose, for one namespace, what no backend does by itself. Each method may be repeated."""

    def __init__(self, address: Address, session: boto3.Session | None = None) -> None:
        self._address = address
        self._clients = Clients(address, _ATTEMPTS, session)

    def create(self, layout: Layout, queues: Iterable[str]) -> None:
        """Makes the table, its time to live and the SQS queues, and waits for the table; what is there stays.

        Raises `BackendError` where a table is there and laid out in another way.
        """
        with translated(self._address, "creating the table"):
            self._create_table(layout)
            self._clients.dynamodb.get_waiter("table_exists").wait(
                TableName=self._address.table, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
            )
        if wrong := [*self._check_table(layout)]:
            raise BackendError(f"the table {self._address.table!r} is there and not as asked for: {'; '.join(wrong)}")
        with translated(self._address, "enabling the time to live"):
            self._enable_ttl()
        with translated(self._address, "creating queues"):
            for queue in queues:
                self._clients.sqs.create_queue(QueueName=self._address.queue(queue), Attributes=QUEUE_ATTRIBUTES)

    def _create_table(self, layout: Layout) -> None:
        try:
            self._clients.dynamodb.create_table(**layout.define(self._address.table))
        except ClientError as error:
            if code_of(error) != "ResourceInUseException":
                raise

    def _enable_ttl(self) -> None:
        if self._ttl() is None:
            self._clients.dynamodb.update_time_to_live(
                TableName=self._address.table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE},
            )

    def check(self, layout: Layout | None, queues: Iterable[str]) -> list[str]:
        """What is missing or wrong, each with what to do; nothing if all is well.

        Without a layout any that this version knows is right.
        """
        try:
            wrong = [*self._check_table(layout)]
            if self._ttl() is None:
                wrong.append(f"the time to live is off: enable it on the attribute {TTL_ATTRIBUTE!r}")
        except BackendError as error:
            wrong = [str(error)]
        return [*wrong, *self._check_queues(queues)]

    def _check_table(self, layout: Layout | None) -> Iterator[str]:
        found = self._describe()
        indexes = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", ())}
        try:
            known = Layout.read(indexes)
        except StrangeLayoutError as error:
            yield str(error)
            return
        if layout is not None and layout != known:
            yield f"it has {_tell(known)}, not {_tell(layout)}"
            return
        wanted = known.define(self._address.table)
        if _keys(found) != _keys(wanted):
            yield "its key is not id and part"
        for index in wanted["GlobalSecondaryIndexes"]:
            name = index["IndexName"]
            if name not in indexes or _keys(indexes[name]) != _keys(index) or not _projects(indexes[name], index):
                yield f"its index {name} has not the key or the attributes it should have: remove it and create it anew"
            elif indexes[name].get("IndexStatus", "ACTIVE") != "ACTIVE":
                yield f"its index {name} is {indexes[name]['IndexStatus']}: wait until it is ACTIVE"

    def _describe(self) -> dict[str, Any]:
        with translated(self._address, "checking the table"):
            table: dict[str, Any] = self._clients.dynamodb.describe_table(TableName=self._address.table)["Table"]
        return table

    def _ttl(self) -> str | None:
        """The attribute of the time to live; None if it is off."""
        with translated(self._address, "checking the time to live"):
            answer = self._clients.dynamodb.describe_time_to_live(TableName=self._address.table)
        found = answer["TimeToLiveDescription"]
        on = found["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
        attribute: str | None = found.get("AttributeName") if on else None
        return attribute

    def _check_queues(self, queues: Iterable[str]) -> Iterator[str]:
        for queue in queues:
            name = self._address.queue(queue)
            try:
                with translated(self._address, "checking queues"):
                    self._clients.sqs.get_queue_url(QueueName=name)
            except BackendError as error:
                if code_of(error.__cause__) not in NO_SUCH_QUEUE:
                    raise
                create = f"lazyjobs-aws create '{self._address}' --queue {queue}"
                yield f"there is no SQS queue {name} for {queue!r}: {create}"

    def remove(self) -> None:
        """Deletes the table with every record, and all the namespace's SQS queues."""
        with translated(self._address, "removing queues"):
            pages = self._clients.sqs.get_paginator("list_queues").paginate(QueueNamePrefix=self._address.queues)
            for url in [url for page in pages for url in page.get("QueueUrls", ())]:
                self._clients.sqs.delete_queue(QueueUrl=url)
        with translated(self._address, "removing the table"):
            try:
                self._clients.dynamodb.delete_table(TableName=self._address.table)
            except ClientError as error:
                if code_of(error) not in MISSING:
                    raise

    def clean(self, before: int) -> int:
        """Deletes payloads without a record, and what pruning left, of ids less than `before`; how many payloads."""
        store = Store(self._address, self._clients)
        count = 0
        for id, part in leftovers(store, before):
            store.delete(id, part)
            count += part == PAYLOAD
        return count

    def close(self) -> None:
        self._clients.close()


def _keys(definition: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((each["AttributeName"], each["KeyType"]) for each in definition["KeySchema"])


def _projects(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    projection = found.get("Projection", {})
    attributes = {*projection.get("NonKeyAttributes", ())}
    return projection.get("ProjectionType") == "ALL" or attributes >= {*wanted["Projection"]["NonKeyAttributes"]}


def _tell(layout: Layout) -> str:
    return f"{layout.shards} shards and {'a' if layout.feed else 'no'} feed"
