"""The requests to the table, and what they raise."""

import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import sleep
from typing import Any

from botocore.exceptions import ClientError
from msgspec import Struct

from lazyjobs import BackendError, BackendUnavailableError
from lazyjobs_aws import _codes as codes
from lazyjobs_aws import _items as items
from lazyjobs_aws._address import Address
from lazyjobs_aws._clients import Clients
from lazyjobs_aws._errors import code_of, translated, was_repeated
from lazyjobs_aws._items import JOB, Item, Value
from lazyjobs_aws._layout import Layout, StrangeLayoutError

_NAME = re.compile(r"#(\w+)")
_LARGEST_PAGE = 2000
_BATCH = 100
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 3.2
_PAUSES = 8
_NOT_YET = ("CREATING", "UPDATING")


class Refused(Struct, frozen=True):
    """A condition did not hold: what the table has instead, None if nothing."""

    item: Item | None
    repeated: bool = False
    """The request had been sent before, so that it may have made its condition fail itself."""


class Change(Struct, frozen=True, kw_only=True):
    """What an update sets and removes, and on what condition; `values` are those of the condition's names."""

    set: Mapping[str, Value]
    remove: tuple[str, ...] = ()
    condition: str
    values: Mapping[str, Value]
    raises: str = ""
    """The attribute that grows by one, and must be there."""
    counts: str = ""
    """The attribute that grows by one, from 0 if it is not there."""
    keeps: tuple[str, str] = ("", "")
    """An attribute, and the one whose value before the update it gets, or "" if that is not there."""


