"""No text about a payload holds what is in it: not the error, not its cause, not the log, not the record."""

import gc
import logging
import traceback
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest

from lazyjobs import BaseJob, DecodeError, EncodeError, InsertParams, Job, JobRunner
from lazyjobs.jobs import Registry
from lazyjobs_memory import MemoryBackend

SECRET = "hunter2-4111111111111111"


class Base(BaseJob):
    kind: ClassVar[str] = "secret"

    def work(self) -> None: ...


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    BIG = 3


class Speaking(Enum):
    RED = "red"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise ValueError(f"{value!r} is no colour")


class Tag(msgspec.Struct, tag="card"):
    number: str = ""


class Mark(msgspec.Struct, tag="cash"):
    number: str = ""


@dataclass
class Inner:
    colour: Colour = Colour.RED


@dataclass
class Plain(Base):
    colour: Colour = Colour.RED
    size: Size = Size.BIG
    literal: Literal["a", "b"] = "a"
    pin: Literal[1, 2] = 1
    paid: Tag | Mark | None = None
    when: datetime | None = None
    id: UUID | None = None
    price: Decimal | None = None
    data: bytes = b""
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    speaking: Speaking = Speaking.RED
    by_name: dict[str, int] = field(default_factory=dict)
    by_colour: dict[Colour, int] = field(default_factory=dict)
    deep: dict[str, list[Inner]] = field(default_factory=dict)


class Address(pydantic.BaseModel):
    card: int = 0


