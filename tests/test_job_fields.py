"""The fields of jobs: what can be stored is accepted at registration, what cannot is refused by name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, make_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest

from lazyjobs import BaseJob, InvalidJobError, Job
from lazyjobs.jobs import Registry

T = TypeVar("T")
UserId = NewType("UserId", int)
Positive = Annotated[int, msgspec.Meta(gt=0)]


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    BIG = 3


class Word(StrEnum):
    YES = "yes"


class Opaque:
    """A class of which nobody knows how to store it."""


class Model(pydantic.BaseModel):
    number: int = 0


class Struct(msgspec.Struct):
    number: int = 0


class Pair(NamedTuple):
    left: int
    right: str


class Options(TypedDict, total=False):
    depth: int


@dataclass
class Inner:
    colour: Colour = Colour.RED


@dataclass
class Boxed(Generic[T]):
    content: T


@dataclass
class Node:
    children: list["Node"] = field(default_factory=list)


@dataclass
class Broken:
    handle: Opaque


class Base(BaseJob):
    kind = "held"

    def work(self) -> None: ...


def as_dataclass(annotation: object, name: str = "value") -> type[Job]:
    return make_dataclass("Held", [(name, annotation)], bases=(Base,))


def as_attrs(annotation: object, name: str = "value") -> type[Job]:
    held: type[Job] = attrs.define(type("Held", (Base,), {"__annotations__": {name: annotation}}))
    return held


def as_struct(annotation: object, name: str = "value") -> type[Job]:
    work = {"kind": "held", "work": Base.work}
    return msgspec.defstruct("Held", [(name, annotation)], namespace=work)  # type: ignore[return-value]


Make = Callable[..., type[Job]]
SORTS: Sequence[Make] = (as_dataclass, as_attrs, as_struct)
sorts = pytest.mark.parametrize("make", SORTS)


def refuse(cls: type) -> str:
    registry = Registry()
    with pytest.raises(InvalidJobError) as refused:
        registry.register(cls)
    assert registry.definitions() == ()
    return str(refused.value)


ACCEPTED: Sequence[object] = [
    *(bool, int, float, str, bytes, bytearray, memoryview, None, Any),
    *(datetime, date, time, timedelta, UUID, Decimal, UserId, Positive),
    *(Colour, Size, Word, Literal["a", 1], Optional[int], Union[int, str, None], int | float),  # noqa: UP007, UP045
    *(list, dict, set, tuple, list[int], set[str], frozenset[UUID], tuple[int, str], tuple[int, ...]),
    *(Sequence[int], Mapping[str, list[Colour]]),
    *(dict[str, Any], dict[int, str], dict[float, str], dict[UUID, str], dict[datetime, str], dict[Colour, str]),
    *(dict[bytes, str], dict[int | str, str], dict[Literal["a", "b"], int]),
    *(Inner, Struct, Model, Pair, Options, Node, Boxed[int], list[Model], Model | None, dict[str, Inner]),
]


@pytest.mark.parametrize("annotation", ACCEPTED, ids=str)
def test_what_json_can_hold_is_accepted(annotation: object) -> None:
    for make in SORTS:
        cls = make(annotation)
        assert Registry().register(cls) is cls


REFUSED: Sequence[tuple[object, str]] = [
    (Opaque, "value is of the type <class 'tests.test_job_fields.Opaque'>, which cannot be stored as JSON"),
    (object, "value is of the type <class 'object'>, which cannot be stored as JSON"),
    (complex, "value is of the type <class 'complex'>, which cannot be stored as JSON"),
    (Path, f"value is of the type {Path!r}, which cannot be stored as JSON"),
    (Callable[[], None], "value is of the type <class 'collections.abc.Callable'>, which cannot be stored as JSON"),
    (Iterator[int], "value is of the type <class 'collections.abc.Iterator'>, which cannot be stored as JSON"),
    (type[int], "value is of the type <class 'type'>, which cannot be stored as JSON"),
    (pydantic.SecretStr, "value is of the type <class 'pydantic.types.SecretStr'>, which cannot be stored as JSON"),
    (Opaque | None, "value is of the type <class 'tests.test_job_fields.Opaque'>, which cannot be stored as JSON"),
    (list[complex], "value (its items) is of the type <class 'complex'>, which cannot be stored as JSON"),
    (tuple[int, complex], "value is of the type <class 'complex'>, which cannot be stored as JSON"),
    (dict[str, complex], "value (its values) is of the type <class 'complex'>, which cannot be stored as JSON"),
    (dict[complex, str], "value (its keys) is of the type <class 'complex'>, which cannot be stored as JSON"),
    *(
        (dict[key, str], "value has keys that cannot be stored as JSON names")  # type: ignore[valid-type]
        for key in (
            bool,
            None,
            tuple[int, int],
            tuple,
            frozenset[int],
            Inner,
            Struct,
            Pair,
            msgspec.Raw,
            str | tuple[int, ...],
        )
    ),
    (Broken, "value.handle is of the type <class 'tests.test_job_fields.Opaque'>, which cannot be stored as JSON"),
    (
        dict[str, list[Broken]],
        (
            "value (its values) (its items).handle is of the type <class 'tests.test_job_fields.Opaque'>, "
            "which cannot be stored as JSON"
        ),
    ),
    (msgspec.msgpack.Ext, "value is a msgspec Ext, which cannot be stored as JSON"),
]


@pytest.mark.parametrize(("annotation", "reason"), REFUSED, ids=[str(annotation) for annotation, _ in REFUSED])
def test_what_json_cannot_hold_is_refused_by_the_name_of_the_field(annotation: object, reason: str) -> None:
    for make in SORTS:
        assert refuse(make(annotation)) == f"Held.{reason}".replace("tests.test_job_fields", __name__)


@sorts
@pytest.mark.parametrize("annotation", [list[int] | set[int], bytes | str, int | complex, dict[str, int] | Inner])
def test_a_union_that_json_cannot_tell_apart_is_refused_by_the_name_of_the_field(
    make: Make, annotation: object
) -> None:
    assert refuse(make(annotation)).startswith("Held.value cannot be understood: Type unions ")


@sorts
def test_the_name_of_no_type_is_refused(make: Make) -> None:
    assert "the fields of Held cannot be understood: name 'Missing' is not defined" in refuse(make("Missing"))


@pytest.mark.parametrize(("name", "value"), [("kind", "held"), ("job_queue", "mail"), ("job_max_attempts", 3)])
def test_what_the_class_says_is_no_field(name: str, value: object) -> None:
    held = make_dataclass("Held", [(name, type(value), value)], bases=(Base,))
    assert refuse(held) == f"Held.{name} is a field; annotate it as ClassVar, it is not part of the payload"


def test_a_kind_that_each_job_chooses_is_none() -> None:
    assert "Held has no kind" in refuse(msgspec.defstruct("Held", [("kind", str)], namespace={"work": Base.work}))


@pytest.mark.parametrize("make", [as_dataclass, as_attrs])
def test_a_private_field_would_be_lost_and_is_refused(make: Make) -> None:
    reason = "begins with an underscore, and such fields are not stored; rename it"
    assert refuse(make(int, "_secret")) == f"Held._secret {reason}"


def test_a_private_field_of_a_struct_is_stored_and_so_accepted() -> None:
    Registry().register(as_struct(int, "_secret"))


def test_a_private_field_further_in_is_refused_by_its_path() -> None:
    inner = make_dataclass("Private", [("_secret", int)])
    assert refuse(as_dataclass(list[inner])).startswith("Held.value (its items)._secret begins with an underscore")  # type: ignore[valid-type]


def test_an_argument_that_is_not_kept_is_refused() -> None:
    @dataclass
    class Fleeting(Base):
        seed: InitVar[int]

    assert "Fleeting.seed cannot be understood: dataclasses with `InitVar` fields" in refuse(Fleeting)


def test_a_class_variable_is_no_field() -> None:
    @dataclass
    class Counting(Base):
        opened: ClassVar[list[Opaque]] = []
        text: str = ""

    registry = Registry()
    registry.register(Counting)
    assert registry.find("held").codec.encode(Counting("a")) == b'{"text":"a"}'


def test_a_model_whose_names_mean_nothing_is_refused() -> None:
    class Unfinished(BaseJob, pydantic.BaseModel):
        kind: ClassVar[str] = "held"
        value: "Missing"  # type: ignore[name-defined]  # noqa: F821

        def work(self) -> None: ...

    assert "Unfinished cannot be understood: name 'Missing' is not defined" in refuse(Unfinished)


def test_a_model_that_was_waiting_for_a_name_is_finished_when_it_is_registered() -> None:
    Registry().register(Waiting)


class Waiting(BaseJob, pydantic.BaseModel):
    kind: ClassVar[str] = "held"
    value: "Later | None" = None

    def work(self) -> None: ...


class Later(pydantic.BaseModel):
    number: int
