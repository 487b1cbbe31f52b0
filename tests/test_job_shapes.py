"""Jobs of many shapes, with values that fit their fields and with values that do not: kept as they are, or refused."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, make_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from itertools import count
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypedDict

from lazyjobs import EncodeError, Job
from tests.support.round_trips import BERLIN, Base, registered
from tests.support.strategies import random

T = TypeVar("T")
UserId = NewType("UserId", int)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    BIG = 2


class Word(StrEnum):
    YES = "yes"
    NO = "no"


class Text(str):
    __slots__ = ()


class Number(int): ...


@dataclass
class Part:
    number: int
    ratio: float = 1.5
    name: str | None = None


@dataclass
class LargerPart(Part):
    more: int = 2


@dataclass(frozen=True, slots=True)
class Coin:
    value: int


@attrs.define
class Label:
    text: str
    colour: Colour = Colour.RED


class Row(msgspec.Struct):
    cells: list[int | None] = []
    at: datetime | None = None


@dataclass
class Box(Generic[T]):
    inside: T


@dataclass
class Tree:
    value: int
    branches: "list[Tree]"


class Place(NamedTuple):
    line: int
    text: str


class Options(TypedDict):
    depth: int


class Empty(msgspec.Struct): ...


numbers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
minutes = st.integers(-23 * 60, 23 * 60).map(lambda value: timezone(timedelta(minutes=value)))
zones: Any = st.none() | st.just(UTC) | st.sampled_from([BERLIN, ZoneInfo("America/New_York")]) | minutes
times = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001 (hypothesis wants it)
days = st.dates()
ids = st.uuids()
durations = st.timedeltas(timedelta(days=-9_000), timedelta(days=9_000))
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000)
parts = st.builds(Part, numbers, floats, st.none() | texts)
trees = st.recursive(
    st.builds(Tree, numbers, st.just([])),
    lambda inner: st.builds(Tree, numbers, st.lists(inner, max_size=3)),
    max_leaves=6,
)

# An annotation, and what is right to be in such a field. Pydantic has no attrs classes and no Structs.
SHAPES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, numbers),
    (float, floats),
    (str, texts),
    (bool, st.booleans()),
    (UserId, numbers),
    (UUID, ids),
    (date, days),
    (time, st.times(timezones=st.none() | st.just(UTC))),
    (datetime, times),
    (timedelta, durations),
    (Decimal, decimals),
    (Colour, st.sampled_from(Colour)),
    (Size, st.sampled_from(Size)),
    (Word, st.sampled_from(Word)),
    (Literal["a", 1] | None, st.sampled_from(["a", 1, None])),
    (Optional[int], st.none() | numbers),  # noqa: UP045 (it is what people write)
    (int | str, numbers | texts),
    (Annotated[int, "a note"], numbers),
    (datetime | None, st.none() | times),
    (Colour | None, st.none() | st.sampled_from(Colour)),
    (list[int], st.lists(numbers, max_size=4)),
    (list[float], st.lists(floats, max_size=4)),
    (list[str | None], st.lists(st.none() | texts, max_size=4)),
    (list[datetime], st.lists(times, max_size=3)),
    (list[Colour], st.lists(st.sampled_from(Colour), max_size=3)),
    (list[Part], st.lists(parts, max_size=3)),
    (tuple[int, str], st.tuples(numbers, texts)),
    (tuple[int, ...], st.lists(numbers, max_size=3).map(tuple)),
    (set[int], st.sets(numbers, max_size=3)),
    (frozenset[str], st.frozensets(texts, max_size=3)),
    (set[Colour], st.sets(st.sampled_from(Colour))),
    (dict[str, int], st.dictionaries(texts, numbers, max_size=3)),
    (dict[int, str], st.dictionaries(numbers, texts, max_size=3)),
    (dict[UUID, date], st.dictionaries(ids, days, max_size=2)),
    (dict[Colour, bool], st.dictionaries(st.sampled_from(Colour), st.booleans())),
    (dict[str, list[Part]], st.dictionaries(texts, st.lists(parts, max_size=2), max_size=2)),
    (dict[str, Any], st.dictionaries(texts, st.none() | numbers | texts | st.lists(texts, max_size=2), max_size=3)),
    (Part, parts),
    (Part | None, st.none() | parts),
    (Coin, st.builds(Coin, numbers)),
    (Box[int], st.builds(Box, numbers)),
    (Box[list[str]], st.builds(Box, st.lists(texts, max_size=2))),
    (Tree, trees),
    (Place, st.builds(Place, numbers, texts)),
    (Options, st.fixed_dictionaries({"depth": numbers})),
]
NOT_FOR_MODELS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (bytes, st.binary(max_size=4)),
    (Label, st.builds(Label, texts, st.sampled_from(Colour))),
    (Row, st.builds(Row, st.lists(st.none() | numbers, max_size=3), st.none() | times)),
    (Box[Row], st.builds(Box, st.builds(Row))),
    (Empty, st.builds(Empty)),
]
ODD = st.one_of(
    *(strategy for _, strategy in SHAPES),
    st.sampled_from([True, 1.0, 0, "", "1", b"1", (), [], {}, set(), Text("a"), Number(3), LargerPart(1), 2**60]),
    st.sampled_from([[1.0], [True], [Size.BIG], (1, 2), {"a": 1.0}, {1: 1}, [LargerPart(1)], [None], {"a": None}]),
    st.sampled_from([float("nan"), float("inf"), -0.0, Decimal("NaN")]),
    st.builds(datetime.fromisoformat, st.just("1800-01-01T00:00:00")).map(lambda value: value.replace(tzinfo=BERLIN)),
)

Build = Callable[[dict[str, Any], dict[str, Any]], Job]
_names = count()


def _as_dataclass(**options: Any) -> Build:
    def build(hints: dict[str, Any], values: dict[str, Any]) -> Job:
        made: Any = make_dataclass(f"Job{next(_names)}", list(hints.items()), bases=(Base,), **options)
        return made(**values)  # type: ignore[no-any-return]

    return build


class Inherited(Base, msgspec.Struct):
    above: int = 1


class Modelled(Base, pydantic.BaseModel):
    above: int = 1


def _as_attrs(hints: dict[str, Any], values: dict[str, Any]) -> Job:
    made: Any = attrs.make_class(
        f"Job{next(_names)}", {name: attrs.field(type=hint) for name, hint in hints.items()}, bases=(Base,)
    )
    return made(**values)  # type: ignore[no-any-return]


def _as_struct(**options: Any) -> Build:
    def build(hints: dict[str, Any], values: dict[str, Any]) -> Job:
        made: Any = msgspec.defstruct(
            f"Job{next(_names)}", list(hints.items()), bases=(Inherited,), kw_only=True, **options
        )
        return made(**values)  # type: ignore[no-any-return]

    return build


def _as_model(hints: dict[str, Any], values: dict[str, Any]) -> Job:
    members: dict[str, Any] = {name: (hint, ...) for name, hint in hints.items()}
    made: Any = pydantic.create_model(f"Job{next(_names)}", __base__=Modelled, **members)
    return made(**values)  # type: ignore[no-any-return]


SORTS: dict[str, Build] = {
    "dataclass": _as_dataclass(),
    "frozen dataclass": _as_dataclass(frozen=True, slots=True, kw_only=True),
    "dataclass without equality": _as_dataclass(eq=False),
    "attrs": _as_attrs,
    "Struct": _as_struct(),
    "Struct as an array": _as_struct(array_like=True, frozen=True),
    "pydantic": _as_model,
}
sorts = pytest.mark.parametrize("sort", SORTS)


def form(value: Any) -> Any:
    """What a value is, without asking its own `__eq__`: its classes, and what stands in it."""
    match value:
        case None | bool():
            return value
        case Enum() if not isinstance(value, int | str):
            return type(value), value.name
        case datetime():
            return "datetime", value.replace(tzinfo=None, fold=0).isoformat(), value.utcoffset()
        case time():
            return "time", value.replace(tzinfo=None, fold=0).isoformat(), value.utcoffset()
        case str():
            return "str", str.__str__(value)
        case int():
            return "int", int.__repr__(value)
        case list() | tuple():  # what derives from them arrives as what it derives from
            return "list" if isinstance(value, list) else "tuple", [form(each) for each in value]
        case set() | frozenset():
            return type(value), sorted(map(repr, map(form, value)))
        case dict():
            return type(value), sorted([repr(form(key)), form(item)] for key, item in value.items())
    if (names := _fields_of(value)) is not None:
        return type(value), [(name, form(getattr(value, name))) for name in names]
    return type(value).__name__, repr(value)


def _fields_of(value: Any) -> list[str] | None:
    if is_dataclass(value):
        return [each.name for each in fields(value)]
    if attrs.has(type(value)):
        return [each.name for each in attrs.fields(type(value))]
    if isinstance(value, msgspec.Struct):
        return list(value.__struct_fields__)
    return list(type(value).model_fields) if isinstance(value, pydantic.BaseModel) else None


def same(one: Any, other: Any) -> bool:
    """Whether two forms are the same; an int in a field of floats arrives as a float."""
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        if one and other and one[0] == "int" and other[0] == "float":
            return float(int(one[1])) == float(other[1])
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@sorts
@random
@given(st.data())
def test_what_fits_the_fields_is_accepted_and_comes_back(sort: str, data: st.DataObject) -> None:
    shapes = SHAPES if sort == "pydantic" else SHAPES + NOT_FOR_MODELS
    drawn = data.draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=4))
    hints = {f"field_{index}": hint for index, (hint, _) in enumerate(drawn)}
    job = SORTS[sort](hints, {f"field_{index}": data.draw(values) for index, (_, values) in enumerate(drawn)})
    codec = registered(job).codec
    assert form(codec.decode(codec.encode(job))) == form(job)


@sorts
@random
@given(st.data())
def test_whatever_stands_in_a_field_comes_back_or_is_refused(sort: str, data: st.DataObject) -> None:
    shapes = SHAPES if sort == "pydantic" else SHAPES + NOT_FOR_MODELS
    hint, _ = data.draw(st.sampled_from(shapes))
    value = data.draw(ODD)
    try:
        job = SORTS[sort]({"field": hint, "other": list[int]}, {"field": value, "other": [1]})
    except pydantic.ValidationError:
        return
    codec = registered(job).codec
    try:
        payload = codec.encode(job)
    except EncodeError:
        return
    assert same(form(job), form(codec.decode(payload)))