class Model(Base, pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    count: int = 0
    colour: Colour = Colour.RED
    id: UUID | None = None
    by_name: dict[str, int] = {}
    homes: dict[str, Address] = {}
    either: int | list[int] = 0
    paid: "Card | Cash | None" = pydantic.Field(None, discriminator="sort")
    word: str = "allowed"

    @pydantic.field_validator("word")
    @classmethod
    def _check(cls, word: str) -> str:
        if word != "allowed":
            raise ValueError(f"the word {word!r} is not allowed")
        return word


class Card(pydantic.BaseModel):
    sort: Literal["card"]


class Cash(pydantic.BaseModel):
    sort: Literal["cash"]


Model.model_rebuild()


@dataclass
class Nested(Base):
    to: list[Model] = field(default_factory=list)


@attrs.define
class Attrs(Base):
    number: int = attrs.field(default=5, validator=attrs.validators.gt(3))
    word: str = attrs.field(default="a", validator=attrs.validators.matches_re("a+"))
    short: str = attrs.field(default="", validator=attrs.validators.max_len(4))


class PickyError(Exception):
    def __str__(self) -> str:
        raise LookupError("no text")


@dataclass
class Picky(Base):
    word: str = "allowed"
    number: int = 0
    raised: ClassVar[Callable[[Any], BaseException] | None] = None

    def __post_init__(self) -> None:
        if self.word != "allowed" or self.number:
            assert Picky.raised is not None
            raise Picky.raised(self) from ValueError(self.word)


class Strict(Base, msgspec.Struct, forbid_unknown_fields=True):
    word: str = ""
    inner: "list[Strict]" = []


def decoded(cls: type[Job], payload: bytes) -> DecodeError:
    registry = Registry()
    registry.register(cls)
    with pytest.raises(DecodeError) as refused:
        registry.find(cls.kind).codec.decode(payload)
    return refused.value


def told(error: BaseException) -> str:
    """All that a traceback prints of an error, of those chained to it and of what they hold."""
    held: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        held += [repr(seen), repr(seen.args)]
        assert not seen.__suppress_context__ or seen.__cause__ is not None or seen.__context__ is None
        seen = seen.__cause__ or seen.__context__
    return "\n".join([*traceback.format_exception(error), *held])


def quoted(member: str, value: str = f'"{SECRET}"') -> bytes:
    return f'{{"{member}":{value}}}'.encode()


PAYLOADS: list[tuple[type[Job], bytes, str]] = [
    (Plain, quoted("colour"), "Invalid enum value - at `$.colour`"),
    (Plain, quoted("speaking"), "- at `$.speaking`"),
    (Plain, quoted("size", "4111"), "Invalid enum value - at `$.size`"),
    (Plain, quoted("literal"), "Invalid enum value - at `$.literal`"),
    (Plain, quoted("pin", "4111"), "Invalid enum value - at `$.pin`"),
    (Plain, quoted("paid", f'{{"type":"{SECRET}"}}'), "Invalid value - at `$.paid.type`"),
    (Plain, quoted("when"), "Invalid RFC3339 encoded datetime - at `$.when`"),
    (Plain, quoted("id"), "Invalid UUID - at `$.id`"),
    (Plain, quoted("price"), "Invalid decimal string - at `$.price`"),
    (Plain, quoted("data"), "Invalid base64 encoded string - at `$.data`"),
    (Plain, quoted("count", "-4111"), "Expected `int` >= 1 - at `$.count`"),
    (Plain, quoted("by_name", f'{{"{SECRET}":"x"}}'), "Expected `int`, got `str` - at `$.by_name[...]`"),
    (Plain, quoted("by_colour", f'{{"{SECRET}":1}}'), "Invalid enum value - at `key` in `$.by_colour`"),
    (
        Plain,
        quoted("deep", f'{{"{SECRET}":[{{"colour":"{SECRET}"}}]}}'),
        "Invalid enum value - at `$.deep[...][0].colour`",
    ),
    (Plain, quoted("colour", f'"{SECRET} - at `$.x`"'), "Invalid enum value - at `$.colour`"),
    (Plain, SECRET.encode(), "JSON is malformed: invalid character (byte 0)"),
    (
        Plain,
        quoted("colour", f'"{SECRET}\xff"').replace("ÿ".encode(), b"\xff"),
        "UnicodeDecodeError: invalid start byte",
    ),
    (Model, quoted("count"), "Input should be a valid integer, unable to parse string as an integer - at `$.count`"),
    (Model, quoted("colour"), "Input should be 'red' - at `$.colour`"),
    (Model, quoted("id"), "Input should be a valid UUID, *** - at `$.id`"),
    (Model, quoted("by_name", f'{{"{SECRET}":"x"}}'), "- at `$.by_name[...]`"),
    (Model, quoted("homes", f'{{"{SECRET}":{{"card":"{SECRET}"}}}}'), "- at `$.homes[...].card`"),
    (Model, quoted("either"), "- at `$.either[...]`"),
    (Model, quoted("paid", f'{{"sort":"{SECRET}"}}'), "does not match any of the expected tags: 'card', 'cash' - at"),
    (Model, quoted("word"), "Value error, the word '***-***' is not allowed - at `$.word`"),
    (Model, b'{"homes":{"a":' + quoted("card", '"x"') + b'},"more":"%b"}' % SECRET.encode(), "- at `$.more`"),
    (Strict, quoted("inner", f'[{{"{SECRET}":1}}]'), "Object contains unknown field - at `$.inner[0]`"),
    (Strict, b'{"more":"%b"}' % SECRET.encode(), "Object contains unknown field `more`"),
    (Nested, quoted("to", f'[{{"{SECRET}":1}}]'), "Extra inputs are not permitted - at `$[...]` - at `$.to[0]`"),
    (
        Nested,
        quoted("to", f'[{{"word":"{SECRET}"}}]'),
        "the word '***-***' is not allowed - at `$.word` - at `$.to[0]`",
    ),
    (Attrs, quoted("number", "1"), "'number' must be > 3: ***"),
    (Attrs, quoted("word"), "'word' must match regex 'a+'"),
    (Attrs, quoted("short"), "Length of 'short' must be <= 4"),
    (Strict, quoted("other"), "Object contains unknown field `other`"),
]


@pytest.mark.parametrize(
    ("cls", "payload", "reason"), PAYLOADS, ids=[f"{cls.__name__} {payload[:16]!r}" for cls, payload, _ in PAYLOADS]
)
def test_what_does_not_fit_is_told_by_its_place_and_without_its_value(
    cls: type[Job], payload: bytes, reason: str
) -> None:
    refused = decoded(cls, payload)
    assert reason in refused.reason
    for secret in (SECRET, "hunter2", "4111"):
        assert secret not in told(refused)


WORDS: dict[str, Callable[[Any], BaseException]] = {
    "quoted": lambda job: ValueError(f"bad word: {job.word}"),
    "as Python writes it": lambda job: TypeError(repr(job)),
    "in capitals": lambda job: ValueError(job.word.upper()),
    "its beginning": lambda job: ValueError(f"{job.word[8:16]}… is refused"),
    "of another class": lambda job: KeyError(job.word),
    "in a number": lambda job: LookupError(job.number),
    "in several": lambda job: RuntimeError(job.word, {"n": job.number}),
    "at the exit": lambda job: SystemExit(job.word),
    "without a text": PickyError,
}


@pytest.mark.parametrize("raised", WORDS.values(), ids=WORDS)
def test_the_words_of_a_class_are_kept_but_for_those_of_the_payload(
    raised: Callable[[Any], BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Picky, "raised", staticmethod(raised))
    refused = decoded(Picky, b'{"word":"%b","number":98765}' % SECRET.encode())
    for secret in ("hunter2", "HUNTER2", "4111", "98765"):
        assert secret not in told(refused)


def test_what_a_class_says_about_its_fields_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Picky, "raised", staticmethod(lambda job: ValueError("the word must be one of the list, is 'x'"))
    )
    assert decoded(Picky, b'{"word":"x"}').reason == "the word must be one of the list, is '***'"


def test_a_traceback_shows_where_the_class_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picky, "raised", staticmethod(lambda job: ValueError(job.word)))
    assert "in __post_init__" in told(decoded(Picky, quoted("word")))


