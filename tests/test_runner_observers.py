"""What an observer of a runner is told, what it may add, and that it harms nothing."""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from threading import current_thread
from typing import ClassVar

import pytest

from lazyjobs import (
    AttemptEnd,
    AttemptWatch,
    Backend,
    BackendUnavailableError,
    BaseJob,
    ClaimLostError,
    EncodeError,
    EnqueueWatch,
    InsertParams,
    JobRunner,
    Observer,
    PayloadTooLargeError,
    Record,
    State,
)
from lazyjobs.jobs import read_trace
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, Impatient, action, impatient, states
from tests.support.waiting import GENEROUS

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
told: ContextVar[str] = ContextVar("told", default="nothing")


@dataclass
class AttemptNotes:
    notes: list[object]
    record: Record

    def begin(self) -> None:
        told.set(f"record {self.record.id}")

    def ended(self, end: AttemptEnd) -> None:
        self.notes.append(("ended", self.record.id, end.outcome, end.reason, end.error, told.get()))


@dataclass
class EnqueueNotes:
    notes: list[object]
    trace: Mapping[str, str]

    def ended(self, record: Record | None, error: BaseException | None) -> None:
        self.notes.append(("enqueued", None if record is None else record.id, error))


class Notes:
    """Notes all it is told."""

    def __init__(self, trace: Mapping[str, str] | None = None) -> None:
        self.notes: list[object] = []
        self.threads: set[str] = set()
        self.trace = trace or {}

    def started(self, runner: JobRunner) -> None:
        self.notes.append(("started", runner.running))

    def enqueuing(self, params: InsertParams) -> EnqueueWatch | None:
        self.notes.append(("enqueuing", params.kind, params.queue, params.payload))
        return EnqueueNotes(self.notes, self.trace)

    def attempting(self, record: Record) -> AttemptWatch | None:
        self.threads.add(current_thread().name)
        self.notes.append(("attempting", record.id, record.attempt, told.get()))
        return AttemptNotes(self.notes, record)


class Broken:
    """Raises whatever it is asked; or only later, in what it began."""

    def __init__(self, *, later: bool) -> None:
        self.later = later

    def started(self, runner: JobRunner) -> None:
        raise RuntimeError("started")

    def enqueuing(self, params: InsertParams) -> EnqueueWatch | None:
        return self._watch()

    def attempting(self, record: Record) -> AttemptWatch | None:
        return self._watch()

    def _watch(self) -> "BrokenWatch":
        if not self.later:
            raise RuntimeError("watching")
        return BrokenWatch()


class BrokenWatch:
    @property
    def trace(self) -> Mapping[str, str]:
        raise RuntimeError("trace")

    def begin(self) -> None:
        raise RuntimeError("begin")

    def ended(self, *_: object) -> None:
        raise RuntimeError("ended")


class Coroutine(BaseJob):
    kind = "coroutine"
    seen: ClassVar[str] = ""

    async def work(self) -> None:
        type(self).seen = told.get()


def make(*observers: Observer, backend: Backend | None = None) -> JobRunner:
    return JobRunner(backend or MemoryBackend(), jobs=[Do, Impatient, Coroutine], observers=observers)


def fail() -> None:
    raise ValueError("no")


def test_enqueue_and_attempt_are_told_in_order() -> None:
    notes = Notes()
    runner = make(notes)
    runner.enqueue(Do(), queue="mail")
    assert notes.notes == [("enqueuing", "do", "mail", b'{"name":""}'), ("enqueued", 1, None)]
    notes.notes.clear()
    seen: list[str] = []
    runner.enqueue(action(lambda: seen.append(told.get())))
    notes.notes.clear()
    runner.drain()
    assert notes.notes == [
        ("started", True),
        ("attempting", 2, 1, "nothing"),
        ("ended", 2, "succeeded", "", None, "record 2"),
    ]
    assert seen == ["record 2"]
    assert notes.threads == {"lazyjobs-worker-1"}


