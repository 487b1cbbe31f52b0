"""What a failed job had at hand is freed when its attempt has ended, not when the cyclic collector comes."""

import asyncio
import gc
import logging
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest

from lazyjobs import AttemptEnd, BaseJob, InsertParams, JobRunner, Record, State
from lazyjobs_memory import MemoryBackend
from tests.support.waiting import GENEROUS


class Data:
    """Something large that a job has loaded."""


left: list["weakref.ref[Data]"] = []


def load() -> Data:
    data = Data()
    left.append(weakref.ref(data))
    return data


def fail_plainly() -> None:
    data = load()
    raise ValueError(len(vars(data)))


def fail_inside() -> None:
    raise KeyError("inner")


def fail_with_a_cause() -> None:
    data = load()
    try:
        fail_inside()
    except KeyError as error:
        raise ValueError(len(vars(data))) from error


def fail_with_an_error_kept() -> None:
    data = load()
    error = ValueError(len(vars(data)))
    raise error


def fail_with_all_errors_kept() -> None:
    data = load()
    caught: Exception = ValueError()
    try:
        fail_inside()
    except KeyError as inner:
        caught = inner
    error = ExceptionGroup("all", [caught, ValueError(len(vars(data)))])
    raise error from caught


def fail_with_its_data() -> None:
    raise ValueError(load())


WAYS = {
    each.__name__: each
    for each in (
        fail_plainly,
        fail_with_a_cause,
        fail_with_an_error_kept,
        fail_with_all_errors_kept,
        fail_with_its_data,
    )
}


@dataclass
class Plain(BaseJob):
    kind: ClassVar[str] = "plain"
    way: str

    def work(self) -> None:
        WAYS[self.way]()


@dataclass
class Async(Plain):
    kind: ClassVar[str] = "async"

    async def work(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        WAYS[self.way]()


@dataclass
class Misread(BaseJob):
    kind: ClassVar[str] = "misread"
    way: str

    def __post_init__(self) -> None:
        if self.way:
            WAYS[self.way]()

    def work(self) -> None: ...


class Watches:
    last: AttemptEnd | None = None

    def started(self, runner: JobRunner) -> None: ...
    def enqueuing(self, params: InsertParams) -> None: ...
    def attempting(self, record: Record) -> "Watches":
        return self

    def begin(self) -> None: ...
    def ended(self, end: AttemptEnd) -> None:
        self.last = end


@pytest.fixture(autouse=True)
def without_collector(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.CRITICAL, logger="lazyjobs")  # pytest keeps what is logged, with its traceback
    left.clear()
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("watched", [False, True], ids=["unwatched", "watched"])
@pytest.mark.parametrize("job", [Plain, Async])
@pytest.mark.parametrize("way", WAYS)
def test_a_worker_keeps_nothing_of_a_failed_job(way: str, job: type[Plain], watched: bool) -> None:
    watches = Watches()
    runner = JobRunner(MemoryBackend(), jobs=[Plain, Async], observers=[watches] if watched else [])
    for _ in range(3):
        runner.enqueue(job(way))
    assert runner.drain(GENEROUS)
    assert runner.backend.stats().by_state == {State.RETRYING: 3}
    assert len(left) == 3
    if way == "fail_with_its_data":  # which an observer that keeps the exception keeps, too
        watches.last = None
    assert [each() for each in left] == [None] * 3


@pytest.mark.parametrize("job", [Plain, Async])
@pytest.mark.parametrize("way", ["fail_plainly", "fail_with_a_cause", "fail_with_its_data"])
def test_run_due_keeps_nothing_of_an_attempt_that_its_caller_has_dropped(way: str, job: type[Plain]) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Plain, Async])
    for _ in range(3):
        runner.enqueue(job(way))
    seen = 0
    for attempt in runner.run_due():
        assert attempt.error is not None
        assert attempt.error.__traceback__ is not None
        seen += 1
        del attempt
        assert [each() for each in left] == [None] * seen
    assert seen == 3


@pytest.mark.parametrize("way", ["fail_plainly", "fail_with_an_error_kept"])
def test_a_payload_that_does_not_fit_leaves_nothing(way: str, caplog: pytest.LogCaptureFixture) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Misread])
    runner.backend.insert(InsertParams(kind="misread", payload=b'{"way": "%s"}' % way.encode()))
    assert runner.drain(GENEROUS)
    assert [each() for each in left] == [None]


def test_a_class_that_cannot_be_looked_for_leaves_nothing() -> None:
    def find(kind: str) -> None:
        fail_with_an_error_kept()

    runner = JobRunner(MemoryBackend(), queues=["default"], find_job=find)
    runner.backend.insert(InsertParams(kind="nobody"))
    assert runner.drain(GENEROUS)
    assert [each() for each in left] == [None]


def test_a_handler_that_keeps_log_records_frees_them_with_the_records() -> None:
    kept: list[logging.LogRecord] = []

    class Keeps(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    handler, log = Keeps(), logging.getLogger("lazyjobs.jobs")
    log.addHandler(handler)
    log.setLevel(logging.WARNING)
    log.propagate = False
    try:
        runner = JobRunner(MemoryBackend(), jobs=[Plain, Async])
        runner.enqueue(Plain("fail_with_an_error_kept"))
        runner.enqueue(Async("fail_with_an_error_kept"))
        assert runner.drain(GENEROUS)
    finally:
        log.propagate = True
        log.setLevel(logging.NOTSET)
        log.removeHandler(handler)
    assert ["ValueError" in logging.Formatter().format(record) for record in kept] == [True, True]
    assert all(each() is not None for each in left)
    kept.clear()
    assert [each() for each in left] == [None, None]
