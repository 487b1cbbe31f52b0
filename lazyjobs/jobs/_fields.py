"""Looks at the fields of a job's class, so that what cannot be stored is refused at registration."""

from collections.abc import Iterator
from inspect import get_annotations
from typing import ClassVar, get_args, get_origin, get_type_hints

from msgspec import inspect

from lazyjobs.jobs._errors import InvalidJobError
from lazyjobs.jobs._members import RESERVED_MEMBERS
from lazyjobs.jobs._plain import stands_for_base
from lazyjobs.jobs._pydantic import is_pydantic
from lazyjobs.jobs._thaw import thaw

_WithFields = inspect.StructType | inspect.DataclassType | inspect.TypedDictType | inspect.NamedTupleType
_NO_KEYS = (
    inspect.BoolType,
    inspect.CollectionType,
    inspect.DictType,
    inspect.NoneType,
    inspect.RawType,
    inspect.TupleType,
    *get_args(_WithFields),
)
_RESERVED = {"kind", "job_queue", "job_max_attempts"}


def has_fields(cls: type) -> bool:
    """Whether `cls` is one of the kinds of class whose fields are a payload."""
    return is_pydantic(cls) or not isinstance(inspect_fields(cls), inspect.CustomType)


def notices_unknown(cls: type) -> bool:
    """Whether decoding may refuse or keep members of a payload that are no fields; the other kinds skip them."""
    return is_pydantic(cls) or getattr(inspect_fields(cls), "forbid_unknown_fields", False)


def check_fields(cls: type) -> None:
    """Raises `InvalidJobError`, naming the field, unless each field of `cls` can be stored and read back."""
    if not has_fields(cls):
        _check_has_none(cls)
        return
    names = field_names(cls)
    if not is_pydantic(cls):
        for path, problem in _problems(inspect_fields(cls), "", frozenset()):
            raise InvalidJobError(f"{cls.__qualname__}.{path} {problem}")
    for name in sorted(_RESERVED.intersection(names)):
        raise InvalidJobError(
            f"{cls.__qualname__}.{name} is a field; annotate it as ClassVar, it is not part of the payload"
        )
    for name in sorted(set(RESERVED_MEMBERS).intersection(_member_names(cls))):
        raise InvalidJobError(
            f"{cls.__qualname__} has a field that is stored as {name!r}, which is kept for {RESERVED_MEMBERS[name]}; "
            "rename it"
        )


def field_names(cls: type) -> tuple[str, ...]:
    """The fields of `cls`, in order; raises `InvalidJobError` if they cannot be known."""
    if not has_fields(cls):
        return ()
    if is_pydantic(cls):
        try:
            cls.model_rebuild()  # type: ignore[attr-defined]
        except Exception as error:
            raise _not_understood(cls, error) from error
        return tuple(cls.model_fields)  # type: ignore[attr-defined]
    info = inspect_fields(cls)
    if not isinstance(info, inspect.StructType | inspect.DataclassType):
        raise InvalidJobError(f"{cls.__qualname__} is not a kind of class that can be a job; make it a dataclass, say")
    return tuple(field.name for field in info.fields)


def _member_names(cls: type) -> set[str]:
    """What the fields of `cls` are called in the payload."""
    if is_pydantic(cls):
        fields = cls.model_fields.items()  # type: ignore[attr-defined]
        return {field.serialization_alias or field.alias or name for name, field in fields}
    return {field.encode_name for field in getattr(inspect_fields(cls), "fields", ())}


def stored_names(cls: type) -> frozenset[str] | None:
    """What the fields of `cls`, a registered class, may be called in a payload; None if any name will do."""
    if is_pydantic(cls):
        return _stored_names_of_model(cls)
    info = inspect_fields(cls)
    if isinstance(info, inspect.StructType):
        tag = () if info.tag_field is None else (info.tag_field,)
        return frozenset((*tag, *(field.encode_name for field in info.fields)))
    return frozenset(field_names(cls))


