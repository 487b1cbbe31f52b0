"""A quick look at a job and at what a worker would read back: what there is to compare is known from the field types.

`True` is certain. `False` only says that it takes a `Comparison` to tell, which also finds the place.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import timedelta
from types import NoneType
from typing import Any, get_origin
from uuid import UUID

from msgspec import inspect

from lazyjobs.jobs._parts import find_fields
from lazyjobs.jobs._plain import REAL

Look = Callable[[Any, Any], bool]
_WithFields = inspect.StructType | inspect.DataclassType

_KINDS: dict[type[inspect.Type], type[Any]] = {
    inspect.StrType: str,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.BoolType: bool,
    inspect.BytesType: bytes,
    inspect.NoneType: NoneType,
    inspect.UUIDType: UUID,
    inspect.DateType: REAL.date,
    inspect.TimeDeltaType: timedelta,
}
"""Those of `EXACT`, by the type of a field."""


def choose_look(info: inspect.Type, otherwise: Look) -> Look:
    """What compares a value with what was decoded as that type; `otherwise` compares those that are not simple."""
    return _Looks(otherwise).choose(info)


class _Looks:
    def __init__(self, otherwise: Look) -> None:
        self._otherwise = otherwise
        self._made: dict[int, Look] = {}

    def choose(self, info: inspect.Type) -> Look:
        match info:
            case inspect.Metadata(type=inner):
                return self.choose(inner)
            case inspect.EnumType():
                return operator.is_
            case inspect.DateTimeType():
                return _same_datetime
            case inspect.StructType() | inspect.DataclassType():
                return self._choose_once(info)
            case inspect.ListType(item_type=item):
                return self._choose_of_items(list, item)
            case inspect.VarTupleType(item_type=item):
                return self._choose_of_items(tuple, item)
            case inspect.SetType(item_type=item) if len(_kinds(item)) == 1:
                return _all_exact(set, *_kinds(item))
            case inspect.FrozenSetType(item_type=item) if len(_kinds(item)) == 1:
                return _all_exact(frozenset, *_kinds(item))
            case inspect.DictType(key_type=key, value_type=value) if len(_kinds(key)) == 1:
                return _by_key(next(iter(_kinds(key))), self._choose_of_items(list, value))
            case inspect.UnionType(types=items) if not _kinds(info):
                some = [each for each in items if not isinstance(each, inspect.NoneType)]
                return _or_none(self.choose(some[0])) if len(some) == 1 else self._otherwise
        return _same_exact if _kinds(info) else self._otherwise

    def _choose_of_items(self, cls: type, item: inspect.Type) -> Look:
        return _all_exact(cls, *_kinds(item)) if len(_kinds(item)) == 1 else _in_turn(cls, self.choose(item))

    def _choose_once(self, info: _WithFields) -> Look:
        if id(info) not in self._made:
            self._made[id(info)] = self._otherwise  # for a class that holds itself
            self._made[id(info)] = self._choose_of_class(info)
        return self._made[id(info)]

    def _choose_of_class(self, info: _WithFields) -> Look:
        cls = get_origin(info.cls) or info.cls
        fields, names = find_fields(cls), {each.name for each in info.fields}
        if fields is None or fields.rest or fields.rebuilt or set(fields.names) != names:
            return self._otherwise
        exact = {each.name: _kinds(each.type) for each in info.fields if _kinds(each.type)}
        others = [(each.name, self.choose(each.type)) for each in info.fields if each.name not in exact]
        return _by_fields(cls, exact, others)


def _kinds(info: inspect.Type) -> frozenset[type]:
    """The classes of what is decoded as that type, if two values of one class are the same when equal; else none."""
    if isinstance(info, inspect.Metadata):
        return _kinds(info.type)
    if isinstance(info, inspect.UnionType):
        each = [_kinds(item) for item in info.types]
        return frozenset[type]().union(*each) if all(each) else frozenset()
    kind = _KINDS.get(type(info))
    return frozenset({kind}) if kind else frozenset()


def _same_exact(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _same_datetime(one: Any, other: Any) -> bool:
    # Two zones may call one instant by two hours, which is for the comparison to see.
    return type(one) is REAL.datetime and one.tzinfo is other.tzinfo and bool(one == other)


def _or_none(look: Look) -> Look:
    return lambda one, other: one is other or (one is not None and other is not None and look(one, other))


def _all_exact(cls: type[Any], kind: type) -> Look:
    def same(one: Any, other: Any) -> bool:
        if type(one) is not cls:
            return False
        return list(map(type, one)).count(kind) == len(one) and bool(one == other)

    return same


def _in_turn(cls: type[Any], look: Look) -> Look:
    def same(one: Any, other: Any) -> bool:
        return type(one) is cls and len(one) == len(other) and all(map(look, one, other))

    return same


def _by_key(kind: type, look: Look) -> Look:
    """`look` compares the lists of values."""

    def same(one: Any, other: Any) -> bool:
        if type(one) is not dict or list(map(type, one)).count(kind) != len(one) or list(one) != list(other):
            return False
        return look(list(one.values()), list(other.values()))

    return same


def _by_fields(cls: type, exact: dict[str, frozenset[type]], others: list[tuple[str, Look]]) -> Look:
    get = operator.attrgetter("__class__", *exact)  # a tuple, whatever the number of fields
    kinds = [type(cls), *(next(iter(each)) for each in exact.values())]
    are_known = all(len(each) == 1 for each in exact.values())

    def same(one: Any, other: Any) -> bool:
        if type(one) is not cls:
            return False
        given, back = get(one), get(other)
        if given != back or list(map(type, given)) != (kinds if are_known else list(map(type, back))):
            return False
        return not others or all(look(getattr(one, name), getattr(other, name)) for name, look in others)

    return same
