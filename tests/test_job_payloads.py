"""Payloads of jobs: what goes in comes out, and what would not is refused with the name of the field."""

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazyjobs import BaseJob, DecodeError, EncodeError, Job
from lazyjobs.jobs import Registration, Registry
from tests.support import strategies as drawn


@cache
def registered(cls: type[Job]) -> Registration[Job]:
    registry = Registry()
    registry.register(cls)
    return registry.find(cls.kind)


def encode(job: Job) -> bytes:
    return registered(type(job)).codec.encode(job)


def decode(cls: type[Job], payload: bytes) -> Job:
    return registered(cls).codec.decode(payload)


def round_trip(job: Job) -> Job:
    return decode(type(job), encode(job))


def refuse_to_encode(job: Job) -> str:
    with pytest.raises(EncodeError) as refused:
        encode(job)
    assert refused.value.kind == job.kind
    assert refused.value.__cause__ is not None
    return refused.value.reason


def refuse_to_decode(cls: type[Job], payload: bytes) -> str:
    with pytest.raises(DecodeError) as refused:
        decode(cls, payload)
    assert refused.value.kind == cls.kind
    assert refused.value.__cause__ is not None
    return refused.value.reason


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    BIG = 2


class Base(BaseJob):
    __slots__ = ()
    kind = "sent"

    def work(self) -> None: ...


@dataclass
class Plain(Base):
    user_id: int
    name: str = "nobody"


@dataclass(frozen=True, slots=True)
class Frozen(Base):
    user_id: int
    name: str = "nobody"


@dataclass(kw_only=True)
class Keyword(Base):
    user_id: int
    name: str = "nobody"


@attrs.define
class Attrs(Base):
    user_id: int
    name: str = "nobody"


@attrs.frozen
class FrozenAttrs(Base):
    user_id: int
    name: str = "nobody"


class Struct(Base, msgspec.Struct):
    user_id: int
    name: str = "nobody"


class FrozenStruct(Base, msgspec.Struct, frozen=True, kw_only=True):
    user_id: int
    name: str = "nobody"


class Model(Base, pydantic.BaseModel):
    kind: ClassVar[str] = "sent"
    user_id: int
    name: str = "nobody"


SORTS: list[Any] = [Plain, Frozen, Keyword, Attrs, FrozenAttrs, Struct, FrozenStruct, Model]
sorts = pytest.mark.parametrize("cls", SORTS)


@sorts
def test_every_sort_of_class_comes_back_as_it_was(cls: Any) -> None:
    job = cls(user_id=7, name="Ada \U0001f40c")
    assert json.loads(encode(job)) == {"user_id": 7, "name": "Ada \U0001f40c"}
    assert round_trip(job) == job
    assert type(round_trip(job)) is cls


@sorts
def test_a_field_that_is_not_stored_has_its_default(cls: Any) -> None:
    assert decode(cls, b'{"user_id":7}') == cls(user_id=7, name="nobody")


@sorts
def test_a_field_that_nobody_knows_is_passed_over(cls: Any) -> None:
    assert decode(cls, b'{"user_id":7,"since":"2030","kind":"other"}') == cls(user_id=7)


@sorts
def test_a_missing_field_is_named(cls: Any) -> None:
    reason = refuse_to_decode(cls, b'{"name":"Ada"}')
    assert "user_id" in reason
    assert "required" in reason


@sorts
def test_an_ill_typed_field_is_named(cls: Any) -> None:
    for value in ("seven", None, ["seven"], 1.5):
        assert "user_id" in refuse_to_decode(cls, json.dumps({"user_id": value}).encode())


@sorts
def test_a_payload_that_is_no_object_is_refused(cls: Any) -> None:
    for payload in (b"[]", b'"text"', b"null", b"7"):
        assert "object" in refuse_to_decode(cls, payload)


