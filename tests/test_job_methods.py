"""The methods of jobs: what a worker could not call is refused when the class is registered."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property, partial, partialmethod, wraps
from typing import Any, ClassVar

import attrs
import msgspec
import pydantic
import pytest

from lazyjobs import BaseJob, InvalidJobError, Job
from lazyjobs.jobs import Registry


def define(work: object, **names: object) -> type[Job]:
    return type("Given", (BaseJob,), {"kind": "given", "work": work, **names})


def refuse(cls: type) -> str:
    registry = Registry()
    with pytest.raises(InvalidJobError) as refused:
        registry.register(cls)
    assert registry.definitions() == ()
    return str(refused.value)


def work(self: object) -> None: ...


def work_with(self: object, connection: object) -> None: ...


def work_with_option(self: object, *, connection: object) -> None: ...


def work_alone() -> None: ...


def work_if_wished(self: object, connection: object = None, *more: object, **options: object) -> None: ...


async def work_async(self: object) -> None: ...


async def work_async_with(self: object, connection: object) -> None: ...


def generate(self: object) -> Iterator[None]:
    yield


async def generate_async(self: object) -> AsyncIterator[None]:
    yield


class Callee:
    def __call__(self) -> None: ...


def given_a_connection(method: Callable[..., object]) -> Callable[..., object]:
    @wraps(method)
    def call(self: object) -> object:
        return method(self, "a connection")

    return call


WORKS: dict[str, object] = {
    "plain": work,
    "async": work_async,
    "arguments with defaults": work_if_wished,
    "static without arguments": staticmethod(work_alone),
    "of the class": classmethod(work),
    "an argument filled in": partialmethod(work_with, "a connection"),
    "an option filled in": partialmethod(work_with_option, connection="a connection"),
    "an object that is called": Callee(),
    "a partial": partial(work_with, "a job", "a connection"),
    "a decorator gives the argument": given_a_connection(work_with),
    "what tells no signature": print,
}


@pytest.mark.parametrize("method", WORKS.values(), ids=WORKS)
def test_what_can_be_called_without_arguments_is_work(method: object) -> None:
    Registry().register(define(method))


NEEDY: dict[str, object] = {
    "plain": work_with,
    "async": work_async_with,
    "by keyword": work_with_option,
    "no self": work_alone,
    "static": staticmethod(work),
    "of the class": classmethod(work_with),
    "partly filled in": partialmethod(work_with_option),
    "a lambda": lambda self, connection: None,
}


@pytest.mark.parametrize("method", NEEDY.values(), ids=NEEDY)
def test_work_that_needs_an_argument_is_refused(method: object) -> None:
    assert f"{__name__}.Given.work is called as work(), and nothing else is given to it: " in refuse(define(method))


def test_the_argument_that_nobody_gives_is_named() -> None:
    assert refuse(define(work_with)).endswith("missing a required argument: 'connection'")


YIELDING: dict[str, object] = {
    "plain": generate,
    "async": generate_async,
    "static": staticmethod(generate),
    "of the class": classmethod(generate),
    "filled in": partialmethod(generate),
    "a partial": partial(generate_async, None),
}


@pytest.mark.parametrize("method", YIELDING.values(), ids=YIELDING)
def test_work_that_yields_is_refused_in_whatever_it_is_wrapped(method: object) -> None:
    assert "Given.work contains yield" in refuse(define(method))


@pytest.mark.parametrize("make", [property, cached_property])
def test_a_property_is_no_method(make: Callable[..., object]) -> None:
    assert "Given.work is a property; make it a method, which is called" in refuse(define(make(work)))
    assert "Given.job_retry_delay is a property" in refuse(define(work, job_retry_delay=make(work)))


@pytest.mark.parametrize("method", [None, "work", 3, timedelta(1)])
def test_what_cannot_be_called_is_no_work(method: object) -> None:
    assert "Given has no method work(); add one that does the work" in refuse(define(method))


def test_a_class_is_no_work() -> None:
    assert "Given.work is a class; make it a method, which is called" in refuse(define(Callee))


def test_the_protocol_gives_no_work() -> None:
    class Idle(Job):
        kind = "idle"

    assert "Idle has no method work(); add one that does the work" in refuse(Idle)


class Working:
    def work(self) -> None: ...


class Needing:
    def work(self, connection: object) -> None: ...


@dataclass
class Plain(Needing, BaseJob):
    kind: ClassVar[str] = "given"


@attrs.define
class Attrs(Needing, BaseJob):
    kind: ClassVar[str] = "given"


class Struct(Needing, BaseJob, msgspec.Struct):
    kind: ClassVar[str] = "given"


class Model(Needing, BaseJob, pydantic.BaseModel):
    kind: ClassVar[str] = "given"


@pytest.mark.parametrize("cls", [Plain, Attrs, Struct, Model])
def test_work_that_is_inherited_is_looked_at_as_ones_own(cls: type) -> None:
    assert "missing a required argument: 'connection'" in refuse(cls)
    Registry().register(type("Given", (Working, BaseJob), {"kind": "given"}))


def test_work_that_is_still_to_be_written_makes_the_class_abstract() -> None:
    class Report(BaseJob, ABC):
        kind = "report"

        @abstractmethod
        def work(self, rows: int) -> None: ...

    assert "Report is abstract" in refuse(Report)


def delay(self: object, attempt: int) -> timedelta:
    return timedelta(0)


async def delay_async(self: object, attempt: int) -> timedelta:
    return timedelta(0)


def delay_without(self: object) -> timedelta:
    return timedelta(0)


def delay_with(self: object, attempt: int, error: object) -> timedelta:
    return timedelta(0)


@pytest.mark.parametrize("method", [delay, staticmethod(lambda attempt: timedelta(0)), work_if_wished])
def test_a_retry_delay_takes_the_attempt(method: object) -> None:
    Registry().register(define(work, job_retry_delay=method))


@pytest.mark.parametrize("method", [delay_without, delay_with, staticmethod(delay), work_with_option])
def test_a_retry_delay_that_takes_anything_else_is_refused(method: object) -> None:
    reason = refuse(define(work, job_retry_delay=method))
    assert "Given.job_retry_delay is called as job_retry_delay(attempt), and nothing else is given to it: " in reason


@pytest.mark.parametrize("method", [delay_async, generate, generate_async])
def test_a_retry_delay_cannot_be_awaited(method: object) -> None:
    reason = refuse(define(work, job_retry_delay=method))
    assert "Given.job_retry_delay must be a plain method that returns a timedelta" in reason


@pytest.mark.parametrize("method", [timedelta(seconds=5), None, 5])
def test_a_retry_delay_is_a_method(method: object) -> None:
    assert "Given.job_retry_delay is no method; write  def job_retry_delay" in refuse(
        define(work, job_retry_delay=method)
    )


@pytest.mark.parametrize(
    "names",
    [
        {"job_queue": 5},
        {"job_queue": property(lambda self: "mail")},
        {"job_queue": lambda self: "mail"},
        {"job_max_attempts": 2.0},
        {"job_max_attempts": True},
        {"job_max_attempts": property(lambda self: 3)},
        {"job_max_attempts": -1},
    ],
)
def test_a_queue_or_a_number_of_attempts_of_the_wrong_sort_is_refused(names: dict[str, Any]) -> None:
    assert f"{__name__}.Given: " in refuse(define(work, **names))


class Queue(StrEnum):
    MAIL = "mail"


def test_names_from_an_enum_are_shown_as_plain_text() -> None:
    registry = Registry()
    registry.register(define(work, kind=Queue.MAIL, job_queue=Queue.MAIL))
    (definition,) = registry.definitions()
    assert type(definition.kind) is type(definition.queue) is str
    assert registry.find("mail").definition is definition
