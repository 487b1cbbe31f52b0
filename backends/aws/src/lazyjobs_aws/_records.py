"""Items read as records. Anything may stand in a table that others can write to, so nothing of it is believed."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from lazyjobs import BackendError, Record, State
from lazyjobs_aws._items import Item
from lazyjobs_aws._times import from_microseconds

T = TypeVar("T")

LARGEST = 2**63 - 1
"""The largest id, and the largest attempt."""
_LONGEST_SHOWN = 60


class UnreadableItemError(BackendError):
    """An item that no lazyjobs wrote like that; it names the item and what is wrong with it."""


class PayloadGoneError(BackendError):
    """A record whose payload is not there; it names the record."""


def integer(item: Item, name: str, least: int = -LARGEST, most: int = LARGEST) -> int:
    """A whole number of an item, within those bounds."""
    with _naming(item, name):
        value = int(item[name]["N"])
        if not least <= value <= most:
            raise ValueError
        return value


def text(item: Item, name: str) -> str:
    with _naming(item, name):
        value: str = item[name]["S"]
        return value


def moment(item: Item, name: str) -> datetime:
    with _naming(item, name):
        return from_microseconds(int(item[name]["N"]))


def microseconds(item: Item, name: str) -> int:
    """A time of an item."""
    moment(item, name)
    return integer(item, name)


def state_of(item: Item) -> State:
    with _naming(item, "state"):
        return State(item["state"]["S"])


def job_id(item: Item) -> int:
    return integer(item, "id", 1)


@contextmanager
def _naming(item: Item, name: str) -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise UnreadableItemError(f"the item of record {_show_id(item)} cannot be read: {_show(item, name)}") from error


def _show_id(item: Item) -> str:
    return str(item.get("id", {}).get("N", "?"))


def _show(item: Item, name: str) -> str:
    if name not in item:
        return f"it has no {name}"
    return f"its {name} is {str(item[name])[:_LONGEST_SHOWN]}"


def read_record(item: Item, payload: bytes | None = None) -> Record:
    """The record of a job's item; `payload` is that of its other item, where it has one.

    Raises `UnreadableItemError`, or `PayloadGoneError` if that alone is missing.
    """
    running = state_of(item) is State.RUNNING
    return Record(
        id=job_id(item),
        kind=text(item, "kind"),
        queue=text(item, "queue"),
        state=state_of(item),
        attempt=integer(item, "attempt", 0),
        max_attempts=integer(item, "most", 1),
        run_at=moment(item, "run_at"),
        created_at=moment(item, "made"),
        updated_at=moment(item, "seen"),
        lease_expires_at=moment(item, "lease") if running else None,
        last_error=text(item, "error") if "error" in item else "",
        abandoned=integer(item, "abandoned", 0) if "abandoned" in item else 0,
        claimed_by=text(item, "claimed_by") if "claimed_by" in item else "",
        taken_from=text(item, "taken_from") if "taken_from" in item else None,
        spared=integer(item, "spared", 0) if "spared" in item else 0,
        payload=read_payload(item) if payload is None else payload,
    )


def read_payload(item: Item) -> bytes:
    """The payload that stands in an item."""
    value: Any = item.get("payload", {}).get("B")
    if not isinstance(value, bytes):
        raise PayloadGoneError(f"the payload of record {_show_id(item)} is gone; who deleted it?")
    return value


def due_time(item: Item) -> int | None:
    """When the job is due, in microseconds; None once it has finished."""
    state = state_of(item)
    if state is State.RUNNING:
        return integer(item, "lease")
    return integer(item, "run_at") if state in (State.PENDING, State.RETRYING) else None


def check_claimable(item: Item) -> None:
    """Raises `UnreadableItemError` for an item that would never leave the index of what is due.

    Beside what cannot be read that is one which has finished, or which is due later than its slot says.
    """
    read_record(item, b"")
    if "shelf" not in item:
        return
    waits, slot = state_of(item) in (State.PENDING, State.RETRYING), integer(item, "slot")
    if due_time(item) is None or (waits and slot != integer(item, "run_at")):
        raise UnreadableItemError(
            f"the item of record {_show_id(item)} cannot be right: it is {text(item, 'state')}, and its slot is {slot}"
        )
    if integer(item, "attempt") == LARGEST:
        raise UnreadableItemError(f"the item of record {_show_id(item)} cannot be claimed: {_show(item, 'attempt')}")


def readable(
    items: Iterable[Item], read: Callable[[Item], T], tell: Callable[[UnreadableItemError], None]
) -> Iterator[T]:
    """What `read` makes of each item; an item that it cannot read is told of and left out."""
    for item in items:
        try:
            yield read(item)
        except UnreadableItemError as error:
            tell(error)
