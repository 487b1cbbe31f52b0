"""The checks that parameter objects make when they are built."""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from lazyjobs.contract._records import State

MAX_ID = 2**63 - 1
MAX_ATTEMPTS = 2**31 - 1
MAX_LEASE = timedelta(days=366)
MAX_DEPTH = 500

_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
_NO_TIME = timedelta(0)


def check_name(field: str, value: object) -> None:
    """Raises unless `value` can be a kind or a queue: 1 to 100 of `A-Z a-z 0-9 . _ : / -`."""
    if not isinstance(value, str):
        raise TypeError(f"{field} must be a str, not {type(value).__name__}")
    if not _is_name(value):
        raise ValueError(f"{field} must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -, not {_short(value)}")


def check_worker(field: str, value: object) -> None:
    """Raises unless `value` can name a worker: 0 to 100 of the characters of a kind."""
    if not isinstance(value, str):
        raise TypeError(f"{field} must be a str, not {type(value).__name__}")
    if value and not _is_name(value):
        raise ValueError(f"{field} must be 0 to 100 characters of A-Z a-z 0-9 . _ : / -, not {_short(value)}")


def check_flag(field: str, value: object) -> None:
    """Raises unless `value` is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{field} must be a bool, not {type(value).__name__}")


@lru_cache(maxsize=1024)
def _is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None


def check_integer(field: str, value: object, low: int, high: int) -> None:
    """Raises unless `value` is an int, no bool, from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{field} must be an int, not {type(value).__name__}")
    if not low <= value <= high:
        raise ValueError(f"{field} must be from {low} to {high}, not {_short(value)}")


def check_text(field: str, value: object) -> None:
    """Raises unless `value` is a str; any string will do."""
    if not isinstance(value, str):
        raise TypeError(f"{field} must be a str, not {type(value).__name__}")


def check_queues(field: str, value: object) -> tuple[str, ...]:
    """`value`, each name once and plain; raises unless it is a non-empty tuple of queue names."""
    if not isinstance(value, tuple):
        raise TypeError(f"{field} must be a tuple of queue names, not {type(value).__name__}")
    if not value:
        raise ValueError(f"{field} must name at least one queue")
    for name in value:
        check_name(field, name)
    return tuple(dict.fromkeys(map(str.__str__, value)))


def check_duration(field: str, value: object, *, most: timedelta, zero: bool = False) -> None:
    """Raises unless `value` is a timedelta above zero (or zero, where allowed) and at most `most`."""
    if not isinstance(value, timedelta):
        raise TypeError(f"{field} must be a timedelta, not {type(value).__name__}")
    if value < _NO_TIME or value > most or (not zero and not value):
        raise ValueError(f"{field} must be {'at least' if zero else 'more than'} 0 and at most {most}, not {value}")


def check_time(field: str, value: object) -> datetime:
    """`value` in UTC; raises unless it is an aware datetime of the years 1970 to 2200."""
    if not isinstance(value, datetime):
        raise TypeError(f"{field} must be a datetime, not {type(value).__name__}")
    if value.tzinfo is not UTC:
        if value.utcoffset() is None:
            raise ValueError(f"{field} must be aware, such as datetime.now(UTC), not the naive {value}")
        try:
            value = value.astimezone(UTC)
        except OverflowError:
            raise ValueError(f"{field} must be in the years 1970 to 2200, not {value}") from None
    if type(value) is not datetime:
        value = datetime.combine(value.date(), value.time(), UTC)
    if not 1970 <= value.year <= 2200:
        raise ValueError(f"{field} must be in the years 1970 to 2200, not {value}")
    return value


def check_payload(field: str, value: object) -> None:
    """Raises unless `value` is bytes that `msgspec.json.decode` accepts, nested at most 500 deep."""
    if not isinstance(value, bytes):
        raise TypeError(f"{field} must be bytes, not {type(value).__name__}")
    try:
        content = msgspec.json.decode(value)
    except RecursionError:
        raise ValueError(f"{field} is nested more than {MAX_DEPTH} deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{field} is not JSON: {error}") from error
    if value.count(b"[") + value.count(b"{") > MAX_DEPTH and _depth(content) > MAX_DEPTH:
        raise ValueError(f"{field} is nested more than {MAX_DEPTH} deep")


def _depth(content: object) -> int:
    depth, level = 0, [content]
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth


def make_plain(value: str | bytes) -> str | bytes:
    """`value` as exactly a str or bytes."""
    return str.__str__(value) if isinstance(value, str) else bytes(memoryview(value))


def check_states(field: str, value: object) -> frozenset[State]:
    """`value` as a frozenset; raises unless it is a collection, and no bare string, of states or their words."""
    members = _check_collection(field, value)
    try:
        return frozenset(State(member) for member in members)
    except ValueError as error:
        raise ValueError(f"{field} must be some of {', '.join(State)}: {error}") from None


def check_names(field: str, value: object) -> frozenset[str]:
    """`value` as a frozenset of plain names; raises unless it is a collection, and no bare string, of names."""
    names = _check_collection(field, value)
    for name in names:
        check_name(field, name)
    return frozenset(map(str.__str__, names))


def check_place(field: str, value: object) -> tuple[datetime, int]:
    """`value`, its time in UTC; raises unless it is `(time, id)`, an aware time and an id from 0 on."""
    if not isinstance(value, tuple):
        raise TypeError(f"{field} must be a tuple (updated_at, id), not {type(value).__name__}")
    if len(value) != 2:
        raise ValueError(f"{field} must be a tuple (updated_at, id), not one of {len(value)}")
    time, id = value
    check_integer(f"{field}[1], an id,", id, 0, MAX_ID)
    return check_time(f"{field}[0], a time,", time), int(id)


def _check_collection(field: str, value: object) -> Collection[Any]:
    if isinstance(value, str | bytes) or not isinstance(value, Collection):
        raise TypeError(f"{field} must be a set, tuple or list, not {type(value).__name__}")
    return value


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or value.bit_length() < 1000 else "a huge number"
    return text if len(text) <= 120 else text[:117] + "..."