class Store:
    """Reads and writes the items of one table, each by one request; thread-safe.

    Raises `BackendError` for whatever fails, but for conditions.
    """

    def __init__(self, address: Address, clients: Clients) -> None:
        self.address = address
        self._clients = clients
        self._layout: Layout | None = None

    @property
    def layout(self) -> Layout:
        """Asked for once, at first use; raises `BackendError` if there is no table, or a strange one."""
        if self._layout is None:
            self._layout = self._read_layout()
        return self._layout

    def _read_layout(self) -> Layout:
        table = self._describe("looking for the table")
        try:
            return Layout.read(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", ()))
        except StrangeLayoutError as error:
            raise BackendError(
                f"the table {self.address.table!r} cannot be used: {error}; nothing was changed"
            ) from error

    def _describe(self, doing: str) -> dict[str, Any]:
        """What the table is; raises `BackendUnavailableError` while it is being made."""
        with translated(self.address, doing):
            table: dict[str, Any] = self._clients.dynamodb.describe_table(TableName=self.address.table)["Table"]
        if table.get("TableStatus") == "CREATING":
            raise BackendUnavailableError(f"the table {self.address.table!r} is being created; try again")
        return table

    @contextmanager
    def _asking(self, doing: str) -> Iterator[None]:
        """Tells a table that is not there yet from one that is not there: to a request both look the same."""
        try:
            with translated(self.address, doing):
                yield
        except BackendError as error:
            if code_of(error.__cause__) in codes.MISSING:
                self._layout = None
                status = self._describe(doing).get("TableStatus", "")
                if status in _NOT_YET:
                    raise BackendUnavailableError(
                        f"the table {self.address.table!r} is {status.lower()}; try again"
                    ) from error
            raise

    def put(self, item: Mapping[str, Any]) -> Refused | None:
        """Puts an item where there is none; what is there instead, if there is one."""
        try:
            with self._asking("inserting"):
                self._clients.dynamodb.put_item(
                    TableName=self.address.table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except BackendError as error:
            return self._refusal(error, item)
        return None

    def update(self, key: Item, change: Change, doing: str) -> Item | Refused:
        """Changes an item; as it then is, or what made the condition fail."""
        expression, values = _spell(change)
        try:
            with self._asking(doing):
                answer = self._clients.dynamodb.update_item(
                    TableName=self.address.table,
                    Key=key,
                    UpdateExpression=expression,
                    ConditionExpression=change.condition,
                    ExpressionAttributeNames=_names(f"{expression} {change.condition}"),
                    ExpressionAttributeValues=items.encode_all({f":{name}": value for name, value in values.items()}),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except BackendError as error:
            return self._refusal(error, key)
        attributes: Item = answer["Attributes"]
        return attributes

    def delete(self, id: int, part: str = JOB, *, condition: str = "", **values: Value) -> Refused | None:
        """Deletes an item; what made the condition fail, if one did."""
        only: dict[str, Any] = {}
        if condition:
            only = {
                "ConditionExpression": condition,
                "ExpressionAttributeNames": _names(condition),
                "ExpressionAttributeValues": items.encode_all({f":{name}": value for name, value in values.items()}),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        try:
            with self._asking("deleting"):
                self._clients.dynamodb.delete_item(TableName=self.address.table, Key=items.key(id, part), **only)
        except BackendError as error:
            return self._refusal(error, items.key(id, part))
        return None

    def _refusal(self, error: BackendError, item: Item) -> Refused:
        """What made a condition fail; raises `error` again if it is none of a condition."""
        if code_of(error.__cause__) != codes.CONDITION_FAILED:
            raise error
        assert isinstance(error.__cause__, ClientError)
        found: Item | None = error.__cause__.response.get("Item")
        # Not every emulator tells what it found, and without an item there is nothing to tell.
        found = found or self._get({"id": item["id"], "part": item["part"]})
        return Refused(found, was_repeated(error.__cause__))

    def get(self, id: int, part: str = JOB) -> Item | None:
        """The item as the last acknowledged write left it."""
        return self._get(items.key(id, part))

    def _get(self, key: Item) -> Item | None:
        with self._asking("reading"):
            answer = self._clients.dynamodb.get_item(TableName=self.address.table, Key=key, ConsistentRead=True)
        found: Item | None = answer.get("Item")
        return found

    def get_many(self, keys: list[dict[str, Any]]) -> Iterator[Item]:
        """The items of those keys that there are, as the last acknowledged writes left them, in no order.

        What a throttled table leaves out is asked for again after pauses that grow. Raises `BackendUnavailableError`
        once it has answered nothing at all some times in a row.
        """
        for begin in range(0, len(keys), _BATCH):
            yield from self._get_batch(keys[begin : begin + _BATCH])

    def _get_batch(self, keys: list[dict[str, Any]]) -> Iterator[Item]:
        table = self.address.table
        asked: dict[str, Any] = {table: {"Keys": keys, "ConsistentRead": True}}
        pauses = 0
        while True:
            with self._asking("reading"):
                answer = self._clients.dynamodb.batch_get_item(RequestItems=asked)
            yield from answer["Responses"].get(table, ())
            left = answer.get("UnprocessedKeys") or {}
            if not left:
                return
            pauses = 1 if len(left[table]["Keys"]) < len(asked[table]["Keys"]) else pauses + 1
            if pauses > _PAUSES:
                raise BackendUnavailableError(
                    f"reading on {self.address} was turned away: the table is throttled and answers nothing; try again"
                )
            asked = left
            sleep(random.uniform(0.5, 1) * min(_FIRST_PAUSE * 2 ** (pauses - 1), _LONGEST_PAUSE))  # noqa: S311

    def scan(self, **params: Any) -> Iterator[Item]:
        """All items that a Scan with `params` finds, by what was acknowledged before."""
        yield from self._pages("scan", ConsistentRead=True, **params)

    def query(self, index: str, **params: Any) -> Iterator[Item]:
        """All items that a Query of an index finds, in the index's order, perhaps a moment behind the table."""
        yield from self._pages("query", IndexName=index, **params)

    def _pages(self, verb: str, **params: Any) -> Iterator[Item]:
        """All items of all pages; a `Limit` is that of the first page, and the later ones are larger."""
        names = _names(f"{params.get('FilterExpression', '')} {params.get('ProjectionExpression', '')}")
        if names:
            params["ExpressionAttributeNames"] = names
        while True:
            with self._asking("reading"):
                page = getattr(self._clients.dynamodb, verb)(TableName=self.address.table, **params)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            params["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            if "Limit" in params:
                params["Limit"] = min(4 * params["Limit"], _LARGEST_PAGE)


def _names(expression: str) -> dict[str, str]:
    return {f"#{name}": name for name in _NAME.findall(expression)}


def _spell(change: Change) -> tuple[str, dict[str, Value]]:
    """The update's expression, and the values of its names."""
    values: dict[str, Value] = {**change.values, **change.set}
    sets = [f"#{name} = :{name}" for name in change.set]
    keeper, kept = change.keeps
    if keeper:
        values["nothing"] = ""
        sets.insert(0, f"#{keeper} = if_not_exists(#{kept}, :nothing)")
    if change.raises:
        values["one"] = 1
        sets.append(f"#{change.raises} = #{change.raises} + :one")
    if change.counts:
        values |= {"none": 0, "one": 1}
        sets.append(f"#{change.counts} = if_not_exists(#{change.counts}, :none) + :one")
    expression = "SET " + ", ".join(sets)
    if change.remove:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in change.remove)
    return expression, values
