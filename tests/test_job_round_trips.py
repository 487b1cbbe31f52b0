"""What `enqueue` accepts is what `work` gets: the same job, or a refusal that names the field."""

import math
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from functools import cached_property
from typing import Any, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec
import pytest

from tests.support.round_trips import BERLIN, Base, Coin, Larger, LargerPart, Model, Pair, Part, come_back, held, refuse


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
    (float, Size.BIG),
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


@pytest.mark.parametrize(
    ("annotation", "value"), SAME, ids=[f"{type(value).__name__} as {each}" for each, value in SAME]
)
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
    (UUID, str(UUID(int=5)), "`str` would arrive as `UUID` - at `$.value`"),
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
    ("annotation", "value", "reason"), LOST, ids=[f"{type(value).__name__} as {each}" for each, value, _ in LOST]
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
