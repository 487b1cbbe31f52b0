"""What `enqueue` accepts is what `work` gets: the same job, or a refusal that names the field."""

import math
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from functools import cached_property
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypedDict, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import attrs
import msgspec
import pydantic
import pytest

from lazyjobs import BaseJob, EncodeError, Job
from lazyjobs.jobs import Registration, Registry

T = TypeVar("T")
BERLIN = ZoneInfo("Europe/Berlin")


class Base(BaseJob):
    kind: ClassVar[str] = "kept"

    def work(self) -> None: ...


def registered(job: Job) -> Registration[Job]:
    registry = Registry()
    registry.register(type(job))
    return registry.find("kept")


def come_back(job: Job) -> Any:
    codec = registered(job).codec
    return codec.decode(codec.encode(job))


def refuse(job: Job) -> str:
    with pytest.raises(EncodeError) as refused:
        registered(job).codec.encode(job)
    return refused.value.reason


def held(annotation: Any, value: object) -> Job:
    """A dataclass with one field of that type."""
    made: Job = make_dataclass("Held", [("value", annotation)], bases=(Base,))(value)
    return made


def modelled(annotation: Any, value: object, default: object = ..., **config: Any) -> Job:
    """A pydantic model with one field of that type."""
    model: Any = pydantic.create_model("Modelled", __base__=(Base, pydantic.BaseModel), value=(annotation, default))
    model.model_config.update(config)
    model.model_rebuild(force=True)
    return model(value=value) if not isinstance(value, dict) else model(**value)  # type: ignore[no-any-return]


class Model(pydantic.BaseModel):
    number: int = 1


class Larger(Model):
    more: int = 2


class Twin(pydantic.BaseModel):
    number: int = 1


class Box(pydantic.BaseModel, Generic[T]):
    content: T


@dataclass
class Part:
    number: int = 1


@dataclass
class LargerPart(Part):
    more: int = 2


@dataclass(frozen=True)
class Coin:
    value: int


@dataclass(frozen=True, eq=False)
class Token:
    value: int


class Struct(msgspec.Struct, omit_defaults=True, rename="camel", tag="struct"):
    some_number: int = 1
    some_list: list[int] = []


class LargerStruct(Struct, tag="struct"):
    more: int = 2


@attrs.define
class Attrs:
    number: int = 1


@attrs.define
class LargerAttrs(Attrs):
    more: int = 2


class Pair(NamedTuple):
    left: int
    right: str


class LargerPair(Pair): ...


class Options(TypedDict):
    depth: int


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    BIG = 3


class Word(StrEnum):
    YES = "yes"


class Rights(Flag):
    READ = 1
    WRITE = 2


class Text(str):
    __slots__ = ()


class Number(int): ...


class Ratio(float): ...


class Data(bytes): ...


class Moment(datetime): ...


class Day(date): ...


class Hour(time): ...


class Span(timedelta): ...


class Price(Decimal): ...


class Id(UUID): ...


