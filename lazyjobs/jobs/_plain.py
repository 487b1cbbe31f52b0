"""Values whose class only derives from one that JSON or msgspec knows, as what they are underneath."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec


def _real(cls: type) -> type[Any]:
    """`cls` as the interpreter made it, though a library that freezes time stands in its place at the moment."""
    return next(base for base in cls.__mro__ if base.__module__ == "datetime")


DATETIME, DATE, TIME, TIMEDELTA = _real(datetime), _real(date), _real(time), _real(timedelta)


def _plain_datetime(value: Any) -> object:
    return DATETIME.combine(_plain_date(value), _plain_time(value))


def _plain_date(value: Any) -> object:
    return DATE(value.year, value.month, value.day)


def _plain_time(value: Any) -> object:
    return TIME(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)


_MAKE: Mapping[type[Any], Callable[[Any], object]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    bytes: lambda value: bytes(memoryview(value)),
    bytearray: lambda value: bytearray(memoryview(value)),
    DATETIME: _plain_datetime,
    DATE: _plain_date,
    TIME: _plain_time,
    TIMEDELTA: lambda value: TIMEDELTA.__add__(value, TIMEDELTA(0)),
    Decimal: Decimal,
    UUID: lambda value: UUID(int=value.int),
}
_SAMPLES: Mapping[type[Any], object] = {
    DATETIME: DATETIME(2000, 1, 1, tzinfo=UTC),
    DATE: DATE(2000, 1, 1),
    TIME: TIME(0),
    TIMEDELTA: TIMEDELTA(0),
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
    return base in _SAMPLES and isinstance(_SAMPLES[base], cls)


def read_plain(cls: type, value: object) -> object:
    """What JSON holds, as the class for which `cls` stands; raises TypeError for a class that stands for none."""
    base = plain_base(cls)
    if base is None:
        raise TypeError(f"{cls.__qualname__} objects cannot be read from JSON")
    return msgspec.convert(value, base)
