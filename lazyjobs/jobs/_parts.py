"""What a class with fields is made of, when two of its instances are compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, get_type_hints

from msgspec import Struct

from lazyjobs.jobs._pydantic import is_pydantic

Rest = Callable[[Any, Any], Iterator[tuple[object, object, str]]]
_HOOKS = ("__post_init__", "__attrs_post_init__")
_MISSING = object()


class Fields(Struct, frozen=True):
    """The fields of a class, by which its instances are compared."""

    names: tuple[str, ...]
    read: Callable[[Any, str], object] = getattr
    rest: Rest | None = None
    """What else an instance holds, in pairs, each with its place."""
    rebuilt: Mapping[str, object] = {}
    """The annotations of fields that the class may change whenever it is built, since it has a `__post_init__`."""


def find_fields(cls: type) -> Fields | None:
    """The fields of `cls`; None if it is no dataclass, attrs class, Struct or pydantic model."""
    if is_pydantic(cls):
        return Fields(tuple(cls.model_fields), _read_model, _make_rest(cls))  # type: ignore[attr-defined]
    if issubclass(cls, Struct):
        return _with_hook(cls, cls.__struct_fields__)
    if dataclasses.is_dataclass(cls):
        return _with_hook(cls, tuple(field.name for field in dataclasses.fields(cls)))
    if (attributes := getattr(cls, "__attrs_attrs__", None)) is not None:
        # Those that __init__ does not take are not read back, whether there is a hook or not.
        kept = {each.name for each in attributes if each.init}
        fields = _with_hook(cls, tuple(each.name for each in attributes))
        return Fields(fields.names, rebuilt={name: hint for name, hint in fields.rebuilt.items() if name in kept})
    return None


def _with_hook(cls: type, names: tuple[str, ...]) -> Fields:
    if not any(hasattr(cls, hook) for hook in _HOOKS):
        return Fields(names)
    with suppress(Exception):  # an annotation that means nothing here; then what the class changes is no excuse
        return Fields(names, rebuilt=get_type_hints(cls, include_extras=True))
    return Fields(names)


def _read_model(model: Any, name: str) -> object:
    return vars(model).get(name, _MISSING)


def _make_rest(cls: Any) -> Rest:
    """The members that a model allows beside its fields, and those private attributes that are not made anew."""
    private = cls.__private_attributes__
    rebuilt = cls.model_post_init.__name__ not in ("model_post_init", "init_private_attributes") or (
        cls.model_post_init.__module__ not in ("pydantic.main", "pydantic._internal._model_construction")
    )
    kept = [] if rebuilt else [name for name, each in private.items() if each.default_factory is None]

    def rest(given: Any, back: Any) -> Iterator[tuple[object, object, str]]:
        if given.__pydantic_extra__ or back.__pydantic_extra__:
            yield given.__pydantic_extra__, back.__pydantic_extra__, ""
        if kept:
            read = tuple((each.__pydantic_private__ or {}) for each in (given, back))
            for name in kept:
                one, other = (found.get(name, _MISSING) for found in read)
                yield one, other, f".{name}"

    return rest