@pytest.mark.parametrize("cls", [sort for sort in SORTS if sort is not Model])
def test_an_ill_typed_job_is_refused_before_it_is_stored(cls: Any) -> None:
    assert refuse_to_encode(cls(user_id="seven")) == "Expected `int`, got `str` - at `$.user_id`"
    assert refuse_to_encode(cls(user_id=7, name=None)) == "Expected `str`, got `null` - at `$.name`"
    assert refuse_to_encode(cls(user_id=True)) == "Expected `int`, got `bool` - at `$.user_id`"


def test_an_ill_typed_model_is_refused_before_it_is_stored_and_without_a_warning() -> None:
    assert "valid integer" in refuse_to_encode(Model.model_construct(user_id="seven"))
    job = Model(user_id=7)
    job.name = None  # type: ignore[assignment]
    assert "valid string" in refuse_to_encode(job)


def test_a_job_without_fields_is_an_empty_object() -> None:
    job = Base()
    assert encode(job) == b"{}"
    assert type(round_trip(job)) is Base
    assert type(decode(Base, b'{"left":"over"}')) is Base
    assert "object" in refuse_to_decode(Base, b"[]")


@dataclass
class Place:
    name: str
    at: tuple[float, float] = (0.0, 0.0)


class Tag(msgspec.Struct, tag=True):
    text: str


class Mark(msgspec.Struct, tag=True):
    colour: Colour


@dataclass
class Everything(Base):
    count: int
    ratio: float
    text: str
    data: bytes
    flag: bool
    when: datetime
    local: datetime
    day: date
    hour: time
    span: timedelta
    id: UUID
    price: Decimal
    colour: Colour
    size: Size
    maybe: int | str | None
    places: list[Place]
    label: Tag | Mark
    names: set[str]
    sizes: frozenset[Size]
    nested: dict[str, dict[int, list[Place]]]
    by_id: dict[UUID, Decimal]
    anything: Any


numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(codec="utf-8"), max_size=8)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
places = st.lists(st.builds(Place, words, st.tuples(numbers, numbers)), max_size=3)
minutes = st.integers(-23 * 60, 23 * 60).map(lambda offset: timezone(timedelta(minutes=offset)))

everything = st.builds(
    Everything,
    count=st.integers(),
    ratio=numbers,
    text=words,
    data=st.binary(),
    flag=st.booleans(),
    when=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=minutes),  # noqa: DTZ001
    local=st.datetimes(),
    day=st.dates(),
    hour=st.times(),
    span=st.timedeltas(),
    id=st.uuids(),
    price=decimals,
    colour=st.sampled_from(Colour),
    size=st.sampled_from(Size),
    maybe=st.none() | st.integers() | words,
    places=places,
    label=st.builds(Tag, words) | st.builds(Mark, st.sampled_from(Colour)),
    names=st.sets(words, max_size=3),
    sizes=st.frozensets(st.sampled_from(Size)),
    nested=st.dictionaries(words, st.dictionaries(st.integers(-(2**63), 2**63 - 1), places, max_size=2), max_size=2),
    by_id=st.dictionaries(st.uuids(), decimals, max_size=2),
    anything=st.recursive(st.none() | st.booleans() | words, lambda inner: st.lists(inner, max_size=2)),
)


@settings(drawn.random, max_examples=40)
@given(everything)
def test_values_of_every_type_come_back_as_they_were(job: Everything) -> None:
    back = round_trip(job)
    assert isinstance(back, Everything)
    assert back == job
    assert repr(back.price) == repr(job.price)
    assert math.copysign(1, back.ratio) == math.copysign(1, job.ratio)


def test_each_value_is_stored_as_people_would_write_it() -> None:
    @dataclass
    class Values(Base):
        when: datetime
        id: UUID
        price: Decimal
        colour: Colour
        data: bytes
        span: timedelta

    job = Values(
        when=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        id=UUID(int=1),
        price=Decimal("1.10"),
        colour=Colour.RED,
        data=b"abc",
        span=timedelta(seconds=90),
    )
    assert json.loads(encode(job)) == {
        "when": "2030-01-02T03:04:05Z",
        "id": "00000000-0000-0000-0000-000000000001",
        "price": "1.10",
        "colour": "red",
        "data": "YWJj",
        "span": "PT90S",
    }


