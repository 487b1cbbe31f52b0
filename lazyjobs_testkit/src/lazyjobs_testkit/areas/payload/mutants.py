"""Backends that do not hand out a payload as it was inserted."""

import json
import re
import unicodedata
from typing import Any

import msgspec

from lazyjobs import BackendError, InsertParams, PayloadTooLargeError
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant

_WHOLE = re.compile(rb"(?<=[:\[,])(-?\d+)\.0(?=[,}\]])")
_BRACKETS = re.compile(rb"[\[{]")
_CAPACITY = 16_384


class TextPayloads(CorrectBackend):
    """Payloads are kept in a column of text and handed out as str."""

    def stored_payload(self, payload: bytes) -> bytes:
        return payload.decode()  # type: ignore[return-value]


class Reserializing(CorrectBackend):
    """A payload is parsed and written again."""

    def stored_payload(self, payload: bytes) -> bytes:
        try:
            return json.dumps(json.loads(payload), separators=(",", ":"), ensure_ascii=False).encode()
        except RecursionError:
            return payload


class SortedKeys(CorrectBackend):
    """The keys of an object are sorted."""

    def stored_payload(self, payload: bytes) -> bytes:
        if not payload.startswith(b"{"):
            return payload
        items = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
        ordered = b"{%b}" % b",".join(b'"%b":%b' % (key.encode(), bytes(items[key])) for key in sorted(items))
        return ordered if len(ordered) == len(payload) else payload


class WholeNumbers(CorrectBackend):
    """A number such as 1.0 is written as 1."""

    def stored_payload(self, payload: bytes) -> bytes:
        return _WHOLE.sub(rb"\1", payload)


class LastDuplicateWins(CorrectBackend):
    """Of duplicate keys only the last one is kept."""

    def stored_payload(self, payload: bytes) -> bytes:
        pairs: list[list[tuple[str, Any]]] = []
        try:
            json.loads(payload, object_pairs_hook=pairs.append)
        except RecursionError:
            return payload
        last = dict(pairs[-1]) if pairs else {}
        return json.dumps(last, separators=(",", ":")).encode() if pairs and len(last) < len(pairs[-1]) else payload


class Normalizing(CorrectBackend):
    """Text is brought into Unicode's normal form C."""

    def stored_payload(self, payload: bytes) -> bytes:
        return unicodedata.normalize("NFC", payload.decode()).encode()


class ThreeByteCharacters(CorrectBackend):
    """Characters that take four bytes in UTF-8 become question marks."""

    def stored_payload(self, payload: bytes) -> bytes:
        return re.sub("[\U00010000-\U0010ffff]", "?", payload.decode()).encode()


class DroppedNul(CorrectBackend):
    """An escaped NUL is left out."""

    def stored_payload(self, payload: bytes) -> bytes:
        return payload.replace(rb"\u0000", b"")


class Stripping(CorrectBackend):
    """White space around a payload is stripped."""

    def stored_payload(self, payload: bytes) -> bytes:
        return payload.strip()


class EmptyBecomesObject(CorrectBackend):
    """What is false in Python, such as 0 or null, is taken for no payload at all and stored as an empty object."""

    def stored_payload(self, payload: bytes) -> bytes:
        return payload if msgspec.json.decode(payload) else b"{}"


class ShallowParser(CorrectBackend):
    """A payload nested more than 200 deep is refused."""

    def stored_payload(self, payload: bytes) -> bytes:
        if len(_BRACKETS.findall(payload)) > 200:
            raise BackendError("the payload is nested too deep")
        return payload


class UndeclaredLimit(CorrectBackend):
    """A payload is cut after 16,384 bytes, although a larger maximum is declared."""

    def stored_payload(self, payload: bytes) -> bytes:
        return payload[:_CAPACITY]


class CutToMaximum(CorrectBackend):
    """A payload over the maximum is cut instead of refused."""

    def check_size(self, params: InsertParams) -> None:
        pass

    def stored_payload(self, payload: bytes) -> bytes:
        return payload[: self.traits.max_payload]


class SizeInCharacters(CorrectBackend):
    """The size of a payload is counted in characters instead of bytes."""

    def check_size(self, params: InsertParams) -> None:
        if len(params.payload.decode()) > (self.traits.max_payload or 0):
            super().check_size(params)


class WritesBeforeItLooks(CorrectBackend):
    """The record is written before the size of its payload is looked at."""

    def check_size(self, params: InsertParams) -> None:
        try:
            super().check_size(params)
        except PayloadTooLargeError:
            self.store(params)
            raise


MUTANTS = (
    Mutant(TextPayloads.Harness, "PAY-01", r"insert handed out the payload as str"),
    Mutant(SortedKeys.Harness, "PAY-02", r"""handed out .*: b'\{"a".* instead of b'\{"b"""),
    Mutant(
        Reserializing.Harness,
        "PAY-03",
        r"handed out .* they differ",
        also_breaks={
            "PAY-04": "a parsed object has each key once",
            "PAY-05": "what was escaped is written raw, or the other way round",
            "PAY-07": "white space is no part of what was parsed",
        },
    ),
    Mutant(WholeNumbers.Harness, "PAY-03", r"instead of b'.*1\.0"),
    Mutant(LastDuplicateWins.Harness, "PAY-04", r"handed out 7 bytes for a payload of 13"),
    Mutant(Normalizing.Harness, "PAY-05", r"handed out .* they differ"),
    Mutant(ThreeByteCharacters.Harness, "PAY-05", r"handed out .* they differ.*\?"),
    Mutant(DroppedNul.Harness, "PAY-06", r"instead of b'\"\\\\+u0000"),
    Mutant(Stripping.Harness, "PAY-07", r"handed out 7 bytes for a payload of 8"),
    Mutant(EmptyBecomesObject.Harness, "PAY-08", r"b'\{\}' instead of b'null'"),
    Mutant(ShallowParser.Harness, "PAY-09", r"nested too deep"),
    Mutant(UndeclaredLimit.Harness, "PAY-10", r"handed out 16384 bytes for a payload of 20000"),
    Mutant(CutToMaximum.Harness, "PAY-11", r"one over the maximum, was accepted"),
    Mutant(SizeInCharacters.Harness, "PAY-11", r"one over the maximum, was accepted"),
    Mutant(WritesBeforeItLooks.Harness, "PAY-11", r"was refused, and yet there is a record"),
)
