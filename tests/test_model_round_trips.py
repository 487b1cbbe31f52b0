"""Pydantic models through a payload and back: the same model, or a refusal that names the field."""

import math
from collections import deque
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Generic, TypeVar

import pydantic
import pytest
from pydantic_core import core_schema

from tests.support.round_trips import BERLIN, Base, Coin, Larger, Model, Pair, Part, come_back, held, modelled, refuse

T = TypeVar("T")


class Twin(pydantic.BaseModel):
    number: int = 1


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Box(pydantic.BaseModel, Generic[T]):
    content: T


MODELLED: list[tuple[Any, object]] = [
    (Model | Larger, Larger()),
    (int | str, "5"),
    (IPv4Address, IPv4Address("192.0.2.1")),
    (Path, Path("/srv/file")),
    (pydantic.AnyUrl, pydantic.AnyUrl("https://example.org/")),
    (deque[int], deque([1])),
    (complex, 1 + 2j),
    (Box[int], Box[int](content=1)),
    (Box[list[Model]], Box[list[Model]](content=[Model()])),
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


class Lazy(Base, pydantic.BaseModel):
    """Pydantic validates no defaults: what a worker would read is not what stands in the class."""

    model_config = pydantic.ConfigDict(use_enum_values=True)
    number: int = 1
    colour: Colour = Colour.RED
    url: pydantic.HttpUrl = "https://example.org"  # type: ignore[assignment]
    token: pydantic.SecretStr = pydantic.SecretStr("dev")


class Holder(pydantic.BaseModel):
    lazy: Lazy


@pytest.mark.parametrize("given", [{}, {"number": 7}, {"url": "https://example.com/a"}, {"colour": Colour.BLUE}])
def test_a_default_that_is_not_valid_comes_back_as_the_default(given: dict[str, Any]) -> None:
    job = Lazy(**given)
    assert come_back(job) == job
    nested = held(list[Holder], [Holder(lazy=job)])
    assert come_back(nested) == nested


def test_what_was_given_and_would_not_come_back_is_refused_beside_it() -> None:
    assert refuse(Lazy(token=pydantic.SecretStr("given"))).endswith("- at `$.token`")


@pytest.mark.parametrize("content", [1, "text", [1]])
@pytest.mark.parametrize("field", [Box, Box[Any]])
def test_a_generic_model_may_have_other_type_arguments_than_its_field(field: Any, content: object) -> None:
    generic: Any = Box
    for box in (Box(content=content), Box[Any](content=content), generic[type(content)](content=content)):
        back = come_back(held(field, box)).value
        assert (back.content, type(back)) == (content, field)


def test_its_content_is_compared_all_the_same() -> None:
    assert refuse(held(Box[Model], Box(content=Larger()))) == "`Larger` would arrive as `Model` - at `$.value.content`"
