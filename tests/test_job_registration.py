"""Registration: which classes can be jobs, and what is refused before anything runs."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import ClassVar, Generic, NamedTuple, TypeVar

import attrs
import msgspec
import pydantic
import pytest

from lazyjobs import (
    BaseJob,
    Definition,
    DuplicateKindError,
    InvalidJobError,
    Job,
    QueueNamer,
    RetryPolicy,
    UnknownKindError,
)
from lazyjobs.jobs import Registry, retry_delay

T = TypeVar("T")


class Mixin(Generic[T]):
    pass


@dataclass
class Note(BaseJob):
    kind: ClassVar[str] = "note"
    text: str = ""

    def work(self) -> None: ...


@dataclass
class Bare:
    """A job that inherits nothing and says nothing but what it must."""

    kind: ClassVar[str] = "bare"

    async def work(self) -> None: ...


class Tuned(BaseJob):
    kind = "tuned"
    job_queue = "mail"
    job_max_attempts = 3

    def work(self) -> None: ...


@pytest.fixture
def registry() -> Registry:
    return Registry()


def define(*bases: type, **names: object) -> type[Job]:
    """A class without fields that has all a job needs, but for what is given."""
    return type("Given", bases or (BaseJob,), {"kind": "given", "work": lambda self: None, **names})


def refuse(cls: object) -> str:
    """Why `cls` is refused; nothing is registered then."""
    registry = Registry()
    with pytest.raises(InvalidJobError) as refused:
        registry.register(cls)  # type: ignore[arg-type]
    assert registry.definitions() == ()
    return str(refused.value)


def test_registering_returns_the_class_so_that_it_can_decorate(registry: Registry) -> None:
    assert registry.register(Note) is Note
    assert registry.find("note").cls is Note


def test_registering_again_changes_nothing(registry: Registry) -> None:
    registry.register(Note)
    before = registry.find("note")
    registry.register(Note)
    assert registry.find("note") is before


def test_a_definition_shows_what_the_class_says(registry: Registry) -> None:
    registry.register(Tuned)
    assert registry.definitions() == (Definition(kind="tuned", type=f"{__name__}.Tuned", queue="mail", max_attempts=3),)


@pytest.mark.parametrize("cls", [Note, Bare])
def test_what_a_class_does_not_say_is_the_default(registry: Registry, cls: type[Job]) -> None:
    registry.register(cls)
    assert registry.definitions() == (
        Definition(kind=cls.kind, type=f"{__name__}.{cls.__name__}", queue="default", max_attempts=25),
    )


def test_definitions_come_in_the_order_of_registration(registry: Registry) -> None:
    for cls in (Tuned, Bare, Note):
        registry.register(cls)
    assert [definition.kind for definition in registry.definitions()] == ["tuned", "bare", "note"]


def test_a_kind_belongs_to_one_class(registry: Registry) -> None:
    registry.register(Note)
    rival = define(kind="note")
    with pytest.raises(DuplicateKindError) as refused:
        registry.register(rival)
    assert (refused.value.registered, refused.value.refused) == (f"{__name__}.Note", f"{rival.__module__}.Given")
    assert registry.find("note").cls is Note


def test_a_subclass_needs_a_kind_of_its_own(registry: Registry) -> None:
    class Louder(Note):
        pass

    registry.register(Note)
    with pytest.raises(DuplicateKindError, match=r"'note' of .*Louder is already that of .*\.Note;"):
        registry.register(Louder)


@pytest.mark.parametrize(
    "names", [{"kind": None}, {"kind": 1}, {"kind": b"given"}, {"kind": property(lambda self: "")}]
)
def test_a_class_without_a_kind_is_refused(names: dict[str, object]) -> None:
    assert refuse(define(**names)) == f'{__name__}.Given has no kind; add  kind: ClassVar[str] = "a.stable.name"'


def test_a_base_class_gives_no_kind() -> None:
    class Unnamed(BaseJob):
        def work(self) -> None: ...

    assert "Unnamed has no kind" in refuse(Unnamed)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({"kind": ""}, "kind must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -, not ''"),
        ({"kind": "two words"}, "kind must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -, not 'two words'"),
        ({"job_queue": "no queue"}, "queue must be 1 to 100 characters of A-Z a-z 0-9 . _ : / -, not 'no queue'"),
        ({"job_queue": None}, "queue must be a str, not NoneType"),
        ({"job_max_attempts": 0}, "max_attempts must be from 1 to 2147483647, not 0"),
        ({"job_max_attempts": "3"}, "max_attempts must be an int, not str"),
    ],
)
def test_what_no_record_could_hold_is_refused(names: dict[str, object], reason: str) -> None:
    assert refuse(define(**names)) == f"{__name__}.Given: {reason}"


def test_a_job_is_no_class_and_its_fields_are_not_shown() -> None:
    assert refuse(Note("secret")) == f"only classes can be registered, not a {__name__}.Note; give its class"


@pytest.mark.parametrize("value", ["note", None, Note.work])
def test_what_is_no_class_is_refused(value: object) -> None:
    assert refuse(value) == f"only classes can be registered, not {value!r}"


@pytest.mark.parametrize("work", [None, "work"])
def test_a_class_that_does_no_work_is_refused(work: object) -> None:
    assert "Given has no method work(); add one" in refuse(define(work=work))


def generate() -> Callable[..., object]:
    def work(self: object) -> Iterator[None]:
        yield

    return work


def generate_async() -> Callable[..., object]:
    async def work(self: object) -> AsyncIterator[None]:
        yield

    return work


@pytest.mark.parametrize("make", [generate, generate_async])
def test_work_that_yields_would_never_run_and_is_refused(make: Callable[[], object]) -> None:
    assert "Given.work contains yield, so calling it would do nothing; remove the yield" in refuse(define(work=make()))


def test_an_abstract_class_is_refused_and_its_children_are_not(registry: Registry) -> None:
    class Report(BaseJob, ABC):
        kind = "report"

        def work(self) -> None: ...

        @abstractmethod
        def rows(self) -> int: ...

    class Sales(Report):
        def rows(self) -> int:
            return 1

    assert "Report is abstract; register the classes that implement it" in refuse(Report)
    registry.register(Sales)
    assert isinstance(registry.find("report").codec.decode(b"{}"), Sales)


def initialize(self: object, text: str) -> None: ...


def create(cls: type[object], text: str) -> object:
    return object.__new__(cls)


@pytest.mark.parametrize(
    "cls",
    [
        define(__init__=initialize),
        define(__new__=create),
        define(type("Parent", (), {"__init__": initialize})),
        define(BaseJob, dict),
        define(BaseJob, int),
        define(BaseJob, Exception),
    ],
)
def test_a_class_that_is_built_from_what_is_not_stored_is_refused(cls: type[Job]) -> None:
    assert refuse(cls) == "Given has an __init__ or __new__ but no fields; make it a dataclass, say"


def test_fields_of_a_class_that_nobody_made_a_dataclass_are_refused() -> None:
    class Forgotten(BaseJob):
        kind = "forgotten"
        text: str = ""

        def work(self) -> None: ...

    assert "Forgotten.text is annotated, but the class has no fields; make it a dataclass, say" in refuse(Forgotten)


class Pair(NamedTuple):
    left: int


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize("cls", [Pair, Colour])
def test_a_class_of_another_sort_is_refused(cls: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cls, "kind", "given", raising=False)
    monkeypatch.setattr(cls, "work", lambda self: None, raising=False)
    assert refuse(cls) == f"{cls.__name__} is not a kind of class that can be a job; make it a dataclass, say"


@pytest.mark.parametrize(
    "bases", [(Job,), (BaseJob, QueueNamer), (BaseJob, RetryPolicy), (BaseJob, ABC), (BaseJob, Mixin[int]), (object,)]
)
def test_protocols_and_other_bases_that_hold_nothing_are_welcome(registry: Registry, bases: tuple[type, ...]) -> None:
    class Plain(*bases):  # type: ignore[misc]
        kind = "plain"

        def work(self) -> None: ...

    Plain()  # which changes the __init__ of a protocol's child
    registry.register(Plain)
    codec = registry.find("plain").codec
    assert type(codec.decode(codec.encode(Plain()))) is Plain


def test_all_sorts_of_classes_can_be_jobs(registry: Registry) -> None:
    @attrs.define
    class Attrs(BaseJob):
        kind: ClassVar[str] = "attrs"
        text: str

        def work(self) -> None: ...

    class Struct(BaseJob, msgspec.Struct):
        kind: ClassVar[str] = "struct"
        text: str

        def work(self) -> None: ...

    class Model(BaseJob, pydantic.BaseModel):
        kind: ClassVar[str] = "model"
        text: str

        def work(self) -> None: ...

    for cls in (Note, Bare, Tuned, Attrs, Struct, Model):
        registry.register(cls)
    assert [each.kind for each in registry.definitions()] == ["note", "bare", "tuned", "attrs", "struct", "model"]


def test_an_unknown_kind_is_answered_with_the_known_ones(registry: Registry) -> None:
    registry.register(Note)
    with pytest.raises(UnknownKindError, match=r"'mail' \(registered: note\)"):
        registry.find("mail")


def test_a_job_is_found_by_its_class(registry: Registry) -> None:
    registry.register(Note)
    assert registry.find_for(Note("hello")).cls is Note


def test_a_class_in_the_place_of_a_job_is_refused(registry: Registry) -> None:
    registry.register(Note)
    with pytest.raises(InvalidJobError, match=r"Note is a class; enqueue an instance of it$"):
        registry.find_for(Note)  # type: ignore[arg-type]


def test_a_job_whose_kind_is_that_of_another_class_is_refused(registry: Registry) -> None:
    registry.register(Note)
    with pytest.raises(InvalidJobError, match=r"Given is not registered; its kind is that of .*\.Note$"):
        registry.find_for(define(kind="note")())


def test_what_has_no_kind_is_called_by_its_class(registry: Registry) -> None:
    with pytest.raises(UnknownKindError, match=r"kind 'builtins\.object' \(registered: none\)"):
        registry.find_for(object())  # type: ignore[arg-type]


def test_the_usual_delay_doubles_up_to_a_minute() -> None:
    seconds = [1, 2, 4, 8, 16, 32, 60, 60]
    assert [retry_delay(attempt) for attempt in range(1, 9)] == [timedelta(seconds=second) for second in seconds]
    assert retry_delay(2**31 - 1) == timedelta(minutes=1)
    assert Note().job_retry_delay(3) == timedelta(seconds=4)


def test_a_base_job_has_a_queue_and_a_retry_policy_and_a_bare_one_has_neither() -> None:
    assert isinstance(Note(), QueueNamer)
    assert isinstance(Note(), RetryPolicy)
    assert not isinstance(Bare(), QueueNamer | RetryPolicy)