def test_what_a_watch_sets_is_seen_by_an_async_job_and_by_nobody_after_it() -> None:
    notes = Notes()
    runner = make(notes)
    runner.enqueue(Coroutine())
    runner.enqueue(Do())
    list(runner.run_due())
    assert Coroutine.seen == "record 1"
    assert [note for note in notes.notes if isinstance(note, tuple) and note[0] == "attempting"] == [
        ("attempting", 1, 1, "nothing"),
        ("attempting", 2, 1, "nothing"),
    ]
    assert told.get() == "nothing"


def drain(runner: JobRunner) -> None:
    runner.drain()


def run_due(runner: JobRunner) -> None:
    list(runner.run_due())


ways = pytest.mark.parametrize("run", [drain, run_due])


@ways
@pytest.mark.logs_errors("discarded id=")
def test_a_failure_is_told_with_its_exception_and_what_becomes_of_the_record(run: Callable[[JobRunner], None]) -> None:
    notes = Notes()
    runner = make(notes)
    runner.enqueue(impatient(fail))
    run(runner)
    ends = [note for note in notes.notes if isinstance(note, tuple) and note[0] == "ended"]
    assert [(end[2], end[3], type(end[4])) for end in ends] == [
        ("retrying", "ValueError: no", ValueError),
        ("discarded", "ValueError: no", ValueError),
    ]


@ways
@pytest.mark.logs_errors("discarded id=")
def test_what_is_not_run_is_told_without_an_exception(run: Callable[[JobRunner], None]) -> None:
    notes = Notes()
    runner = make(notes)
    runner.backend.insert(InsertParams(kind="do", payload=b"[]"))
    runner.backend.insert(InsertParams(kind="unheard.of"))
    run(runner)
    ends = [note for note in notes.notes if isinstance(note, tuple) and note[0] == "ended"]
    assert [(end[1], end[2], end[4]) for end in ends[-1:]] == [(2, "retrying", None)]
    assert [(end[1], end[2]) for end in ends[:1]] == [(1, "discarded")]
    assert "no job is registered for the kind 'unheard.of'" in ends[-1][3]
    assert states(runner) == {State.DISCARDED: 1, State.RETRYING: 1}


def refusing(verb: str, error: Exception) -> PlainBackend:
    """A backend whose `verb` raises `error`."""

    def refuse(name: str) -> None:
        if name == verb:
            raise error

    return PlainBackend(refuse)


@ways
def test_an_attempt_whose_claim_was_lost_is_told_as_lost(run: Callable[[JobRunner], None]) -> None:
    notes = Notes()
    runner = make(notes, backend=refusing("complete", ClaimLostError(1, 1, "it went to another")))
    runner.enqueue(Do(name=action(lambda: None).name))
    run(runner)
    assert notes.notes[-1] == ("ended", 1, "lost", "", None, "record 1")


@pytest.mark.logs_errors("the outcome of id=1")
def test_an_attempt_whose_outcome_cannot_be_written_is_told_as_abandoned() -> None:
    notes = Notes()
    runner = make(notes, backend=refusing("complete", BackendUnavailableError("gone")))
    runner.enqueue(action(lambda: None))
    runner.start()
    runner.stop(timedelta(milliseconds=100))
    assert runner.join(GENEROUS)
    assert notes.notes[-1] == ("ended", 1, "abandoned", "", None, "record 1")


def test_run_due_raises_what_the_backend_raises_and_tells_it_as_abandoned() -> None:
    notes = Notes()
    error = BackendUnavailableError("gone")
    runner = make(notes, backend=refusing("complete", error))
    runner.enqueue(action(lambda: None))
    with pytest.raises(BackendUnavailableError):
        list(runner.run_due())
    assert notes.notes[-1] == ("ended", 1, "abandoned", "BackendUnavailableError: gone", error, "record 1")


def test_a_failing_enqueue_is_told_with_its_error() -> None:
    notes = Notes()
    error = BackendUnavailableError("gone")

    runner = make(notes, backend=refusing("insert", error))
    with pytest.raises(BackendUnavailableError):
        runner.enqueue(Do())
    assert notes.notes[-1] == ("enqueued", None, error)


def test_a_job_that_cannot_be_encoded_never_began_to_be_enqueued() -> None:
    notes = Notes()
    with pytest.raises(EncodeError):
        make(notes).enqueue(Do(name=7))  # type: ignore[arg-type]
    assert notes.notes == []