@pytest.mark.logs_errors("secret discarded")
@pytest.mark.parametrize(
    ("cls", "payload"), [(Model, quoted("word")), (Plain, quoted("colour")), (Attrs, quoted("word"))]
)
def test_neither_the_record_nor_the_log_shows_the_value(
    cls: type[Job], payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    runner = JobRunner(MemoryBackend(), jobs=[cls])
    runner.backend.insert(InsertParams(kind=cls.kind, payload=payload))
    assert runner.drain()
    (record,) = runner.snapshot().recent
    assert record.state == "discarded"
    assert "does not fit" in record.last_error
    shown = record.last_error + caplog.text + "".join(map(str, caplog.records))
    assert "hunter2" not in shown
    assert "4111" not in shown


def test_what_does_not_fit_is_let_go_at_once() -> None:
    registry = Registry()
    registry.register(Plain)
    codec = registry.find("secret").codec
    gc.disable()
    try:
        for call in (lambda: codec.decode(quoted("colour")), lambda: codec.encode(Plain(pin=3))):  # type: ignore[arg-type]
            with pytest.raises((DecodeError, EncodeError)) as refused:
                call()
            held = weakref.ref(refused.value)
            del refused
            assert held() is None
    finally:
        gc.enable()


class Serialized(Base, pydantic.BaseModel):
    word: str

    @pydantic.field_serializer("word")
    def _write(self, word: str) -> str:
        raise ValueError(f"cannot write {word}")


class Hiding(Base, pydantic.BaseModel):
    token: pydantic.SecretStr


@pytest.mark.parametrize(
    ("job", "place"),
    [
        (Serialized(word=SECRET), "$.word"),
        (Hiding(token=pydantic.SecretStr(SECRET)), "$.token"),
        (Plain(colour=SECRET), "$.colour"),  # type: ignore[arg-type]
        (Plain(by_name={SECRET: "x"}), "$.by_name[...]"),  # type: ignore[dict-item]
        (Plain(deep={SECRET: [Inner(colour=SECRET)]}), "$.deep[...][0].colour"),  # type: ignore[arg-type]
        (Plain(data=bytearray(SECRET.encode())), "$.data"),  # type: ignore[arg-type]
        (Model.model_construct(word=SECRET), "$.word"),
        (Model.model_construct(word=f"{SECRET}\ud800"), "$.word"),
        (Strict(word=f"{SECRET}\ud800"), "$.word"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_be_stored_is_told_by_its_place_and_without_its_value(job: Job, place: str) -> None:
    registry = Registry()
    registry.register(type(job))
    with pytest.raises(EncodeError) as refused:
        registry.find(job.kind).codec.encode(job)
    assert f"`{place}`" in refused.value.reason
    for secret in (SECRET, "hunter2", "4111"):
        assert secret not in told(refused.value)


@dataclass
class Note(Base):
    text: str = SECRET


MISUSES: list[Callable[[Any, Any], object]] = [
    lambda runner, value: runner.enqueue(value),
    lambda runner, value: runner.enqueue(Note(""), queue=value),
    lambda runner, value: runner.enqueue_in(value, value),
    lambda runner, value: runner.enqueue_at(Note(""), value),
    lambda runner, value: runner.decode(value),
    lambda runner, value: runner.register(value),
    lambda runner, value: JobRunner(runner.backend, jobs=[value]),
    lambda runner, value: runner.configure(backend=value),
    lambda runner, value: InsertParams(kind="a", payload=value),
]


@pytest.mark.parametrize("value", [Note(), [Note()], (Note(), 1), {"card": SECRET}, SECRET.encode(), Note().work])
@pytest.mark.parametrize("misuse", MISUSES)
def test_what_was_given_in_the_place_of_something_else_is_not_quoted(
    misuse: Callable[[Any, Any], object], value: object
) -> None:
    runner = JobRunner(MemoryBackend())
    with pytest.raises((TypeError, ValueError, LookupError)) as refused:
        misuse(runner, value)
    assert SECRET not in f"{refused.value} {refused.value.args}"


def test_a_job_in_the_place_of_its_class_is_not_quoted() -> None:
    with pytest.raises(TypeError, match=r"^jobs must be several job classes, not Note\(…\); write jobs=\[Note\(…\)\]$"):
        JobRunner(MemoryBackend(), jobs=Note())  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["enqueue", "decode"])
def test_a_text_that_may_be_a_payload_is_not_quoted(method: str) -> None:
    with pytest.raises(TypeError, match="a value of the class str"):
        getattr(JobRunner(MemoryBackend()), method)(SECRET)
