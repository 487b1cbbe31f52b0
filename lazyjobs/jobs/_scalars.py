"""Compares single values of built-in classes, and of classes that derive from them, with what would come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from decimal import Decimal
from math import isfinite, isnan
from types import NoneType
from typing import Any
from uuid import UUID

from lazyjobs.jobs._plain import REAL, make_plain, plain_base

EXACT = frozenset({str, int, bool, float, bytes, NoneType, UUID, REAL.date, timedelta})
"""Classes whose instances are the same if they are equal."""

_CHANGED = "the value would not come back as it was given"
_ZONE = "the time zone would not come back as it was given"
_NOT_FINITE = "NaN and infinity cannot be stored as JSON"
_EXACT_FLOATS = 2**53

Compare = Callable[[Any, Any], str]


def other_class(given: object, back: object) -> str:
    """What is said of a value that would come back as one of another class."""
    return f"`{type(given).__qualname__}` would arrive as `{type(back).__qualname__}`"


def says(given: object, other: object) -> object:
    """What `given == other` gives; None if it raises."""
    try:
        return given == other
    except Exception:
        return None


def find_scalar(cls: type) -> Compare | None:
    """What tells why a value of `cls` would not come back, "" if it would; None if `cls` holds more than one value."""
    return _COMPARE.get(cls) or _COMPARE.get(plain_base(cls) or cls)


def _by(base: type[Any], explain: Compare) -> Compare:
    """Compares what is underneath, and believes a class that derives from `base` when it says that they differ."""

    def compare(given: Any, back: Any) -> str:
        cls = type(given)
        if type(back) is not base and type(back) is not cls:
            return other_class(given, back)
        if cls is base:
            return explain(given, back)
        own = cls.__eq__ is not base.__eq__
        return _CHANGED if own and says(given, back) is False else explain(make_plain(given), make_plain(back))

    return compare


def _explain_equal(given: object, back: object) -> str:
    return "" if given == back else _CHANGED


def _compare_bools(given: bool, back: object) -> str:
    return other_class(given, back) if type(back) is not bool else _explain_equal(given, back)


def _compare_none(given: None, back: object) -> str:
    return "" if back is None else other_class(given, back)


def _compare_ints(given: int, back: object) -> str:
    if type(back) is float and abs(given) <= _EXACT_FLOATS:
        return _explain_equal(float(given), back)  # a field of floats takes an int
    return _plain_ints(given, back)


def _compare_floats(given: float, back: object) -> str:
    if back is None and not isfinite(given):
        return _NOT_FINITE
    return _plain_floats(given, back)


def _explain_floats(given: float, back: float) -> str:
    return "" if given == back or (isnan(given) and isnan(back)) else _CHANGED


def _explain_times(given: Any, back: Any) -> str:
    if given.tzinfo is back.tzinfo and given == back:
        return ""
    # By the clock on the wall and the offset, not by `==`: that one calls an hour which comes twice unequal to itself.
    if given.utcoffset() != back.utcoffset() or (given.tzinfo is None) is not (back.tzinfo is None):
        return _ZONE
    return _explain_equal(given.replace(tzinfo=None, fold=0), back.replace(tzinfo=None, fold=0))


def _explain_decimals(given: Decimal, back: Decimal) -> str:
    return "" if given.as_tuple() == back.as_tuple() else _CHANGED


def _compare_views(given: memoryview, back: object) -> str:
    if not isinstance(back, memoryview):
        return other_class(given, back)
    same = (given.format, given.shape, given.tobytes()) == (back.format, back.shape, back.tobytes())
    return "" if same else _CHANGED


_plain_ints = _by(int, _explain_equal)
_plain_floats = _by(float, _explain_floats)
_COMPARE: dict[type[Any], Compare] = {
    bool: _compare_bools,
    NoneType: _compare_none,
    memoryview: _compare_views,
    int: _compare_ints,
    float: _compare_floats,
    REAL.datetime: _by(REAL.datetime, _explain_times),
    time: _by(time, _explain_times),
    Decimal: _by(Decimal, _explain_decimals),
    **{base: _by(base, _explain_equal) for base in (str, bytes, bytearray, REAL.date, timedelta, UUID)},
}
