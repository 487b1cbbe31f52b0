"""The table: one request for each transition, decided by its condition."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Any

from botocore.exceptions import ClientError
from msgspec import Struct

from lazyjobs import BackendError, BackendUnavailableError, ClaimLostError, InsertParams, Record, State
from lazyjobs_aws import _items as items
from lazyjobs_aws._address import Address
from lazyjobs_aws._clients import Clients
from lazyjobs_aws._errors import CONDITION_FAILED, code_of, translated
from lazyjobs_aws._items import JOB, PAYLOAD, Item, Value
from lazyjobs_aws._layout import Layout, StrangeLayoutError

_NAME = re.compile(r"#(\w+)")
_ROUNDS = 20
_LARGEST_PAGE = 2000
_LONGEST_INSERT = 300.0
"""In seconds; `clean` takes a payload whose record is still missing a day later to be abandoned."""

_WAITING = "(#state = :pending OR #state = :retrying) AND #run_at <= :now"
_ENDED = "#state = :running AND #lease <= :now"
_HELD = "#state = :running AND #attempt = :attempt"
_UNMOVED = "#seen <= :seen"
_STATES: Mapping[str, Value] = {
    "pending": State.PENDING.value,
    "retrying": State.RETRYING.value,
    "running": State.RUNNING.value,
}


class Refused(Struct, frozen=True):
    """A condition did not hold: what the table has instead, None if nothing."""

    item: Item | None


class Change(Struct, frozen=True, kw_only=True):
    """What an update sets and removes, and on what condition; `values` are those of the condition's names."""

    set: Mapping[str, Value]
    remove: tuple[str, ...] = ()
    condition: str
    values: Mapping[str, Value]
    raises: str = ""
    """The attribute that grows by one."""


