"""The arguments of Django's tasks: what derives from what JSON holds arrives as that, what would be lost is refused."""

import math
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, namedtuple
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from django.db.models import IntegerChoices, TextChoices
from django.test import override_settings
from django.utils.safestring import SafeString, mark_safe

import tests.support.django_setup  # noqa: F401 (before any task)
from lazyjobs import EncodeError, JobRunner
from lazyjobs.integrations.django import get_runner
from tests.support.django_site import tasks


@pytest.fixture(autouse=True)
def runner() -> Iterator[JobRunner]:
    entry = {"BACKEND": "lazyjobs.integrations.django.LazyJobsBackend", "QUEUES": [], "OPTIONS": {"url": "memory://"}}
    tasks.told.clear()
    with override_settings(TASKS={"default": entry, "other": entry}):
        yield get_runner()


class Level(IntegerChoices):  # type: ignore[misc]
    HIGH = 3


class Colour(TextChoices):  # type: ignore[misc]
    RED = "red"


class Size(IntEnum):
    BIG = 2


class Word(StrEnum):
    YES = "yes"


class Pair(NamedTuple):
    left: int
    right: str


class Ratio(float): ...


class Names(list[str]): ...


Point = namedtuple("Point", "x y")  # noqa: PYI024 (the untyped sort, too)

ARGUMENTS: list[tuple[Any, Any]] = [
    (mark_safe("<b>hi</b>"), "<b>hi</b>"),
    (SafeString("\U0001f40c"), "\U0001f40c"),
    (Level.HIGH, 3),
    (Colour.RED, "red"),
    (Size.BIG, 2),
    (Word.YES, "yes"),
    (Ratio(0.5), 0.5),
    (OrderedDict(b=1, a=mark_safe("x")), {"b": 1, "a": "x"}),
    (defaultdict(list, a=[1]), {"a": [1]}),
    (Counter("aab"), {"a": 2, "b": 1}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    (ChainMap({"a": 1}), {"a": 1}),
    (UserDict(a=1), {"a": 1}),
    ({Colour.RED: Level.HIGH, mark_safe("k"): None}, {"red": 3, "k": None}),
    (Pair(1, mark_safe("a")), [1, "a"]),
    (Point(1, 2), [1, 2]),
    (Names("ab"), ["a", "b"]),
    (UserList([1, True]), [1, True]),
    (range(3), [0, 1, 2]),
    ([True, None, {"deep": [(Level.HIGH,)]}], [True, None, {"deep": [[3]]}]),
]


@pytest.mark.parametrize(("given", "arrives"), ARGUMENTS, ids=[type(given).__name__ for given, _ in ARGUMENTS])
def test_what_derives_from_what_json_holds_arrives_as_that(runner: JobRunner, given: Any, arrives: Any) -> None:
    result = tasks.tell.enqueue(given, named=given)
    assert runner.drain()
    assert tasks.told == [([arrives], {"named": arrives})]
    for held in (result.args[0], result.kwargs["named"], *tasks.told[0][0]):
        assert repr(held) == repr(arrives)


class Plain(Enum):
    RED = "red"


REFUSED: list[Any] = [Plain.RED, datetime(2030, 1, 1), Decimal(1), {1}, object(), UserString("a"), 1 + 2j, {(1, 2): 3}]  # noqa: DTZ001


def endless() -> list[Any]:
    holding: list[Any] = []
    holding.append(holding)
    return holding


REFUSED.append(endless())


@pytest.mark.parametrize("given", REFUSED, ids=[type(given).__name__ for given in REFUSED])
def test_what_json_does_not_hold_is_refused_and_nothing_is_stored(runner: JobRunner, given: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        tasks.tell.enqueue(given)
    with pytest.raises((TypeError, ValueError)):
        tasks.tell.enqueue(named=[given])
    assert runner.backend.stats().total == 0


CHANGED: dict[str, Any] = {
    "nan": math.nan,
    "infinity": math.inf,
    "a number as a key": {1: "a"},
    "None as a key": {None: "a"},
    "keys that become one": {1: "a", "1": "b"},
    "half a character": "\ud800",
    "a number too long": 10**5000,
}


@pytest.mark.parametrize("given", CHANGED.values(), ids=CHANGED)
def test_what_would_arrive_as_something_else_is_refused_and_nothing_is_stored(runner: JobRunner, given: Any) -> None:
    with pytest.raises(EncodeError, match="args"):
        tasks.tell.enqueue(given)
    assert runner.backend.stats().total == 0
