"""The one definition of table, indexes and queues, from which they are created, checked and described."""

import re
from collections.abc import Iterable
from typing import Any, Self

from msgspec import Struct

SCHEMA = 1
"""The version of what is stored. It is part of the indexes' names, so that asking for the table tells it."""
TTL_ATTRIBUTE = "expires"
QUEUE_ATTRIBUTES = {
    "VisibilityTimeout": "30",  # in which a worker that took a hint claims the job, or the hint comes back
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
}

_INDEX = re.compile(r"(due|feed)-v([0-9]+)x([0-9]+)")

Definition = dict[str, Any]


class Layout(Struct, frozen=True):
    """How a namespace's table is laid out: into how many shards its indexes are cut, and whether there is a feed.

    A shard takes about 250 jobs a second: what DynamoDB allows one value of an index's key. `feed` is the index that
    `list` and `stats` read; without it they scan the whole table.
    """

    shards: int = 1
    feed: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.shards <= 256:
            raise ValueError(f"shards must be from 1 to 256, not {self.shards}")

    @property
    def due_index(self) -> str:
        return f"due-v{SCHEMA}x{self.shards}"

    @property
    def feed_index(self) -> str:
        return f"feed-v{SCHEMA}x{self.shards}"

    def shelves(self, queue: str) -> list[str]:
        """The values of `shelf` under which what may be due on a queue is found."""
        return [f"{queue}#{shard}" for shard in range(self.shards)]

    def shelf(self, queue: str, id: int) -> str:
        return f"{queue}#{id % self.shards}"

    def strips(self) -> list[str]:
        """The values of `strip` under which all records are found."""
        return [str(shard) for shard in range(self.shards)]

    def strip(self, id: int) -> str:
        return str(id % self.shards)

    def define(self, table: str) -> Definition:
        """The parameters of CreateTable, which CloudFormation knows by the same names."""
        return {
            "TableName": table,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": _key("id", "part"),
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": type}
                for name, type in (("id", "N"), ("part", "S"), *self._index_attributes())
            ],
            "GlobalSecondaryIndexes": self._indexes(),
        }

    def _index_attributes(self) -> list[tuple[str, str]]:
        due = [("shelf", "S"), ("slot", "N")]
        return [*due, ("strip", "S"), ("seen", "N")] if self.feed else due

    def _indexes(self) -> list[Definition]:
        due = _index(self.due_index, "shelf", "slot", ["lease", "hint"])
        feed = _index(self.feed_index, "strip", "seen", ["state", "kind", "queue"])
        return [due, feed] if self.feed else [due]

    @classmethod
    def read(cls, indexes: Iterable[str]) -> Self:
        """The layout of a table with indexes of those names.

        Raises `StrangeLayoutError` for one that this version did not make.
        """
        found = {match[1]: (int(match[2]), int(match[3])) for name in indexes if (match := _INDEX.fullmatch(name))}
        if "due" not in found:
            raise StrangeLayoutError("it has no index due-v…; something else made it")
        schema, shards = found["due"]
        if schema != SCHEMA:
            raise StrangeLayoutError(f"its schema is {schema}, and this version of lazyjobs-aws knows {SCHEMA}")
        if found.get("feed", found["due"]) != found["due"]:
            raise StrangeLayoutError("its indexes due-… and feed-… differ in schema or shards")
        return cls(shards, "feed" in found)


class StrangeLayoutError(ValueError):
    """A table that this version of the backend must not use."""


def _key(hash: str, range: str) -> list[Definition]:
    return [{"AttributeName": hash, "KeyType": "HASH"}, {"AttributeName": range, "KeyType": "RANGE"}]


def _index(name: str, hash: str, range: str, attributes: list[str]) -> Definition:
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": attributes}
    return {"IndexName": name, "KeySchema": _key(hash, range), "Projection": projection}
