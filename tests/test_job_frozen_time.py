"""Jobs in tests that freeze time or travel in it, by the libraries that people use for that."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import freezegun
import pydantic
import pytest
import time_machine

from lazyjobs import BaseJob, JobRunner
from lazyjobs_memory import MemoryBackend

NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC)
SOURCE = """
from __future__ import annotations  # in one of two copies

import datetime as clock
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Optional

import attrs
import msgspec

from lazyjobs import BaseJob


class Base(BaseJob):
    def work(self) -> None: ...


@dataclass
class Part:
    at: int | datetime


@dataclass
class Union(Base):
    kind = "union"
    when: int | datetime
    inner: list[Part] = field(default_factory=list)
    days: dict[str, date | float] | None = None


@attrs.define
class AttrsUnion(Base):
    kind = "attrs.union"
    when: Annotated[Optional[float | clock.datetime], "when"]


class StructUnion(Base, msgspec.Struct):
    kind = "struct.union"
    when: datetime | list[date] | int


@dataclass
class Plain(Base):
    kind = "plain"
    when: datetime
    maybe: clock.datetime | None = None
    days: list[date] = field(default_factory=list)
    by_day: dict[date, int] = field(default_factory=dict)


@attrs.define
class Attrs(Base):
    kind = "attrs"
    when: datetime


class Struct(Base, msgspec.Struct):
    kind = "struct"
    when: clock.datetime

"""
KINDS = ("Plain", "Attrs", "Struct", "Union", "AttrsUnion", "StructUnion")


@dataclass
class Remind(BaseJob):
    kind = "remind"
    when: datetime
    day: date = field(default_factory=lambda: datetime.now(UTC).date())
    at: dict[datetime, list[date]] = field(default_factory=dict)

    def work(self) -> None: ...


def today() -> date:
    return date.today()  # noqa: DTZ011 (it is what people write)


@pytest.fixture
def runner() -> JobRunner:
    return JobRunner(MemoryBackend(), jobs=[Remind])


@pytest.fixture(params=["as types", "as text"])
def module(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module of job classes that nobody has imported yet."""
    name = f"frozen_{request.param.replace(' ', '_')}"
    source = SOURCE if request.param == "as text" else SOURCE.replace("from __future__ import annotations", "")
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    monkeypatch.delitem(__import__("sys").modules, name, raising=False)


def test_the_time_that_is_frozen_may_be_in_a_payload(runner: JobRunner) -> None:
    with freezegun.freeze_time(NEW_YEAR):
        now = datetime.now(UTC)
        job = Remind(now, today(), {now: [today()]})
        record = runner.enqueue(job)
        assert runner.decode(record) == job
    back: Any = runner.decode(record)
    assert back == Remind(NEW_YEAR, NEW_YEAR.date(), {NEW_YEAR: [NEW_YEAR.date()]})
    assert type(back.when) is datetime


def test_so_may_the_time_to_which_one_has_travelled(runner: JobRunner) -> None:
    with time_machine.travel(NEW_YEAR, tick=False):
        job = Remind(datetime.now(UTC), today())
        record = runner.enqueue(job)
    assert runner.decode(record) == job == Remind(NEW_YEAR, NEW_YEAR.date())


@pytest.mark.parametrize("freeze", [freezegun.freeze_time, time_machine.travel])
@pytest.mark.parametrize("kind", KINDS)
def test_a_class_that_is_registered_while_time_is_frozen_works_then_and_later(
    freeze: Any, kind: str, module: str
) -> None:
    with freeze(NEW_YEAR):
        cls = getattr(import_module(module), kind)
        early = JobRunner(MemoryBackend(), jobs=[cls])
        job = cls(when=datetime.now(UTC))
        assert early.decode(early.enqueue(job)) == job
    late = JobRunner(MemoryBackend(), jobs=[cls])
    for runner in (early, late):
        later = cls(when=NEW_YEAR + timedelta(days=1))
        back: Any = runner.decode(runner.enqueue(later))
        assert back == later
        assert type(back.when) is datetime
        assert runner.drain()
        assert set(runner.backend.stats().by_state) == {"succeeded"}


class Model(BaseJob, pydantic.BaseModel):
    kind: ClassVar[str] = "model"
    when: datetime
    day: date | None = None

    def work(self) -> None: ...


def test_a_model_works_while_time_is_frozen_and_later() -> None:
    with freezegun.freeze_time(NEW_YEAR):
        runner = JobRunner(MemoryBackend(), jobs=[Model])
        job = Model(when=datetime.now(UTC), day=today())
        assert runner.decode(runner.enqueue(job)) == job
    later = Model(when=NEW_YEAR, day=NEW_YEAR.date())
    assert runner.decode(runner.enqueue(later)) == later


def test_dates_in_lists_keys_and_options_work_then_and_later(module: str) -> None:
    with freezegun.freeze_time(NEW_YEAR):
        cls = import_module(module).Plain
        runner = JobRunner(MemoryBackend(), jobs=[cls])
        job = cls(datetime.now(UTC), datetime.now(UTC), [today()], {today(): 1})
        assert runner.decode(runner.enqueue(job)) == job
    day = NEW_YEAR.date()
    job = cls(NEW_YEAR, NEW_YEAR, [day], {day: 1})
    assert runner.decode(runner.enqueue(job)) == job


def test_times_in_unions_in_nested_classes_work_then_and_later(module: str) -> None:
    with freezegun.freeze_time(NEW_YEAR):
        source = import_module(module)
        runner = JobRunner(MemoryBackend(), jobs=[source.Union])
        job = source.Union(datetime.now(UTC), [source.Part(datetime.now(UTC)), source.Part(1)], {"a": today()})
        assert runner.decode(runner.enqueue(job)) == job
    job = source.Union(1, [source.Part(NEW_YEAR)], {"a": NEW_YEAR.date(), "b": 1.5})
    assert runner.decode(runner.enqueue(job)) == job
    assert JobRunner(MemoryBackend(), jobs=[source.Union]).decode(runner.enqueue(job)) == job