class Table:
    """The records of one namespace; thread-safe.

    Every method is one request, repeated only where a condition tells whether the one before took effect. Reading a
    payload that has an item of its own is one more.
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
        with translated(self.address, "looking for the table"):
            table = self._clients.dynamodb.describe_table(TableName=self.address.table)["Table"]
        try:
            return Layout.read(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", ()))
        except StrangeLayoutError as error:
            raise BackendError(
                f"the table {self.address.table!r} cannot be used: {error}; nothing was changed"
            ) from error

    def insert(self, params: InsertParams, *, id: int, now: int, run_at: int, hinted: bool) -> Record | None:
        """The new record; None if another has its id."""
        layout = self.layout
        token = secrets.token_bytes(8)
        if items.stands_apart(params):
            # First, so that no record is ever without its payload. Left alone, it is what `clean` removes.
            began = monotonic()
            payload = items.encode_all({"id": id, "part": PAYLOAD, "payload": params.payload, "token": token})
            if not self._put(payload, token):
                return None
            if monotonic() - began > _LONGEST_INSERT:
                raise BackendUnavailableError(f"inserting took longer than {_LONGEST_INSERT} s and was given up")
        item = items.new_job(params, id=id, now=now, run_at=run_at, layout=layout, token=token)
        if hinted:
            item["hint"] = items.encode(1)
        return items.read_record(item, params.payload) if self._put(item, token) else None

    def _put(self, item: Item, token: bytes) -> bool:
        """Whether the item was put by this call, be it by a request whose answer was lost."""
        try:
            with translated(self.address, "inserting"):
                self._clients.dynamodb.put_item(
                    TableName=self.address.table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except BackendError as error:
            found = self._refusal(error, item)
            return found is not None and found["token"]["B"] == token
        return True

    def claim(self, id: int, *, now: int, lease_end: int, clock: int) -> Record | Refused:
        """Makes the record running if it is due at `now`."""
        token = secrets.token_bytes(8)

        def change(seen: int) -> Change:
            return Change(
                set={"state": State.RUNNING.value, "lease": lease_end, "token": token, "seen": seen},
                condition=f"(({_WAITING}) OR ({_ENDED})) AND {_UNMOVED}",
                values={**_STATES, "now": now},
                raises="attempt",
            )

        found = self._transition(id, change, clock, lambda item: _is_due(item, now))
        if isinstance(found, Refused):
            if found.item is None or found.item["token"]["B"] != token:
                return found
            found = found.item  # the answer to the request that did it was lost
        return self.read(found)

    def finish(self, id: int, attempt: int, outcome: State, *, clock: int, change: Mapping[str, Value | None]) -> None:
        """Moves the record that the claim holds to `outcome`, with what `change` sets or (None) removes."""
        sets = {name: value for name, value in change.items() if value is not None}
        removed = tuple(name for name in ("lease", *change) if name not in sets)

        def make(seen: int) -> Change:
            return Change(
                set={"state": outcome.value, **sets, "seen": seen},
                remove=removed,
                condition=f"{_HELD} AND {_UNMOVED}",
                values={"running": State.RUNNING.value, "attempt": attempt},
            )

        found = self._transition(id, make, clock, lambda item: _is_held(item, attempt))
        if isinstance(found, Refused) and not _shows(found.item, outcome, attempt):
            raise _lost(id, attempt, found.item)

    def extend(self, id: int, attempt: int, lease_end: int) -> None:
        """Moves the end of the lease that the claim holds."""
        held: dict[str, Value] = {"running": State.RUNNING.value, "attempt": attempt}
        later = Change(
            set={"lease": lease_end},
            condition=f"{_HELD} AND #slot <= :lease",
            values=held,
        )
        found = self._update(id, later, "extending")
        if isinstance(found, Refused) and _is_held(found.item, attempt):
            # A lease that ends before the slot: the index would not be looked at in time.
            earlier = Change(set={"lease": lease_end, "slot": lease_end}, condition=_HELD, values=held)
            found = self._update(id, earlier, "extending")
        if isinstance(found, Refused):
            raise _lost(id, attempt, found.item)

    def delete(self, item: Item, before: int) -> bool:
        """Deletes a finished job not updated since, and its payload; whether it was still so."""
        id = items.integer(item, "id")
        try:
            with translated(self.address, "pruning"):
                self._clients.dynamodb.delete_item(
                    TableName=self.address.table,
                    Key=items.key(id),
                    ConditionExpression="seen < :before AND attribute_not_exists(shelf)",
                    ExpressionAttributeValues=items.encode_all({":before": before}),
                )
        except BackendError as error:
            if _failed_condition(error):
                return False
            raise
        if "size" in item:
            self.delete_payload(id)
        return True

    def delete_payload(self, id: int) -> None:
        with translated(self.address, "deleting a payload"):
            self._clients.dynamodb.delete_item(TableName=self.address.table, Key=items.key(id, PAYLOAD))

    def get(self, id: int, part: str = JOB) -> Item | None:
        """The item as the last acknowledged write left it."""
        with translated(self.address, "reading"):
            answer = self._clients.dynamodb.get_item(
                TableName=self.address.table, Key=items.key(id, part), ConsistentRead=True
            )
        found: Item | None = answer.get("Item")
        return found

    def read(self, item: Item) -> Record:
        """The record of a job's item, with its payload."""
        if "size" not in item:
            return items.read_record(item)
        found = self.get(items.integer(item, "id"), PAYLOAD)
        if found is None:
            raise BackendError(
                f"the payload of record {item['id']['N']} is gone from {self.address.table}; who deleted it?"
            )
        return items.read_record(item, found["payload"]["B"])

    def scan(self, **params: Any) -> Iterator[Item]:
        """All items that a Scan with `params` finds, by what was acknowledged before."""
        yield from self._pages("scan", ConsistentRead=True, **params)

    def query(self, index: str, **params: Any) -> Iterator[Item]:
        """All items that a Query of an index finds, in the index's order, perhaps a moment behind the table."""
        yield from self._pages("query", IndexName=index, **params)

    def _pages(self, verb: str, **params: Any) -> Iterator[Item]:
        """All items of all pages; a `Limit` is that of the first page, and the later ones are larger."""
        while True:
            with translated(self.address, "reading"):
                page = getattr(self._clients.dynamodb, verb)(TableName=self.address.table, **params)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            params["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            if "Limit" in params:
                params["Limit"] = min(4 * params["Limit"], _LARGEST_PAGE)

    def get_many(self, keys: list[dict[str, Any]]) -> Iterator[Item]:
        """The items of those keys that there are, as the last acknowledged writes left them, in no order."""
        table = self.address.table
        for begin in range(0, len(keys), 100):
            asked: dict[str, Any] = {table: {"Keys": keys[begin : begin + 100], "ConsistentRead": True}}
            while asked:
                with translated(self.address, "reading"):
                    answer = self._clients.dynamodb.batch_get_item(RequestItems=asked)
                yield from answer["Responses"].get(table, ())
                asked = answer.get("UnprocessedKeys") or {}

    def _transition(
        self, id: int, make: Callable[[int], Change], clock: int, allowed: Callable[[Item], bool]
    ) -> Item | Refused:
        """An update that also moves `seen` to the clock, or leaves it where it is while the clock is behind it.

        If the condition failed although what it found is `allowed`, then only the clock was behind.
        """
        found = self._update(id, make(clock), "a transition")
        for _ in range(_ROUNDS):
            if not isinstance(found, Refused) or found.item is None or not allowed(found.item):
                break
            found = self._update(id, make(max(clock, items.integer(found.item, "seen"))), "a transition")
        return found

    def _update(self, id: int, change: Change, doing: str) -> Item | Refused:
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in change.set)
        values = {**change.values, **change.set}
        if change.raises:
            expression += f", #{change.raises} = #{change.raises} + :one"
            values["one"] = 1
        if change.remove:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in change.remove)
        try:
            with translated(self.address, doing):
                answer = self._clients.dynamodb.update_item(
                    TableName=self.address.table,
                    Key=items.key(id),
                    UpdateExpression=expression,
                    ConditionExpression=change.condition,
                    ExpressionAttributeNames={
                        f"#{name}": name for name in _NAME.findall(expression + change.condition)
                    },
                    ExpressionAttributeValues={f":{name}": items.encode(value) for name, value in values.items()},
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except BackendError as error:
            return Refused(self._refusal(error, items.key(id)))
        attributes: Item = answer["Attributes"]
        return attributes

    def _refusal(self, error: BackendError, item: Item) -> Item | None:
        """What made a condition fail; raises `error` again if it is none of a condition."""
        if not _failed_condition(error):
            raise error
        assert isinstance(error.__cause__, ClientError)
        found: Item | None = error.__cause__.response.get("Item")
        # Not every emulator tells what it found, and without an item there is nothing to tell.
        return found or self.get(items.integer(item, "id"), item["part"]["S"])


def _failed_condition(error: BackendError) -> bool:
    return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == CONDITION_FAILED


def _is_due(item: Item, now: int) -> bool:
    due = items.due_time(item)
    return due is not None and due <= now


def _is_held(item: Item | None, attempt: int) -> bool:
    return _shows(item, State.RUNNING, attempt)


def _shows(item: Item | None, state: State, attempt: int) -> bool:
    return item is not None and item["state"]["S"] == state and items.integer(item, "attempt") == attempt


def _lost(id: int, attempt: int, item: Item | None) -> ClaimLostError:
    found = "no such record" if item is None else f"{item['state']['S']}, attempt {item['attempt']['N']}"
    return ClaimLostError(id, attempt, found)
