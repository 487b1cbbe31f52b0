"""Annotations written while a library freezes time: they name its classes, which msgspec takes in no union."""

from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from inspect import get_annotations
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from lazyjobs.jobs._plain import plain_base, stands_for_base


def thaw(cls: type) -> bool:
    """Puts datetime and date into the annotations of `cls`, and of classes in them, for what stands for these.

    Whether there was anything to replace. Annotations that mean nothing are left alone.
    """
    changed, left, seen = False, [cls], set[type]()
    while left:
        each = left.pop()
        if each not in seen:
            seen.add(each)
            hints: dict[str, Any] = {}
            with suppress(Exception):
                hints = get_type_hints(each, include_extras=True)
            changed |= _replace_in(each, hints)
            left += [inner for hint in hints.values() for inner in _classes_in(hint)]
    return changed


def _replace_in(cls: type, hints: dict[str, Any]) -> bool:
    changed = False
    for base in cls.__mro__:
        for name in get_annotations(base):
            if name in hints and (real := _real(hints[name])) is not hints[name]:
                base.__annotations__[name] = real
                changed = True
    return changed


def _classes_in(hint: Any) -> Iterator[type]:
    origin = get_origin(hint)
    if origin is None and isinstance(hint, type) and get_annotations(hint):
        yield hint
    for part in (origin, *get_args(hint)):
        if part is not None:
            yield from _classes_in(part)


def _real(hint: Any) -> Any:
    """The annotation with real classes; itself if it holds no others."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is None:
        return plain_base(hint) if isinstance(hint, type) and stands_for_base(hint) else hint
    real = tuple(map(_real, parts))
    if all(one is other for one, other in zip(parts, real, strict=True)):
        return hint
    if origin in (Union, UnionType):
        return reduce(or_, real)
    return Annotated[(real[0], *hint.__metadata__)] if origin is Annotated else origin[real]