class Nanoseconds(datetime):
    """Holds more than its base does, and says so when it is compared."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = datetime.__hash__


SAME: list[tuple[Any, object]] = [
    (str, Text("a")),
    (int, Number(7)),
    (float, Ratio(0.5)),
    (bytes, Data(b"a")),
    (datetime, Moment(2030, 1, 2, 3, 4, 5, 6, UTC)),
    (datetime, Moment(2030, 1, 2)),
    (date, Day(2030, 1, 2)),
    (time, Hour(1, 2, 3, 4)),
    (timedelta, Span(1, 2, 3)),
    (Decimal, Price("1.10")),
    (UUID, Id(int=5)),
    (int, Size.BIG),
    (str, Word.YES),
    (float, 3),
    (float | None, 2**53),
    (dict[str, int], OrderedDict(b=1, a=2)),
    (dict[str, int], defaultdict(int, a=1)),
    (dict[str, int], {Text("a"): Number(1)}),
    (dict[date, int], {Day(2030, 1, 2): 1}),
    (list[str], [Text("a"), "b"]),
    (set[str], {Text("a"), "b"}),
    (tuple[int, str], Pair(1, "a")),
    (Pair, Pair(1, "a")),
    (Options, {"depth": 1}),
    (Colour, Colour.RED),
    (Rights, Rights.READ | Rights.WRITE),
    (Any, {"a": [1, None, 0.5, "b", {"c": True}]}),
    (Any, 2**70 + 1),
    (Struct, Struct(some_number=5, some_list=[1])),
    (Attrs, Attrs(4)),
    (Part, Part(4)),
    (Model, Model(number=4)),
    (set[Coin], {Coin(1), Coin(2)}),
    (frozenset[int], frozenset({1})),
    (datetime, datetime(2030, 7, 1, 12, tzinfo=BERLIN)),
    (Decimal, Decimal("1E+2")),
    (msgspec.Raw, msgspec.Raw(b'{"a":1}')),
    (dict[int, float], {1: 0.5}),
    (set[int], set(range(50))),
]


@pytest.mark.parametrize(("annotation", "value"), SAME, ids=[f"{value!r} as {each}" for each, value in SAME])
def test_what_comes_back_is_equal(annotation: Any, value: object) -> None:
    assert come_back(held(annotation, value)).value == value


LOST: list[tuple[Any, object, str]] = [
    (Part, LargerPart(), "`LargerPart` would arrive as `Part` - at `$.value`"),
    (list[Part], [Part(), LargerPart()], "`LargerPart` would arrive as `Part` - at `$.value[1]`"),
    (dict[str, Part], {"key": LargerPart()}, "`LargerPart` would arrive as `Part` - at `$.value[...]`"),
    (tuple[Part, ...], (LargerPart(),), "`LargerPart` would arrive as `Part` - at `$.value[0]`"),
    (Part | None, LargerPart(), "`LargerPart` would arrive as `Part` - at `$.value`"),
    (Struct, LargerStruct(), "`LargerStruct` would arrive as `Struct` - at `$.value`"),
    (Attrs, LargerAttrs(), "`LargerAttrs` would arrive as `Attrs` - at `$.value`"),
    (Model, Larger(), "`Larger` would arrive as `Model` - at `$.value`"),
    (Pair, LargerPair(1, "a"), "`LargerPair` would arrive as `Pair` - at `$.value`"),
    (Part, {"number": 1}, "`dict` would arrive as `Part` - at `$.value`"),
    (Part, Attrs(), "`Attrs` would arrive as `Part` - at `$.value`"),
    (Options, {"depth": 1, "width": 2}, "2 members would arrive as 1 - at `$.value`"),
    (Any, (1, 2), "`tuple` would arrive as `list` - at `$.value`"),
    (Any, [{"a": (1,)}], "`tuple` would arrive as `list` - at `$.value[0][...]`"),
    (Sequence[int], (1, 2), "`tuple` would arrive as `list` - at `$.value`"),
    (Any, {1}, "`set` would arrive as `list` - at `$.value`"),
    (Any, {1: 2}, "the key would not come back as it was given - at `$.value[...]`"),
    (Any, b"a", "`bytes` would arrive as `str` - at `$.value`"),
    (Any, datetime(2030, 1, 1, tzinfo=UTC), "`datetime` would arrive as `str` - at `$.value`"),
    (Any, Decimal("1.1"), "`Decimal` would arrive as `str` - at `$.value`"),
    (Any, Colour.RED, "`Colour` would arrive as `str` - at `$.value`"),
    (Any, Part(), "`Part` would arrive as `dict` - at `$.value`"),
    (Any, math.nan, "NaN and infinity cannot be stored as JSON - at `$.value`"),
    (dict[str, Any], {"key": math.inf}, "NaN and infinity cannot be stored as JSON - at `$.value[...]`"),
    (float, 2**53 + 1, "`int` would arrive as `float` - at `$.value`"),
    (Colour, "red", "`str` would arrive as `Colour` - at `$.value`"),
    (UUID, str(uuid4()), "`str` would arrive as `UUID` - at `$.value`"),
    (datetime, "2030-01-01T00:00:00Z", "`str` would arrive as `datetime` - at `$.value`"),
    (bytes, bytearray(b"a"), "`bytearray` would arrive as `bytes` - at `$.value`"),
    (datetime, Nanoseconds(2030, 1, 1), "the value would not come back as it was given - at `$.value`"),
    (
        datetime,
        datetime(1880, 1, 1, tzinfo=ZoneInfo("Europe/Amsterdam")),
        "the time zone would not come back as it was given - at `$.value`",
    ),
    (time, time(1, tzinfo=BERLIN), "the time zone would not come back as it was given - at `$.value`"),
    (set[Token], {Token(1)}, "one of the members would not come back as it was given - at `$.value`"),
    (Sequence[int], deque([1]), "deque objects cannot be stored as JSON - at `$.value`"),
]


@pytest.mark.parametrize(
    ("annotation", "value", "reason"), LOST, ids=[f"{value!r} as {each}" for each, value, _ in LOST]
)
def test_what_would_come_back_otherwise_is_refused_by_its_field(annotation: Any, value: object, reason: str) -> None:
    assert refuse(held(annotation, value)) == reason


def test_an_hour_that_comes_twice_is_told_from_the_other() -> None:
    for fold, offset in ((0, 2), (1, 1)):
        back = come_back(held(datetime, datetime(2030, 10, 27, 2, 30, tzinfo=BERLIN, fold=fold))).value
        assert (back.hour, back.utcoffset()) == (2, timedelta(hours=offset))


def test_a_payload_may_be_nested_as_deep_as_the_contract_allows() -> None:
    deep: list[Any] = []
    for _ in range(450):
        deep = [deep]
    assert come_back(held(Any, deep)).value == deep


MODELLED: list[tuple[Any, object]] = [
    (Model | Larger, Larger()),
    (int | str, "5"),
    (IPv4Address, IPv4Address("192.0.2.1")),
    (Path, Path("/srv/file")),
    (pydantic.AnyUrl, pydantic.AnyUrl("https://example.org/")),
    (deque[int], deque([1])),
    (complex, 1 + 2j),
    (Box[int], Box[int](content=1)),
    (dict[int, list[Model]], {1: [Model()]}),
    (datetime, datetime(2030, 7, 1, tzinfo=BERLIN)),
    (Pair, Pair(1, "a")),
    (Part, Part(3)),
    (set[Coin], {Coin(1)}),
]


@pytest.mark.parametrize(("annotation", "value"), MODELLED, ids=[str(each) for each, _ in MODELLED])
def test_a_model_comes_back_as_it_was(annotation: Any, value: object) -> None:
    job = modelled(annotation, {"value": value})
    assert come_back(job) == job


def test_a_value_that_has_worked_out_something_since_is_the_same() -> None:
    path = Path("/srv/file")
    assert str(path) in {str(path): hash(path)}
    assert come_back(modelled(Path, path)).value == path


MODELS_LOST: list[tuple[Any, object, str]] = [
    (pydantic.SecretStr, pydantic.SecretStr("hush"), "`SecretStr`"),
    (pydantic.SecretBytes, pydantic.SecretBytes(b"hush"), "`SecretBytes`"),
    (list[pydantic.SecretStr], [pydantic.SecretStr("hush")], "- at `$.value[0]`"),
    (Model, Larger(), "`Larger` would arrive as `Model`"),
    (pydantic.SerializeAsAny[Model], Larger(), "`Larger` would arrive as `Model`"),
    (Model | Twin, Twin(), "`Twin` would arrive as `Model`"),
    (Any, (1, 2), "`tuple` would arrive as `list`"),
    (Any, Model(), "`Model` would arrive as `dict`"),
    (float | None, math.nan, "NaN and infinity cannot be stored as JSON"),
]


@pytest.mark.parametrize(("annotation", "value", "reason"), MODELS_LOST, ids=[str(each) for each, _, _ in MODELS_LOST])
def test_what_a_model_would_lose_is_refused_by_its_field(annotation: Any, value: object, reason: str) -> None:
    told = refuse(modelled(annotation, value))
    assert reason in told
    assert "$.value" in told


ALIASES: list[Any] = [
    {"validation_alias": "userName"},
    {"serialization_alias": "userName"},
    {"validation_alias": "userName", "serialization_alias": "user-name"},
    {"validation_alias": pydantic.AliasChoices("user", "name")},
    {"validation_alias": pydantic.AliasPath("user", "name")},
    {"alias": "userName"},
]


@pytest.mark.parametrize("default", ["nobody", ...])
@pytest.mark.parametrize("names", ALIASES, ids=str)
def test_a_field_by_another_name_comes_back(names: dict[str, Any], default: Any) -> None:
    fields: dict[str, Any] = {"name": (str, pydantic.Field(default, **names)), "inner": (list[Model], [])}
    model: Any = pydantic.create_model("Renamed", __base__=(Base, pydantic.BaseModel), **fields)
    model.model_config["populate_by_name"] = True
    model.model_rebuild(force=True)
    job = model(name="ada", inner=[Model(number=3)])
    assert come_back(job) == job


class Written(Base, pydantic.BaseModel):
    number: int = 1
    left_out: int = pydantic.Field(default=2, exclude=True)

    @pydantic.field_serializer("number")
    def _write(self, number: int) -> int:
        return min(10, number)

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def double(self) -> int:
        return self.number * 2


def test_what_a_serializer_or_an_exclusion_drops_is_refused_when_there_is_something() -> None:
    assert come_back(Written(number=3)) == Written(number=3)
    assert refuse(Written(number=11)).endswith("- at `$.number`")
    assert refuse(Written(left_out=3)).endswith("- at `$.left_out`")


def test_a_validator_that_changes_what_it_has_changed_is_refused() -> None:
    class Hashed(Base, pydantic.BaseModel):
        word: str

        @pydantic.field_validator("word")
        @classmethod
        def _hash(cls, word: str) -> str:
            return f"#{word}"

    assert refuse(Hashed(word="a")) == "the value would not come back as it was given - at `$.word`"


class Open(Base, pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")


def test_members_beside_the_fields_come_back_or_are_refused() -> None:
    assert come_back(Open(more=[1])) == Open(more=[1])  # type: ignore[call-arg]
    assert refuse(Open(more=(1,))) == "`tuple` would arrive as `list` - at `$[...]`"  # type: ignore[call-arg]


class Private(Base, pydantic.BaseModel):
    _word: str = pydantic.PrivateAttr("nobody")
    _lock: object = pydantic.PrivateAttr(default_factory=object)


def test_a_private_attribute_is_not_stored_so_it_has_its_default() -> None:
    come_back(Private())
    changed = Private()
    changed._word = "ada"
    assert refuse(changed) == "the value would not come back as it was given - at `$._word`"


class Lying:
    """Says that it is equal to everything, raises when asked, or answers with an array."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        schema = pydantic.TypeAdapter(str).core_schema
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls(value),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.answer),
            json_schema_input_schema=schema,
        )

    def __eq__(self, other: object) -> Any:
        if self.answer == "raises":
            raise RuntimeError("no")
        return [False, True] if self.answer == "array" else True

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("answer", ["raises", "array", "lies"])
def test_values_are_compared_by_what_they_hold_and_not_by_what_they_say(answer: str) -> None:
    assert come_back(modelled(Lying, Lying(answer))).value.answer == answer
    lost = modelled(Lying, Lying(answer))
    lost.value.answer = (1, 2)  # type: ignore[attr-defined]
    assert "$.value" in refuse(lost)


