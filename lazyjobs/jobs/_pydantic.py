"""Pydantic models as JSON and back, as far as pydantic is there at all."""

import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

_WITH_FIELDS = ("model-fields", "typed-dict")


def is_pydantic(cls: type) -> bool:
    """Whether `cls` is a pydantic model; False where pydantic was never imported."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(cls, pydantic.BaseModel)


def generic_origin(cls: Any) -> type:
    """The generic model of which `cls` is one with types filled in; any other class itself."""
    origin = cls.__pydantic_generic_metadata__["origin"] if is_pydantic(cls) else None
    return cast("type", origin or cls)


def dump_by_alias(model: Any, include: set[str] | None = None) -> bytes:
    """The model as JSON, its members named as the model wants them to be."""
    return _dump(model, include=include, by_alias=True)


def dump_by_name(model: Any) -> bytes:
    """The model as JSON, its members named as its fields; it can be read where that of `dump_by_alias` cannot."""
    return _dump(model, by_alias=False)


def dump_set(model: Any) -> bytes:
    """The same without fields that were left at their defaults, which pydantic does not validate."""
    return _dump(model, by_alias=False, exclude_unset=True)


def _dump(model: Any, **options: Any) -> bytes:
    # Without warnings, since decoding decides whether the values will do; as a round trip, without computed fields.
    dumped = model.model_dump_json(**options, round_trip=True, warnings=False)
    return cast("str", dumped).encode()


def read_model(cls: Any, payload: bytes) -> object:
    """The model that `payload` describes; raises pydantic's ValidationError."""
    return cls.model_validate_json(payload, by_name=True) if _reads_names() else cls.model_validate_json(payload)


@cache
def _reads_names() -> bool:
    """Whether this pydantic can read members by the names of the fields whatever their aliases; it came with 2.11."""
    return tuple(map(int, sys.modules["pydantic"].VERSION.split(".")[:2])) >= (2, 11)


def is_validation_error(error: BaseException) -> bool:
    """Whether pydantic refused what it was to read."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(error, pydantic.ValidationError)


def is_serialization_error(error: BaseException) -> bool:
    """Whether pydantic could not write a model as JSON."""
    core = sys.modules.get("pydantic_core")
    return core is not None and isinstance(error, core.PydanticSerializationError)


def model_names(model: Any) -> frozenset[str]:
    """Every name that a field of the model, or of a model in it, may have in a payload."""
    return frozenset(_names_in(model.__pydantic_core_schema__))


def _names_in(schema: object) -> Iterator[str]:
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, list | tuple):
            stack += node
        elif isinstance(node, dict):
            if node.get("type") in _WITH_FIELDS and isinstance(fields := node.get("fields"), dict):
                yield from fields
            if node.get("type") == "dataclass-field":
                yield node["name"]
            yield from _texts_in(node.get("validation_alias"))
            stack += node.values()


def _texts_in(alias: object) -> Iterator[str]:
    if isinstance(alias, str):
        yield alias
    elif isinstance(alias, list):
        for part in alias:
            yield from _texts_in(part)
