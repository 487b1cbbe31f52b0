"""Jobs that go through a payload and back, and classes for their fields."""

from dataclasses import dataclass, make_dataclass
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import pydantic
import pytest

from lazyjobs import BaseJob, EncodeError, Job
from lazyjobs.jobs import Registration, Registry

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


@dataclass
class Part:
    number: int = 1


@dataclass
class LargerPart(Part):
    more: int = 2


@dataclass(frozen=True)
class Coin:
    value: int


class Pair(NamedTuple):
    left: int
    right: str