@dataclass(eq=False)
class Bare(Base):
    part: Part = field(default_factory=Part)

    @cached_property
    def slow(self) -> int:
        return 3


def test_a_class_without_an_equality_is_compared_by_its_fields() -> None:
    job = Bare(Part(4))
    assert job.slow == 3
    assert come_back(job).part == Part(4)
    assert refuse(Bare(LargerPart())) == "`LargerPart` would arrive as `Part` - at `$.part`"


@dataclass
class Rebuilt(Base):
    word: str
    parts: list[Part] = field(default_factory=list)
    times: int = 0
    made_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.word = self.word.strip()
        self.times += 1
        self.made_at = datetime.now(UTC)


def test_what_a_class_does_whenever_it_is_built_it_does_again() -> None:
    job = Rebuilt(" a ")
    back = come_back(job)
    assert (back.word, job.times, back.times) == ("a", 1, 2)
    assert back.made_at >= job.made_at


def test_that_excuses_nothing_else() -> None:
    assert refuse(Rebuilt("a", [LargerPart()])) == "`LargerPart` would arrive as `Part` - at `$.parts[0]`"


def test_a_field_that_is_no_argument_comes_back_or_is_refused() -> None:
    @dataclass
    class Counted(Base):
        number: int
        seen: int = field(init=False, default=0)

    job = Counted(1)
    job.seen = 9
    assert come_back(job) == job

    @attrs.define
    class CountedAttrs(Base):
        number: int
        seen: int = attrs.field(init=False, default=0)

        def __attrs_post_init__(self) -> None:
            self.number = abs(self.number)

    kept = CountedAttrs(1)
    kept.seen = 9
    assert come_back(kept) == kept


def double(number: int) -> int:
    return number * 2


def test_a_converter_of_attrs_has_done_its_work() -> None:
    @attrs.define
    class Doubled(Base):
        number: int = attrs.field(converter=double)

    assert come_back(Doubled(2)) == Doubled(2)


def test_a_field_that_was_deleted_is_refused() -> None:
    job = Bare()
    del job.part
    assert "part" in refuse(job)
