"""Values whose class only derives from one that JSON or msgspec knows, as what they are underneath."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec


def _real(cls: type) -> type[Any]:
    """`cls` as the interpreter made it, though a library that freezes time stands in its place at the moment."""
    return next(base for base in cls.__mro__ if base.__module__ == "datetime")


class _Real(NamedTuple):
    datetime: type[Any] = _real(datetime)
    date: type[Any] = _real(date)


REAL = _Real()
"""The classes themselves. Not by names of this module, for those are what such a library puts its own behind."""


def _plain_datetime(value: Any) -> object:
    return REAL.datetime.combine(_plain_date(value), _plain_time(value))


def _plain_date(value: Any) -> object:
    return REAL.date(value.year, value.month, value.day)


def _plain_time(value: Any) -> object:
    return time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)


_MAKE: Mapping[type[Any], Callable[[Any], object]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    bytes: lambda value: bytes(memoryview(value)),
    bytearray: lambda value: bytearray(memoryview(value)),
    REAL.datetime: _plain_datetime,
    REAL.date: _plain_date,
    time: _plain_time,
    timedelta: lambda value: timedelta(value.days, value.seconds, value.microseconds),
    Decimal: Decimal,
    UUID: lambda value: UUID(int=value.int),
}
_SAMPLES: Mapping[type[Any], object] = {
    REAL.datetime: REAL.datetime(2000, 1, 1, tzinfo=UTC),
    REAL.date: REAL.date(2000, 1, 1),
    time: time(0),
    timedelta: timedelta(0),
}


def plain_base(cls: type) -> type[Any] | None:
    """The class that msgspec knows and `cls` derives from, or is; None if there is none."""
    return next((base for base in cls.__mro__ if base in _MAKE), None)


def make_plain(value: object) -> object:
    """`value`, of a class that derives from one that msgspec knows, as one of that; raises TypeError for others."""
    base = plain_base(type(value))
    if base is None:
        raise TypeError(f"{type(value).__qualname__} objects cannot be stored as JSON")
    return _MAKE[base](value)


def stands_for_base(cls: type) -> bool:
    """Whether every datetime, date … is an instance of `cls`, as of the classes of libraries that freeze time."""
    base = plain_base(cls)
    return base is not None and base in _SAMPLES and isinstance(_SAMPLES[base], cls)


def read_plain(cls: type, value: object) -> object:
    """What JSON holds, as the class for which `cls` stands; raises TypeError for a class that stands for none."""
    base = plain_base(cls)
    if base is None:
        raise TypeError(f"{cls.__qualname__} objects cannot be read from JSON")
    return msgspec.convert(value, base)
