"""Turns a job's fields into a payload and back."""

from math import isfinite
from typing import Generic, TypeVar, cast

import msgspec

from lazyjobs.jobs._errors import DecodeError, EncodeError
from lazyjobs.jobs._fields import field_names, has_fields, is_pydantic, notices_unknown
from lazyjobs.jobs._job import Job
from lazyjobs.jobs._members import strip_members

J = TypeVar("J", bound=Job)

_WITH_FLOATS = (float, dict, list, tuple)


class Codec(Generic[J]):
    """Encodes and decodes the jobs of one class; msgspec does the work and the validation."""

    __slots__ = ("_cls", "_decoder", "_encoder", "_has_fields", "_kind", "_notices")

    def __init__(self, cls: type[J]) -> None:
        self._cls = cls
        self._kind = cls.kind
        self._encoder = msgspec.json.Encoder(enc_hook=_encode_pydantic)
        self._has_fields = has_fields(cls)
        self._notices = notices_unknown(cls)
        shape = cls if self._has_fields else dict[str, msgspec.Raw]
        self._decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(shape, dec_hook=_decode_pydantic)

    def encode(self, job: J) -> bytes:
        """The fields of `job` as JSON.

        Raises `EncodeError`, naming the field, unless decoding the result gives a valid job again: what a worker
        could not read is refused before it is stored.
        """
        if not self._has_fields:
            return b"{}"
        try:
            payload = self._encoder.encode(job)
        except Exception as error:
            raise EncodeError(self._kind, f"{_explain(error)}{self._find_culprit(job)}") from error
        try:
            self._decoder.decode(payload)
            if b"null" in payload:
                _check_finite(job)
        except Exception as error:
            raise EncodeError(self._kind, _explain(error)) from error
        return payload

    def decode(self, payload: bytes) -> J:
        """The job whose fields `payload` holds; raises `DecodeError` naming a missing or ill-typed field."""
        try:
            fields = self._decoder.decode(strip_members(payload) if self._notices else payload)
            return cast("J", fields) if self._has_fields else self._cls()
        except BaseException as error:  # a worker never dies of a job, nor of one that exits while it is built
            raise DecodeError(self._kind, _explain(error)) from error

    def _find_culprit(self, job: J) -> str:
        for name in field_names(self._cls):
            try:
                self._encode_field(job, name)
            except Exception:
                return f" - at `$.{name}`"
        return ""

    def _encode_field(self, job: J, name: str) -> object:
        if is_pydantic(self._cls):
            return _dump_pydantic(job, include={name})
        return self._encoder.encode(getattr(job, name))


def _explain(error: BaseException) -> str:
    name, text = type(error).__name__, str(error)
    said = text and isinstance(error, msgspec.MsgspecError | TypeError | ValueError)
    return text if said else f"{name}: {text}".removesuffix(": ")


def _check_finite(job: object) -> None:
    """Raises ValueError for a float that JSON, having no word for it, would turn into null."""
    place = _find_infinite(msgspec.to_builtins(job, enc_hook=_simplify_pydantic))
    if place is not None:
        raise ValueError(f"NaN and infinity cannot be stored as JSON - at `${place}`")


def _find_infinite(value: object) -> str | None:
    if isinstance(value, float):
        return None if isfinite(value) else ""
    named = isinstance(value, dict)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in items:
        if isinstance(item, _WITH_FLOATS) and (place := _find_infinite(item)) is not None:
            return f".{key}{place}" if named else f"[{key}]{place}"
    return None


def _encode_pydantic(value: object) -> object:
    if is_pydantic(type(value)):
        return msgspec.Raw(_dump_pydantic(value))
    raise TypeError(f"{type(value).__qualname__} objects cannot be stored as JSON")


def _dump_pydantic(model: object, include: set[str] | None = None) -> bytes:
    # Without warnings, since decoding decides whether the values will do; as a round trip, without computed fields.
    dumped = model.model_dump_json(include=include, by_alias=True, round_trip=True, warnings=False)  # type: ignore[attr-defined]
    return cast("str", dumped).encode()


def _simplify_pydantic(value: object) -> object:
    if value.model_config.get("ser_json_inf_nan", "null") != "null":  # type: ignore[attr-defined]
        return None
    return value.model_dump(mode="json", by_alias=True, round_trip=True, warnings=False)  # type: ignore[attr-defined]


def _decode_pydantic(cls: type, value: object) -> object:
    if is_pydantic(cls):
        return cls.model_validate_json(msgspec.json.encode(value))  # type: ignore[attr-defined]
    raise TypeError(f"{cls.__qualname__} objects cannot be read from JSON")