@dataclass
class Loose(Base):
    ratio: float | None = None
    text: str = ""
    count: int = 0
    ratios: dict[str, list[float | None]] = field(default_factory=dict)
    anything: Any = None
    place: Place | None = None


UNSTORABLE: list[tuple[Loose, str]] = [
    (Loose(ratio=math.nan), "NaN and infinity cannot be stored as JSON - at `$.ratio`"),
    (Loose(ratio=-math.inf), "NaN and infinity cannot be stored as JSON - at `$.ratio`"),
    (Loose(ratios={"a": [1.0, math.inf]}), "NaN and infinity cannot be stored as JSON - at `$.ratios[...][1]`"),
    (Loose(anything=[{"a": math.nan}]), "NaN and infinity cannot be stored as JSON - at `$.anything[0][...]`"),
    (Loose(place=Place("a", (0.0, math.nan))), "Expected `float`, got `null` - at `$.place.at[1]`"),
    (Loose(anything=object()), "object objects cannot be stored as JSON - at `$.anything`"),
    (Loose(anything={(1, 2): 3}), "tuple objects cannot be stored as JSON - at `$.anything`"),
    (Loose(place=Place(name=7)), "Expected `str`, got `int` - at `$.place.name`"),  # type: ignore[arg-type]
    (Loose(place="here"), "Expected `object | null`, got `str` - at `$.place`"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("job", "reason"), UNSTORABLE, ids=[reason for _, reason in UNSTORABLE])
def test_a_value_that_json_does_not_know_is_refused_by_its_field(job: Loose, reason: str) -> None:
    assert refuse_to_encode(job) == reason


HALVES = [Plain(1, "\ud800"), Attrs(1, "\udfff"), Struct(1, "a\ud83d"), Model(user_id=1, name="\ud800")]


@pytest.mark.parametrize("job", HALVES, ids=[type(job).__name__ for job in HALVES])
def test_half_a_character_is_refused_by_its_field(job: Job) -> None:
    reason = refuse_to_encode(job)
    assert "surrogates not allowed" in reason
    assert reason.endswith(" - at `$.name`")


def test_nothing_at_all_is_no_infinity() -> None:
    job = Loose(ratio=None, text="null", ratios={"a": [None, 0.5]})
    assert round_trip(job) == job


@pytest.mark.parametrize("count", [2**63, 2**64, -(2**63) - 1, 2**200, -(10**1000)])
def test_an_int_may_be_huge(count: int) -> None:
    assert round_trip(Loose(count=count)) == Loose(count=count)


def test_an_int_that_json_readers_give_up_on_is_refused_by_its_field() -> None:
    assert "count" in refuse_to_encode(Loose(count=10**5000))


def test_a_value_nested_without_end_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert "anything" in refuse_to_encode(Loose(anything=endless))


@pytest.mark.parametrize("payload", [b"", b"{", b'{"user_id":7', b'{"user_id":7}}', b'{"user_id":7,"name":"\xff"}'])
def test_bytes_that_are_no_json_are_refused(payload: bytes) -> None:
    refuse_to_decode(Plain, payload)


@drawn.random
@given(st.binary() | drawn.payloads)
def test_any_payload_is_decoded_or_refused(payload: bytes) -> None:
    try:
        job = decode(Loose, payload)
    except DecodeError:
        return
    assert isinstance(job, Loose)


@dataclass
class Guarded(Base):
    number: int = 0
    raised: ClassVar[BaseException | None] = None

    def __post_init__(self) -> None:
        if self.raised is not None:
            raise self.raised


RAISED = [
    (ValueError("no odd numbers"), "no odd numbers"),
    (TypeError("no numbers"), "no numbers"),
    (KeyError("number"), "KeyError: 'number'"),
    (RuntimeError(), "RuntimeError"),
    (SystemExit(3), "SystemExit: 3"),
    (KeyboardInterrupt(), "KeyboardInterrupt"),
]


@pytest.mark.parametrize(("error", "reason"), RAISED, ids=[reason for _, reason in RAISED])
def test_a_class_that_refuses_its_own_fields_is_believed(
    error: BaseException, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guarded, "raised", error)
    assert refuse_to_decode(Guarded, b'{"number":1}') == reason


def test_a_job_that_its_class_would_refuse_to_read_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Guarded(1)
    monkeypatch.setattr(Guarded, "raised", ValueError("no odd numbers"))
    assert refuse_to_encode(job) == "no odd numbers"


def test_an_attrs_validator_is_asked() -> None:
    @attrs.define
    class Checked(Base):
        number: int = attrs.field(validator=attrs.validators.gt(3))

    assert round_trip(Checked(4)) == Checked(4)
    assert "'number' must be > 3" in refuse_to_decode(Checked, b'{"number":1}')


def test_a_struct_may_refuse_unknown_fields() -> None:
    class Strict(Base, msgspec.Struct, forbid_unknown_fields=True):
        number: int = 0

    assert "`more`" in refuse_to_decode(Strict, b'{"number":1,"more":2}')


class Address(pydantic.BaseModel):
    street: str = pydantic.Field(alias="Street", min_length=1)
    number: float | None = None

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def line(self) -> str:
        return f"{self.street} {self.number}"


@dataclass
class Letter(Base):
    to: Address
    copies: list[Address] = field(default_factory=list)
    by_name: dict[str, Address | None] = field(default_factory=dict)


def test_models_inside_a_dataclass_come_back_as_they_were() -> None:
    home, work = Address(Street="Elm", number=1), Address(Street="Oak")
    job = Letter(to=home, copies=[home, work], by_name={"a": work, "b": None})
    assert round_trip(job) == job
    assert json.loads(encode(job))["to"] == {"Street": "Elm", "number": 1.0}


def test_a_model_inside_a_dataclass_is_validated_and_its_place_told() -> None:
    reason = refuse_to_decode(Letter, b'{"to":{"Street":"Elm"},"copies":[{"Street":"Oak"},{"Street":""}]}')
    assert "Street" in reason
    assert reason.endswith(" - at `$.copies[1]`")
    assert "to" in refuse_to_decode(Letter, b'{"to":"Elm"}')


def test_a_number_that_a_model_would_lose_is_refused_by_its_field() -> None:
    lost = Address(Street="Elm", number=math.nan)
    reason = "NaN and infinity cannot be stored as JSON - at `$.copies[0].number`"
    assert refuse_to_encode(Letter(to=Address(Street="Oak"), copies=[lost])) == reason


class Order(Base, pydantic.BaseModel):
    model_config = pydantic.ConfigDict(ser_json_inf_nan="strings", extra="forbid")
    kind: ClassVar[str] = "sent"
    items: pydantic.Json[list[int]]
    address: Address | None = None
    ratio: float = 0.0
    big: int = 0

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        return sum(self.items)


def test_a_model_comes_back_without_what_is_computed_and_with_what_is_json_in_json() -> None:
    job = Order(items="[1,2]", address=Address(Street="Elm"), big=2**70)  # type: ignore[arg-type]
    assert round_trip(job) == job


def test_a_model_that_writes_nan_as_text_may() -> None:
    back = round_trip(Order(items="[]", ratio=math.nan))  # type: ignore[arg-type]
    assert isinstance(back, Order)
    assert math.isnan(back.ratio)


def test_what_only_a_model_can_write_is_not_taken_for_the_culprit() -> None:
    class Ordered(Base, pydantic.BaseModel):
        kind: ClassVar[str] = "sent"
        link: pydantic.AnyUrl
        name: str

    link = pydantic.AnyUrl("https://example.org/")
    assert round_trip(Ordered(link=link, name="a")) == Ordered(link=link, name="a")
    assert refuse_to_encode(Ordered(link=link, name="\ud800")).endswith(" - at `$.name`")


def test_a_model_may_be_a_list() -> None:
    class Ids(Base, pydantic.RootModel[list[int]]):
        kind: ClassVar[str] = "sent"

    assert encode(Ids([1, 2])) == b"[1,2]"
    assert round_trip(Ids([1, 2])) == Ids([1, 2])
