"""Payloads: any JSON, kept byte for byte; what is no JSON, or nested too deep to be read, is refused."""

import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyjobs import InsertParams
from tests.support import strategies as drawn

DEEPEST = 500


def keep(payload: bytes) -> bytes:
    return InsertParams(kind="note", payload=payload).payload


def is_accepted(payload: bytes) -> bool:
    try:
        keep(payload)
    except ValueError:
        return False
    return True


def cut(payload: bytes) -> bytes:
    return payload[:-1]


def nest(levels: str) -> bytes:
    """JSON of nested arrays and objects, one for each character, outermost first."""
    opened = "".join('{"a":' if level == "{" else "[" for level in levels)
    closed = "".join("}" if level == "{" else "]" for level in reversed(levels))
    return f"{opened}0{closed}".encode()


@drawn.random
@given(drawn.payloads)
def test_any_json_is_kept_byte_for_byte(payload: bytes) -> None:
    assert keep(payload) == payload


@pytest.mark.parametrize(
    "payload",
    [
        b'{"b":1,"a":2}',
        b' {"a" : 1.0e+0 , "a":10E-1}\n\t',
        '{"astral":"\U0001f40c"}'.encode(),
        rb'{"astral":"\ud83d\udc0c","nul":"\u0000","slash":"\/"}',
        b"[1,-0,-0.0,123456789012345678901234567890]",
        b"null",
        b'""',
    ],
)
def test_the_spelling_is_not_touched(payload: bytes) -> None:
    assert keep(payload) == payload


@drawn.random
@given(st.binary() | drawn.payloads.map(cut) | drawn.texts.map(json.dumps).map(str.encode))
def test_bytes_are_accepted_just_if_msgspec_reads_them(payload: bytes) -> None:
    try:
        msgspec.json.decode(payload)
        readable = True
    except (msgspec.DecodeError, UnicodeDecodeError):
        readable = False
    assert is_accepted(payload) == readable


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"{",
        b'{"a":1}}',
        b"{'a':1}",
        b'{"a":1,}',
        b"nul",
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b"01",
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        rb'"\ud800"',
        b'"a\nb"',
    ],
)
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"^payload is not JSON: "):
        keep(payload)


@pytest.mark.parametrize("payload", ["{}", bytearray(b"{}"), memoryview(b"{}"), {}, None])
def test_what_is_not_bytes_is_refused(payload: object) -> None:
    with pytest.raises(TypeError, match=f"^payload must be bytes, not {type(payload).__name__}$"):
        keep(payload)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["[", "{"])
def test_five_hundred_levels_are_accepted(level: str) -> None:
    payload = nest(level * DEEPEST)
    assert keep(payload) == payload


@pytest.mark.parametrize("level", ["[", "{"])
@pytest.mark.parametrize("depth", [DEEPEST + 1, 5_000, 200_000])
def test_one_level_more_is_refused_and_so_are_thousands(level: str, depth: int) -> None:
    with pytest.raises(ValueError, match=r"^payload is nested more than 500 deep$"):
        keep(nest(level * depth))


@drawn.random
@given(st.text("[{", min_size=1, max_size=9), st.integers(DEEPEST - 3, DEEPEST + 3))
def test_objects_and_arrays_count_alike(levels: str, depth: int) -> None:
    payload = nest((levels * depth)[:depth])
    assert is_accepted(payload) == (depth <= DEEPEST)


@pytest.mark.parametrize("make", [lambda: b'"' + b"[{" * 600 + b'"', lambda: b"[" + b"[]," * 5_000 + b"{}]"])
def test_brackets_side_by_side_or_in_texts_are_no_depth(make: Callable[[], bytes]) -> None:
    assert is_accepted(make())
