"""Turns a job's fields into a payload and back."""

from typing import Generic, TypeVar, cast

import msgspec

from lazyjobs.jobs._errors import DecodeError, EncodeError
from lazyjobs.jobs._fields import has_fields, is_pydantic
from lazyjobs.jobs._job import Job

J = TypeVar("J", bound=Job)


class Codec(Generic[J]):
    """Encodes and decodes the jobs of one class; msgspec does the work and the validation."""

    __slots__ = ("_cls", "_decoder", "_encoder", "_has_fields", "_kind")

    def __init__(self, cls: type[J]) -> None:
        self._cls = cls
        self._kind = cls.kind
        self._encoder = msgspec.json.Encoder(enc_hook=_encode_pydantic)
        self._has_fields = has_fields(cls)
        shape = cls if self._has_fields else dict[str, object]
        self._decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(shape, dec_hook=_decode_pydantic)

    def encode(self, job: J) -> bytes:
        """The fields of `job` as JSON.

        Raises `EncodeError`, naming the field, unless decoding the result gives a valid job again: what a worker
        could not read is refused before it is stored.
        """
        try:
            payload = self._encoder.encode(job) if self._has_fields else b"{}"
            self._decoder.decode(payload)
        except Exception as error:
            raise EncodeError(self._kind, _explain(error)) from error
        return payload

    def decode(self, payload: bytes) -> J:
        """The job whose fields `payload` holds; raises `DecodeError` naming a missing or ill-typed field."""
        try:
            fields = self._decoder.decode(payload)
            return cast("J", fields) if self._has_fields else self._cls()
        except Exception as error:
            raise DecodeError(self._kind, _explain(error)) from error


def _explain(error: Exception) -> str:
    return str(error) or type(error).__name__


def _encode_pydantic(value: object) -> object:
    if is_pydantic(type(value)):
        return msgspec.Raw(value.model_dump_json(by_alias=True).encode())  # type: ignore[attr-defined]
    raise TypeError(f"{type(value).__qualname__} objects cannot be stored as JSON")


def _decode_pydantic(cls: type, value: object) -> object:
    if is_pydantic(cls):
        return cls.model_validate_json(msgspec.json.encode(value))  # type: ignore[attr-defined]
    raise TypeError(f"{cls.__qualname__} objects cannot be read from JSON")
