"""Turns a job's fields into a payload and back."""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar, cast

import msgspec

from lazyjobs.jobs._difference import Comparison
from lazyjobs.jobs._errors import DecodeError, EncodeError
from lazyjobs.jobs._fields import field_names, has_fields, inspect_fields, notices_unknown
from lazyjobs.jobs._job import Job
from lazyjobs.jobs._look import Look, choose_look
from lazyjobs.jobs._masking import ModelError, UnstorableError, explain, explain_unwritten, hide
from lazyjobs.jobs._members import strip_members
from lazyjobs.jobs._plain import make_plain, plain_base, read_plain
from lazyjobs.jobs._pydantic import dump_by_alias, dump_by_name, dump_set, is_pydantic, is_validation_error, read_model
from lazyjobs.jobs._reason import forget_tracebacks, name_of

J = TypeVar("J", bound=Job)

Encode = Callable[[object], bytes]


class Codec(Generic[J]):
    """Encodes and decodes the jobs of one class; msgspec does the work and the validation."""

    __slots__ = ("_cls", "_comparison", "_decode", "_has_fields", "_kind", "_look", "_notices")

    def __init__(self, cls: type[J]) -> None:
        self._cls = cls
        self._kind = cls.kind
        self._has_fields = has_fields(cls)
        self._notices = notices_unknown(cls)
        self._comparison = Comparison(_is_faithful)
        shape = cls if self._has_fields else dict[str, msgspec.Raw]
        self._decode = cast("Callable[[bytes], J]", msgspec.json.Decoder(shape, dec_hook=_read).decode)
        same = self._comparison.same
        self._look: Look = same if is_pydantic(cls) else choose_look(inspect_fields(cls), same)

    def encode(self, job: J) -> bytes:
        """The fields of `job` as JSON.

        Raises `EncodeError`, naming the field, unless decoding the result gives the same job again: what a worker
        could not read, or would read otherwise, is refused before it is stored.
        """
        if not self._has_fields:
            return b"{}"
        try:
            payload = _by_alias(job)
            back = self._decode(payload)
            if not self._look(job, back):
                self._comparison.check(job, back)
        except Exception:
            payload = b""
        return payload or self._encode_otherwise(job)

    def decode(self, payload: bytes) -> J:
        """The job whose fields `payload` holds; raises `DecodeError` naming a missing or ill-typed field."""
        try:
            fields = self._decode(strip_members(payload) if self._notices else payload)
            return fields if self._has_fields else self._cls()
        except BaseException as error:  # a worker never dies of a job, nor of one that exits while it is built
            refused = self._misread(error, payload)
        try:
            raise refused
        finally:
            del refused  # the traceback of its cause holds this frame

    def _misread(self, error: BaseException, payload: bytes) -> DecodeError:
        try:
            reason = explain(error, payload)
            refused = DecodeError(self._kind, reason)
            refused.__cause__ = hide(error, reason)
        except BaseException:  # of an exception that cannot be asked for anything
            refused = DecodeError(self._kind, name_of(error))
        forget_tracebacks(error)  # the cause has it, and the exception may be kept in a frame of it
        return refused

    def _encode_otherwise(self, job: J) -> bytes:
        """In the first of the ways in which it comes back; for models there are several."""
        problem: EncodeError | None = None
        for encode in (_by_alias, _by_name, _by_set):
            payload, problem = self._try(encode, job)
            if problem is None:
                return payload
        try:
            raise cast("EncodeError", problem)  # of the last way: it stores the least, and is refused for what matters
        finally:
            del problem  # its traceback holds this frame

    def _try(self, encode: Encode, job: J) -> tuple[bytes, EncodeError | None]:
        """The payload, or why there is none that would do."""
        try:
            payload = encode(job)
        except Exception as error:
            return b"", self._refuse(error, f"{explain_unwritten(error)}{self._find_culprit(job)}")
        try:
            self._comparison.check(job, self._decode(payload))
        except Exception as error:
            return b"", self._refuse(error, explain(error, payload))
        return payload, None

    def _refuse(self, error: Exception, reason: str) -> EncodeError:
        refused = EncodeError(self._kind, reason)
        refused.__cause__ = hide(error, reason)
        return refused

    def _find_culprit(self, job: J) -> str:
        for name in field_names(self._cls):
            try:
                self._encode_field(job, name)
            except Exception:
                return f" - at `$.{name}`"
        return ""

    def _encode_field(self, job: J, name: str) -> object:
        if is_pydantic(self._cls):
            return dump_by_alias(job, include={name})
        return _by_alias(getattr(job, name))


def _write(dump: Callable[[Any], bytes], value: object) -> object:
    if is_pydantic(type(value)):
        return msgspec.Raw(dump(value))
    if plain_base(type(value)) is None:
        raise UnstorableError(f"{type(value).__qualname__} objects cannot be stored as JSON")
    return make_plain(value)


def _read(cls: type, value: object) -> object:
    if not is_pydantic(cls):
        return read_plain(cls, value)
    payload = msgspec.json.encode(value)
    try:
        return read_model(cls, payload)
    except Exception as error:
        if not is_validation_error(error):
            raise
        refused = ModelError(error, cls, payload)
    try:
        raise refused
    finally:
        del refused  # its traceback holds this frame


def _is_faithful(value: object, annotation: Any) -> bool:
    """Whether `value` comes back by itself, in a field with that annotation and of no class."""
    try:
        back = msgspec.json.decode(_by_alias(value), type=annotation, dec_hook=_read)
        return Comparison(_is_faithful).same(value, back)
    except Exception:
        return False


_by_alias: Encode = msgspec.json.Encoder(enc_hook=partial(_write, dump_by_alias)).encode
_by_name: Encode = msgspec.json.Encoder(enc_hook=partial(_write, dump_by_name)).encode
_by_set: Encode = msgspec.json.Encoder(enc_hook=partial(_write, dump_set)).encode
