"""The payload that a command line gives."""

import sys
from pathlib import Path

import msgspec

from lazyjobs.cli._usage import UsageError

_EXAMPLE = """'{"address": "ada@example.org"}'"""
_WORDS = {list: "an array", str: "a string", bool: "true or false", int: "a number", float: "a number"}


def read_payload(source: str) -> bytes:
    """The JSON that `source` is, or names: `-` is standard input and `@path` a file.

    Byte for byte, but for the white space around it. Raises `UsageError`.
    """
    payload = _read(source).strip()
    _decode(payload)
    return payload


def check_is_object(payload: bytes) -> None:
    """Raises `UsageError` for JSON that holds no fields, as those of nearly every job are."""
    found = _decode(payload)
    if not isinstance(found, dict):
        raise UsageError(
            f"the payload is {_WORDS.get(type(found), 'null')}; a job's fields are an object, such as {_EXAMPLE}"
        )


def _decode(payload: bytes) -> object:
    try:
        return msgspec.json.decode(payload)
    except RecursionError as error:
        raise UsageError("the payload is nested too deep; 500 is the limit") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the payload is not JSON ({error}); write one object, as one word in single quotes: {_EXAMPLE}"
        ) from error


def _read(source: str) -> bytes:
    if source == "-":
        if sys.stdin is None:
            raise UsageError("there is no standard input to read the payload from")
        return sys.stdin.buffer.read()
    if source.startswith("@"):
        try:
            return Path(source[1:]).read_bytes()
        except (OSError, ValueError) as error:
            raise UsageError(f"the payload cannot be read from {source[1:]!r}: {error}") from error
    return source.encode(errors="surrogateescape")
