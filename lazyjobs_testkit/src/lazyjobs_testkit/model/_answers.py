"""Answers as values: what came of a call. Each is written to JSON with its name and read back."""

from collections.abc import Sequence

from msgspec import Struct

from lazyjobs import Backend, ClaimLostError, Record, Stats
from lazyjobs_testkit.model._requests import Request
from lazyjobs_testkit.raised import describe_error


class Nothing(Struct, frozen=True, tag="nothing"):
    """It returned None."""


class One(Struct, frozen=True, tag="record"):
    """It returned a record."""

    record: Record


class Many(Struct, frozen=True, tag="records"):
    """It returned a sequence of records."""

    records: tuple[Record, ...]


class Counts(Struct, frozen=True, tag="stats"):
    """It returned stats."""

    stats: Stats


class Number(Struct, frozen=True, tag="number"):
    """It returned a number."""

    number: int


class Lost(Struct, frozen=True, tag="claim lost"):
    """It raised `ClaimLostError`: nothing was changed."""

    found: str


class Unknown(Struct, frozen=True, tag="unknown"):
    """It raised another error, or never returned: it may have happened, or happen later, or never."""

    error: str


Answer = Nothing | One | Many | Counts | Number | Lost | Unknown


def ask(backend: Backend, request: Request) -> Answer:
    """Calls the method on `backend` and answers with what came of it; nothing but an interruption is raised."""
    try:
        return _answer(request.perform(backend))
    except ClaimLostError as lost:
        return Lost(str(lost.found))
    except Exception as error:
        return Unknown(_writable(describe_error(error)))


def _answer(value: object) -> Answer:
    match value:
        case None:
            return Nothing()
        case Record():
            return One(value)
        case Stats():
            return Counts(value)
        case int():
            return Number(value)
        case Sequence() if all(isinstance(item, Record) for item in value):
            return Many(tuple(value))
    return Unknown(_writable(f"an answer that is no part of the contract: {value!r}"))


def _writable(text: str) -> str:
    return text.encode(errors="replace").decode()
