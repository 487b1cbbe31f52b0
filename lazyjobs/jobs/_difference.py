"""Compares a job with what a worker would read back, by its fields and not by anybody's `__eq__`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from lazyjobs.jobs._parts import Fields, find_fields
from lazyjobs.jobs._plain import plain_base
from lazyjobs.jobs._pydantic import generic_origin
from lazyjobs.jobs._scalars import EXACT, find_scalar, other_class, says

Place = tuple["Place | None", str | int]
"""Where a value stands: in what, and under which name or at which index there."""
Pair = tuple[Any, Any, "Place | None"]
Compare = Callable[[Any, Any, "Place | None"], Iterable[Pair]]

_CONTAINERS = (dict, list, tuple, set, frozenset)


class DifferenceError(Exception):
    """Something would not come back as it was given; the text names the place and never the value."""

    def __init__(self, place: Place | None, reason: str) -> None:
        path = ""
        while place is not None:
            place, part = place
            path = f"{f'[{part}]' if isinstance(part, int) else part}{path}"
        super().__init__(f"{reason} - at `${path}`" if path else reason)


class Comparison:
    """Compares jobs of one class; remembers how each class that it meets is compared. Thread-safe."""

    def __init__(self, is_faithful: Callable[[object, Any], bool]) -> None:
        """`is_faithful` tells whether a value, alone in a field with the annotation given, would come back."""
        self._is_faithful = is_faithful
        self._by_class: dict[type, Compare] = {}

    def check(self, given: object, back: object) -> None:
        """Raises `DifferenceError`, naming the place, unless `back` is what was `given`."""
        pairs: list[Pair] = [(given, back, None)]
        by_class = self._by_class
        while pairs:  # not by recursion, as payloads may be nested deeper than Python's stack
            one, other, place = pairs.pop()
            if one is not other:
                compare = by_class.get(type(one)) or self._learn(type(one))
                pairs.extend(compare(one, other, place))

    def same(self, given: object, back: object) -> bool:
        """Whether `back` is what was `given`."""
        try:
            self.check(given, back)
        except DifferenceError:
            return False
        return True

    def _learn(self, cls: type) -> Compare:
        return self._by_class.setdefault(cls, self._choose(cls))

    def _choose(self, cls: type) -> Compare:
        if issubclass(cls, Enum):
            return _compare_enums
        if (fields := find_fields(cls)) is not None:
            return self._compare_fields(cls, fields)
        if (scalar := find_scalar(cls)) is not None:
            return _compare_scalars(scalar)
        for base in cls.__mro__:
            if base in _CONTAINERS:
                return (
                    self._compare_sets
                    if base in (set, frozenset)
                    else _compare_dicts
                    if base is dict
                    else _compare_items
                )
        return self._compare_others

    def _compare_fields(self, cls: type, fields: Fields) -> Compare:
        names, read, rest, exact = fields.names, fields.read, fields.rest, EXACT
        origin = generic_origin(cls)

        def compare(given: Any, back: Any, place: Place | None) -> Iterable[Pair]:
            if type(back) is not cls and generic_origin(type(back)) is not origin:
                raise DifferenceError(place, other_class(given, back))
            pairs: list[Pair] = []
            for name in names:
                one, other = read(given, name), read(back, name)
                if one is not other:
                    kind = type(one)
                    if not (kind is type(other) and kind in exact and one == other):
                        pairs.append((one, other, (place, f".{name}")))
            if rest is not None:
                pairs += [
                    (one, other, (place, part)) for one, other, part in rest(given, back) if self._are_known(one, other)
                ]
            return [each for each in pairs if self._is_lost(fields, each)] if fields.rebuilt else pairs

        return compare

    def _is_lost(self, fields: Fields, pair: Pair) -> bool:
        """Whether a field differs, and not because of what its class does whenever it is built."""
        given, back, place = pair
        hint = fields.rebuilt.get(str(place[1])[1:]) if place else None
        return not self.same(given, back) and not (hint is not None and self._is_faithful(given, hint))

    def _are_known(self, one: object, other: object) -> bool:
        """False for two of which nothing is known, such as locks: each model makes its own."""
        return type(one) is not type(other) or self._learn(type(one)) != self._compare_others

    def _compare_sets(self, given: Any, back: Any, place: Place | None) -> Iterable[Pair]:
        _check_container(given, back, place)
        left: dict[int, list[object]] = {}
        for other in back:
            left.setdefault(hash(other), []).append(other)
        for one in given:
            alike = left.get(hash(one), [])
            found = next((index for index, other in enumerate(alike) if self.same(one, other)), None)
            if found is None:
                raise DifferenceError(place, "one of the members would not come back as it was given")
            del alike[found]
        return ()

    def _compare_others(self, given: Any, back: Any, place: Place | None) -> Iterable[Pair]:
        """Those of a class of which nothing is known: by what they hold, else by an `__eq__` that can say no."""
        if type(given) is not type(back):
            raise DifferenceError(place, other_class(given, back))
        held = _state(given)
        if held is not None and self.same(held, _state(back)):
            return ()
        if says(given, back) is not True or says(given, object()) is True:
            raise DifferenceError(place, f"this `{type(given).__qualname__}` would not come back as it was given")
        return ()


def _state(value: object) -> object:
    try:
        return object.__getstate__(value)
    except TypeError:  # what it holds is not Python's to see
        return None


def _check_container(given: Any, back: Any, place: Place | None) -> None:
    """Raises unless `back` has as many members, and is of the same class or of the built-in one underneath."""
    cls = type(back)
    if cls is not type(given) and not (cls in _CONTAINERS and isinstance(given, cls)):
        raise DifferenceError(place, other_class(given, back))
    if len(given) != len(back):
        raise DifferenceError(place, f"{len(given)} members would arrive as {len(back)}")


def _have_plain_kinds(given: Iterable[Any], back: Iterable[Any]) -> bool:
    """Whether all are of the simplest classes, the same ones in the same order; False says nothing."""
    kinds = set(map(type, given))
    if not kinds <= EXACT:
        return False
    if len(kinds) == 1:
        return set(map(type, back)) == kinds
    return list(map(type, given)) == list(map(type, back))


def _compare_scalars(explain: Callable[[Any, Any], str]) -> Compare:
    def compare(given: Any, back: Any, place: Place | None) -> Iterable[Pair]:
        if reason := explain(given, back):
            raise DifferenceError(place, reason)
        return ()

    return compare


def _compare_enums(given: Enum, back: Any, place: Place | None) -> Iterable[Pair]:
    if type(back) is type(given):
        return [(given.value, back.value, place)]
    if plain_base(type(given)) is None:
        raise DifferenceError(place, other_class(given, back))
    return [(given.value, back, place)]  # as a value of the class from which it derives


def _compare_items(given: Any, back: Any, place: Place | None) -> Iterable[Pair]:
    _check_container(given, back, place)
    if type(given) is type(back) and _have_plain_kinds(given, back) and given == back:
        return ()
    if (names := getattr(type(given), "_fields", None)) is not None:
        return [(one, other, (place, f".{name}")) for one, other, name in zip(given, back, names, strict=True)]
    return [(one, other, (place, index)) for index, (one, other) in enumerate(zip(given, back, strict=True))]


def _compare_dicts(given: Any, back: Any, place: Place | None) -> Iterable[Pair]:
    _check_container(given, back, place)
    plain = _have_plain_kinds(given, back) and _have_plain_kinds(given.values(), back.values())
    if plain and type(given) is dict and given == back:
        return
    keys = {key: key for key in back}
    inner: Place = (place, "[...]")
    for key, value in given.items():
        if key not in keys:
            raise DifferenceError(inner, "the key would not come back as it was given")
        if type(key) is not str:
            yield key, keys[key], inner
        yield value, back[key], inner