def test_the_trace_of_every_observer_is_stored_before_the_fields_and_the_job_does_not_see_it() -> None:
    runner = make(Notes({"traceparent": PARENT}), Notes({"tracestate": "a=1"}))
    record = runner.enqueue(Do(name="x"))
    assert record.payload == b'{"@traceparent":"%b","@tracestate":"a=1","name":"x"}' % PARENT.encode()
    assert read_trace(record.payload) == {"traceparent": PARENT, "tracestate": "a=1"}
    assert runner.decode(record) == Do(name="x")


@pytest.mark.parametrize("junk", [{"traceparent": object()}, {"traceparent": "\ud800"}, 7])
@pytest.mark.logs_errors("an observer failed")
def test_a_trace_that_cannot_be_stored_harms_no_job(junk: object, caplog: pytest.LogCaptureFixture) -> None:
    record = make(Notes(junk)).enqueue(Do(name="x"))  # type: ignore[arg-type]
    assert record.payload == b'{"name":"x"}'
    assert "an observer failed" in caplog.text


class Small(MemoryBackend):
    max_payload = 30


def test_a_job_that_only_fits_without_its_trace_is_stored_without() -> None:
    notes = Notes({"traceparent": PARENT})
    runner = make(notes, backend=Small())
    record = runner.enqueue(Do(name="short"))
    assert record.payload == b'{"name":"short"}'
    assert notes.notes[-1] == ("enqueued", 1, None)
    with pytest.raises(PayloadTooLargeError):
        runner.enqueue(Do(name="x" * 40))


@pytest.mark.parametrize("later", [False, True])
@ways
@pytest.mark.logs_errors("an observer failed", "discarded id=")
def test_an_observer_that_fails_harms_no_job_and_is_logged_once(
    run: Callable[[JobRunner], None], later: bool, caplog: pytest.LogCaptureFixture
) -> None:
    notes, ran = Notes({"traceparent": PARENT}), []
    runner = make(Broken(later=later), notes, Broken(later=later))
    record = runner.enqueue(action(lambda: ran.append(told.get())))
    assert read_trace(record.payload) == {"traceparent": PARENT}
    runner.enqueue(impatient(fail))
    run(runner)
    assert ran == ["record 1"]
    assert states(runner) == {State.SUCCEEDED: 1, State.DISCARDED: 1}
    assert [note[2] for note in notes.notes if isinstance(note, tuple) and note[0] == "ended"] == [
        "succeeded",
        "retrying",
        "discarded",
    ]
    complaints = [each for each in caplog.records if "an observer failed" in each.message]
    assert len(complaints) == 1
    assert complaints[0].exc_info is not None


def test_the_log_of_an_attempt_is_written_in_the_context_of_its_work(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    class Listens(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            seen.append(told.get())
            return True

    caplog.set_level(logging.INFO, "lazyjobs.jobs")
    caplog.handler.addFilter(listens := Listens())
    runner = make(Notes())
    runner.enqueue(action(lambda: None))
    seen.clear()
    list(runner.run_due())
    caplog.handler.removeFilter(listens)
    assert seen == ["record 1"]


def test_what_is_no_observer_is_refused() -> None:
    with pytest.raises(TypeError, match="an observer has the methods started, enqueuing and attempting; 'me' has not"):
        JobRunner("memory://", observers=["me"])  # type: ignore[list-item]


def test_observers_can_be_replaced_before_the_start() -> None:
    first, second = Notes(), Notes()
    runner = make(first)
    runner.configure(observers=[*runner.observers, second])
    assert runner.observers == (first, second)
    runner.enqueue(Do())
    assert len(first.notes) == len(second.notes) == 2
    runner.configure(workers=2)
    assert runner.observers == (first, second)


def test_an_observer_may_watch_nothing() -> None:
    class Idle(Notes):
        def enqueuing(self, params: InsertParams) -> EnqueueWatch | None:
            return None

        def attempting(self, record: Record) -> AttemptWatch | None:
            return None

    ran: list[None] = []
    runner = make(Idle())
    runner.enqueue(action(lambda: ran.append(None)))
    runner.drain()
    assert ran == [None]
