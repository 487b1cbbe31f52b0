"""Payloads: each is decoded to a job that can be stored again, or refused as one that fits no job."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import msgspec
import pydantic

from lazyjobs import BaseJob, DecodeError, EncodeError, Job
from lazyjobs.jobs import Registry
from tests.fuzz.mutation import mutate
from tests.fuzz.targets.target import Target


class Address(msgspec.Struct):
    """A value in a value."""

    street: str
    number: int | None = None


@dataclass
class Plain(BaseJob):
    """Fields of most types."""

    kind: ClassVar[str] = "plain"
    text: str = ""
    number: int = 0
    ratio: float = 0.0
    when: datetime | None = None
    span: timedelta | None = None
    price: Decimal = Decimal(0)
    id: UUID | None = None
    content: bytes = b""
    addresses: list[Address] = field(default_factory=list)
    by_name: dict[str, list[int]] = field(default_factory=dict)

    def work(self) -> None:
        """Does nothing."""


class Checked(pydantic.BaseModel, BaseJob):
    """The same kinds of values, checked by pydantic."""

    kind: ClassVar[str] = "checked"
    text: str = ""
    number: int = 0
    when: datetime | None = None
    by_name: dict[str, Decimal] = {}

    def work(self) -> None:
        """Does nothing."""


_CORPUS = (
    b'{"text": "\xc3\xa9", "number": 9007199254740993, "ratio": 1e-7, "when": "2030-01-01T00:00:00.000001Z"}',
    b'{"span": "P1DT2S", "price": "1.10", "id": "8f14e45f-ceea-467f-a9ad-3d6b1c1b6d54", "content": "AAEC"}',
    b'{"addresses": [{"street": "a", "number": 1}, {"street": "b"}], "by_name": {"a": [1, 2, 3]}}',
    b'{"text": "x", "by_name": {"a": "1.5", "b": 2}, "unknown": null}',
    b'{"text": "x", "lazyjobs.trace": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}',
    b"{}",
)


@contextmanager
def target(_: Path) -> Iterator[Target]:
    """Decoding, and encoding what was decoded."""
    registry = Registry()
    for cls in (Plain, Checked):
        registry.register(cls)

    def make(chance: random.Random) -> tuple[type[Job], bytes]:
        return chance.choice((Plain, Checked)), mutate(chance, _CORPUS)

    def give(given: tuple[type[Job], bytes]) -> None:
        cls, payload = given
        codec = registry.find(cls.kind).codec
        try:
            job = codec.decode(payload)
        except DecodeError:
            return
        try:
            again = codec.encode(job)
        except EncodeError:
            return
        assert codec.decode(again) == job

    yield Target(make, give)
