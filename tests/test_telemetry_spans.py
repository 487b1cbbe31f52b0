"""The spans: their names, kinds and attributes, how they are linked, and where they are current."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import ClassVar

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from lazyjobs import BackendUnavailableError, BaseJob, InsertParams, JobRunner, current_job
from lazyjobs.jobs import read_trace
from lazyjobs.telemetry import OpenTelemetry
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, Impatient, action, impatient
from tests.support.telemetry import Telescope, attributes, context_of


class SubclassError(ValueError):
    pass


class Coroutine(BaseJob):
    kind = "coroutine"
    seen: ClassVar[list[str]] = []

    async def work(self) -> None:
        await asyncio.sleep(0)
        self.seen.append(current_span_id())


@dataclass
class Chain(BaseJob):
    """Enqueues the job that comes after it."""

    kind: ClassVar[str] = "chain"
    runner: ClassVar[JobRunner]
    left: int = 1

    def work(self) -> None:
        if self.left:
            self.runner.enqueue(Chain(self.left - 1))


def current_span_id() -> str:
    return trace.format_span_id(trace.get_current_span().get_span_context().span_id)


def make(telescope: Telescope, continue_trace: bool = False) -> JobRunner:
    observer = OpenTelemetry(
        tracer_provider=telescope.tracer_provider,
        meter_provider=telescope.meter_provider,
        continue_trace=continue_trace,
    )
    return JobRunner(MemoryBackend(), jobs=[Do, Impatient, Coroutine, Chain], observers=[observer])


def fail() -> None:
    raise SubclassError("no")


@pytest.fixture
def telescope() -> Telescope:
    return Telescope()


def test_an_enqueue_is_a_producer_span_whose_context_travels(telescope: Telescope) -> None:
    record = make(telescope).enqueue(Do(), queue="mail")
    span = telescope.span("send mail")
    assert span.kind is SpanKind.PRODUCER
    assert attributes(span) == {
        "messaging.system": "lazyjobs",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "mail",
        "messaging.message.id": "1",
        "messaging.lazyjobs.kind": "do",
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.context is not None
    trace_id, span_id = trace.format_trace_id(span.context.trace_id), trace.format_span_id(span.context.span_id)
    parent = read_trace(record.payload)["traceparent"]
    assert parent.split("-")[1:3] == [trace_id, span_id]


def test_an_attempt_is_a_consumer_span_of_a_new_trace_linked_to_the_enqueue(telescope: Telescope) -> None:
    runner = make(telescope)
    runner.enqueue(action(lambda: None))
    runner.drain()
    sent, processed = telescope.span("send default"), telescope.span("process default")
    assert processed.kind is SpanKind.CONSUMER
    assert attributes(processed) == {
        "messaging.system": "lazyjobs",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "default",
        "messaging.message.id": "1",
        "messaging.lazyjobs.kind": "do",
        "messaging.lazyjobs.attempt": 1,
        "messaging.lazyjobs.outcome": "succeeded",
    }
    assert processed.parent is None
    assert [link.context.span_id for link in processed.links] == [context_of(sent).span_id]
    assert context_of(processed).trace_id != context_of(sent).trace_id


@pytest.mark.logs_errors("discarded id=")
def test_every_attempt_is_a_child_of_the_enqueue_if_the_trace_is_to_be_continued(telescope: Telescope) -> None:
    runner = make(telescope, continue_trace=True)
    runner.enqueue(impatient(fail))
    runner.drain()
    sent = context_of(telescope.span("send default"))
    attempts = [span for span in telescope.spans() if span.name == "process default"]
    assert [attributes(span)["messaging.lazyjobs.attempt"] for span in attempts] == [1, 2]
    for span in attempts:
        assert span.parent is not None
        assert (span.parent.trace_id, span.parent.span_id) == (sent.trace_id, sent.span_id)
        assert context_of(span).trace_id == sent.trace_id
        assert [link.context.span_id for link in span.links] == [sent.span_id]


def test_a_job_enqueued_inside_another_is_a_child_of_its_attempt(telescope: Telescope) -> None:
    Chain.runner = runner = make(telescope)
    runner.enqueue(Chain(1))
    runner.drain()
    by_id = {context_of(span).span_id: span for span in telescope.spans()}
    inner = next(span for span in telescope.spans() if span.name == "send default" and span.parent is not None)
    assert inner.parent is not None
    assert by_id[inner.parent.span_id].name == "process default"


def test_the_span_is_current_in_sync_and_async_work(telescope: Telescope) -> None:
    runner, seen = make(telescope), list[str]()
    runner.enqueue(action(lambda: seen.append(current_span_id())))
    Coroutine.seen.clear()
    runner.enqueue(Coroutine())
    runner.drain()
    ids = [
        trace.format_span_id(context_of(span).span_id) for span in telescope.spans() if span.name == "process default"
    ]
    assert seen + Coroutine.seen == ids
    assert current_span_id() == "0" * 16


def test_the_span_of_an_enqueue_is_current_while_the_backend_works(telescope: Telescope) -> None:
    seen: list[str] = []
    observer = OpenTelemetry(tracer_provider=telescope.tracer_provider, meter_provider=telescope.meter_provider)
    runner = JobRunner(PlainBackend(lambda _: seen.append(current_span_id())), jobs=[Do], observers=[observer])
    with telescope.tracer_provider.get_tracer("request").start_as_current_span("request") as request:
        runner.enqueue(Do())
        assert current_span_id() == trace.format_span_id(request.get_span_context().span_id)
    sent = telescope.span("send default")
    assert seen == [trace.format_span_id(context_of(sent).span_id)]
    assert sent.parent is not None
    assert sent.parent.span_id == request.get_span_context().span_id


@pytest.mark.parametrize(
    ("continued", "parent", "links"), [(False, "request", ["sent"]), (True, "sent", ["sent", "request"])]
)
def test_run_due_inside_another_span_is_tied_to_it(
    telescope: Telescope, continued: bool, parent: str, links: list[str]
) -> None:
    runner = make(telescope, continue_trace=continued)
    runner.enqueue(action(lambda: None))
    with telescope.tracer_provider.get_tracer("request").start_as_current_span("request"):
        list(runner.run_due())
    names = {context_of(telescope.span("send default")).span_id: "sent"}
    names[context_of(telescope.span("request")).span_id] = "request"
    span = telescope.span("process default")
    assert span.parent is not None
    assert names[span.parent.span_id] == parent
    assert [names[link.context.span_id] for link in span.links] == links


@pytest.mark.logs_errors("discarded id=")
def test_a_failure_is_recorded_with_the_type_of_the_exception(telescope: Telescope) -> None:
    runner = make(telescope)
    runner.enqueue(impatient(fail))
    runner.drain()
    spans = [span for span in telescope.spans() if span.name == "process default"]
    assert [attributes(span)["messaging.lazyjobs.outcome"] for span in spans] == ["retrying", "discarded"]
    for span in spans:
        assert attributes(span)["error.type"] == f"{__name__}.SubclassError"
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == f"{__name__}.SubclassError: no"
        (event,) = span.events
        assert event.name == "exception"
        assert event.attributes is not None
        assert event.attributes["exception.type"] == f"{__name__}.SubclassError"
        assert event.attributes["exception.message"] == "no"
        assert "in fail" in str(event.attributes["exception.stacktrace"])


def test_what_is_not_run_is_an_error_without_an_exception(telescope: Telescope) -> None:
    runner = make(telescope)
    runner.backend.insert(InsertParams(kind="unheard.of"))
    runner.drain()
    span = telescope.span("process default")
    assert (attributes(span)["error.type"], span.events) == ("not_run", ())
    assert span.status.description is not None
    assert "no job is registered for the kind 'unheard.of'" in span.status.description
    assert span.links == ()


def test_a_failed_enqueue_is_an_error(telescope: Telescope) -> None:
    def refuse(_: str) -> None:
        raise BackendUnavailableError("the disk is gone")

    observer = OpenTelemetry(tracer_provider=telescope.tracer_provider, meter_provider=telescope.meter_provider)
    with pytest.raises(BackendUnavailableError):
        JobRunner(PlainBackend(refuse), jobs=[Do], observers=[observer]).enqueue(Do())
    span = telescope.span("send default")
    assert attributes(span)["error.type"] == "lazyjobs.contract._errors.BackendUnavailableError"
    assert span.status.status_code is StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]
    assert "messaging.message.id" not in attributes(span)


@pytest.mark.parametrize(
    "trace_context",
    [b'"@traceparent":"junk"', b'"@traceparent":"00-%b-%b-01"' % (b"0" * 32, b"0" * 16), b'"@tracestate":"a=1"'],
)
def test_a_context_that_means_nothing_links_to_nothing(telescope: Telescope, trace_context: bytes) -> None:
    runner = make(telescope, continue_trace=True)
    runner.backend.insert(InsertParams(kind="coroutine", payload=b"{%b}" % trace_context))
    runner.drain()
    span = telescope.span("process default")
    assert (span.parent, span.links) == (None, ())


def test_the_state_of_a_trace_travels_too(telescope: Telescope) -> None:
    runner = make(telescope, continue_trace=True)
    payload = b'{"@traceparent":"00-%b-%b-01","@tracestate":"vendor=a"}' % (b"1" * 32, b"2" * 16)
    runner.backend.insert(InsertParams(kind="coroutine", payload=payload))
    runner.drain()
    context = context_of(telescope.span("process default"))
    assert context.trace_state.get("vendor") == "a"
    assert trace.format_trace_id(context.trace_id) == "1" * 32


def test_a_span_lasts_as_long_as_the_work(telescope: Telescope) -> None:
    runner, pause = make(telescope), threading.Event()
    runner.enqueue(action(lambda: pause.wait(0.05)))
    runner.drain()
    span = telescope.span("process default")
    assert span.start_time is not None
    assert span.end_time is not None
    (point,) = telescope.collect()["messaging.process.duration"]
    assert point["sum"] == pytest.approx((span.end_time - span.start_time) / 1e9, abs=1e-6)
    assert 0.05 <= (span.end_time - span.start_time) / 1e9 < 5


def test_without_an_sdk_nothing_travels_and_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    runner, ran = JobRunner(MemoryBackend(), jobs=[Do], observers=[OpenTelemetry()]), list[None]()
    record = runner.enqueue(action(lambda: ran.append(None)))
    assert read_trace(record.payload) == {}
    runner.drain()
    assert ran == [None]
    assert "observer failed" not in caplog.text


@pytest.mark.parametrize("sampled", [True, False])
def test_the_decision_of_a_sampler_travels(telescope: Telescope, sampled: bool) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

    provider = TracerProvider(sampler=ALWAYS_ON if sampled else ALWAYS_OFF, shutdown_on_exit=False)
    observer = OpenTelemetry(tracer_provider=provider, meter_provider=telescope.meter_provider)
    record = JobRunner(MemoryBackend(), jobs=[Do], observers=[observer]).enqueue(Do())
    flags = int(read_trace(record.payload)["traceparent"].rpartition("-")[2], 16)
    assert bool(flags & 1) is sampled


def test_a_run_in_another_context_sees_nothing_of_the_caller(telescope: Telescope) -> None:
    runner, seen = make(telescope), list[str]()
    look: Callable[[], object] = lambda: seen.append(current_span_id())  # noqa: E731
    runner.enqueue(action(look))
    with telescope.tracer_provider.get_tracer("request").start_as_current_span("request"):
        list(runner.run_due())
    assert seen == [trace.format_span_id(context_of(telescope.span("process default")).span_id)]


def test_a_provider_that_is_set_later_gets_the_spans(monkeypatch: pytest.MonkeyPatch, telescope: Telescope) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do], observers=[OpenTelemetry()])
    assert read_trace(runner.enqueue(Do()).payload) == {}
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: telescope.tracer_provider)
    assert read_trace(runner.enqueue(Do()).payload) != {}
    assert [span.name for span in telescope.spans()] == ["send default"]


class ClosedError(Exception):
    """Cannot be asked for anything."""

    def __getattr__(self, name: str) -> object:
        raise KeyError(name)


def test_an_exception_that_cannot_be_described_ends_its_span(telescope: Telescope) -> None:
    def fail_closed() -> None:
        raise ClosedError("no")

    runner = make(telescope)
    runner.enqueue(action(fail_closed))
    runner.drain()
    span = telescope.span("process default")
    assert attributes(span)["messaging.lazyjobs.outcome"] == "retrying"
    assert str(attributes(span)["error.type"]).endswith("ClosedError")
    (event,) = span.events
    assert event.attributes is not None
    assert event.attributes["exception.message"] == "no"
    assert "in fail_closed" in str(event.attributes["exception.stacktrace"])


def test_an_attempt_that_was_stopped_is_no_error_and_does_not_count(telescope: Telescope) -> None:
    runner, started, seen = make(telescope), Event(), list[bool]()

    def heed() -> None:
        if seen:
            return
        started.set()
        seen.append(current_job().wait_cancelled(timedelta(seconds=20)))
        raise InterruptedError

    runner.enqueue(action(heed))
    runner.start()
    assert started.wait(20)
    assert runner.stop(timedelta(0))
    runner.drain()
    stopped, succeeded = [span for span in telescope.spans() if span.name == "process default"]
    assert attributes(stopped)["messaging.lazyjobs.outcome"] == "stopped"
    assert "error.type" not in attributes(stopped)
    assert stopped.status.status_code is StatusCode.UNSET
    assert [attributes(span)["messaging.lazyjobs.attempt"] for span in (stopped, succeeded)] == [1, 1]