def _stored_names_of_model(cls: type) -> frozenset[str] | None:
    if cls.model_config.get("extra") == "allow":  # type: ignore[attr-defined]
        return None
    names: list[object] = []
    for name, field in cls.model_fields.items():  # type: ignore[attr-defined]
        names += [name, *(alias for alias in (field.alias, field.validation_alias) if alias is not None)]
    known = frozenset(name for name in names if isinstance(name, str))
    return known if all(isinstance(name, str) for name in names) else None


def inspect_fields(cls: type) -> inspect.Type:
    """What msgspec makes of `cls`; raises `InvalidJobError`, naming the field, if it makes nothing of it."""
    try:
        return inspect.type_info(cls)
    except Exception as error:
        if thaw(cls):
            return inspect_fields(cls)
        raise _not_understood(cls, error) from error


def _not_understood(cls: type, error: Exception) -> InvalidJobError:
    for name, hint in _hints(cls).items():
        try:
            inspect.type_info(hint)
        except Exception:
            return InvalidJobError(f"{cls.__qualname__}.{name} cannot be understood: {error}")
    return InvalidJobError(f"the fields of {cls.__qualname__} cannot be understood: {error}")


def _hints(cls: type) -> dict[str, object]:
    try:
        hints = get_type_hints(cls, include_extras=True)
    except Exception:  # a name in one of them means nothing, which is the error that is being explained
        return {}
    return {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}


def _check_has_none(cls: type) -> None:
    for base in cls.__mro__:
        if _builds_itself(base):
            raise InvalidJobError(
                f"{cls.__qualname__} has an __init__ or __new__ but no fields; make it a dataclass, say"
            )
        for name, annotation in get_annotations(base).items():
            if "ClassVar" not in str(annotation):
                raise InvalidJobError(
                    f"{cls.__qualname__}.{name} is annotated, but the class has no fields; make it a dataclass, say"
                )


def _builds_itself(base: type) -> bool:
    own = vars(base)
    if getattr(base, "_is_protocol", False):  # those have an __init__ that only refuses to build a protocol
        return False
    return any(own.get(name, vars(object)[name]) is not vars(object)[name] for name in ("__init__", "__new__"))


def _problems(info: inspect.Type, path: str, seen: frozenset[type]) -> Iterator[tuple[str, str]]:
    match info:
        case inspect.CustomType(cls=cls):
            if not (is_pydantic(cls) or stands_for_base(cls)):
                yield path, f"is of the type {cls!r}, which cannot be stored as JSON"
        case inspect.ExtType():
            yield path, "is a msgspec Ext, which cannot be stored as JSON"
        case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType() | inspect.NamedTupleType():
            yield from _problems_of_fields(info, path, seen)
        case inspect.DictType(key_type=key, value_type=value):
            keys = key.types if isinstance(key, inspect.UnionType) else (key,)
            if any(isinstance(item, _NO_KEYS) for item in keys):
                yield path, "has keys that cannot be stored as JSON names"
            yield from _problems(key, f"{path} (its keys)", seen)
            yield from _problems(value, f"{path} (its values)", seen)
        case inspect.UnionType(types=items) | inspect.TupleType(item_types=items):
            for item in items:
                yield from _problems(item, path, seen)
        case inspect.CollectionType(item_type=item):
            yield from _problems(item, f"{path} (its items)", seen)
        case _:
            return


def _problems_of_fields(info: _WithFields, path: str, seen: frozenset[type]) -> Iterator[tuple[str, str]]:
    if info.cls in seen:
        return
    for field in info.fields:
        inner = f"{path}.{field.name}".lstrip(".")
        if isinstance(info, inspect.DataclassType) and field.name.startswith("_"):
            yield inner, "begins with an underscore, and such fields are not stored; rename it"
        yield from _problems(field.type, inner, seen | {info.cls})


def describe(cls: type) -> str:
    """The name by which people find `cls`: module and qualified name."""
    return f"{cls.__module__}.{cls.__qualname__}"
