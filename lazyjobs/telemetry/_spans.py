"""Spans: one for each enqueue, one for each attempt, linked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from lazyjobs.contract import InsertParams, Record
from lazyjobs.jobs import read_trace, showable, text_of
from lazyjobs.runner import AttemptEnd, count_attempts
from lazyjobs.telemetry import _names as names

_NOTHING = Context()
_propagator = TraceContextTextMapPropagator()
_TRACEPARENT = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
"""What is usually there; to read it by the propagator costs as much as a quarter of the span."""


def start_send(tracer: Tracer, params: InsertParams, started_at: int) -> Span:
    """The span of an enqueue, whose context travels with the job; a child of what is current."""
    return tracer.start_span(
        f"{names.SEND} {params.queue}",
        kind=SpanKind.PRODUCER,
        attributes={
            names.SYSTEM: names.LAZYJOBS,
            names.OPERATION: names.SEND,
            names.OPERATION_TYPE: names.SEND,
            names.DESTINATION: params.queue,
            names.KIND: params.kind,
        },
        start_time=started_at,
    )


def end_send(span: Span, record: Record | None, error: BaseException | None, ended_at: int) -> None:
    """Ends it with the record's id, or with the error."""
    if span.is_recording():
        if record is not None:
            span.set_attribute(names.MESSAGE_ID, str(record.id))
        if error is not None:
            _fail(span, names.name_error(error), text_of(error))
            span.record_exception(showable(error))
    span.end(ended_at)


def carry(context: Context) -> Mapping[str, str]:
    """The headers of the span that is current in `context`."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, context)
    return carrier


def start_process(tracer: Tracer, record: Record, *, as_child: bool, started_at: int) -> Span:
    """The span of an attempt, linked to that of the enqueue; its child, too, if so wished.

    Otherwise it begins a trace of its own, or is a child of what is current where `run_due` is called.
    """
    sent = _sender(record.payload)
    links = [] if sent is None else [Link(sent)]
    context = None
    if sent is not None and as_child:
        around = trace.get_current_span().get_span_context()
        if around.is_valid:
            links.append(Link(around))
        context = trace.set_span_in_context(NonRecordingSpan(sent))
    return tracer.start_span(
        f"{names.PROCESS} {record.queue}",
        context,
        SpanKind.CONSUMER,
        {
            names.SYSTEM: names.LAZYJOBS,
            names.OPERATION: names.PROCESS,
            names.OPERATION_TYPE: names.PROCESS,
            names.DESTINATION: record.queue,
            names.MESSAGE_ID: str(record.id),
            names.KIND: record.kind,
            names.ATTEMPT: count_attempts(record),
        },
        links,
        started_at,
    )


def end_process(span: Span, end: AttemptEnd, error_type: str | None, ended_at: int) -> None:
    """Ends it with the outcome, and the exception behind it if there was one."""
    if span.is_recording():
        span.set_attribute(names.OUTCOME, end.outcome)
        if error_type is not None:
            _fail(span, error_type, end.reason)
        if end.error is not None:
            span.record_exception(showable(end.error), timestamp=ended_at)
    span.end(ended_at)


def _sender(payload: bytes) -> SpanContext | None:
    carrier = read_trace(payload)
    if not carrier:
        return None
    known = None if "tracestate" in carrier else _TRACEPARENT.fullmatch(carrier["traceparent"])
    if known is None:
        found = trace.get_current_span(_propagator.extract(carrier, _NOTHING)).get_span_context()
    else:
        trace_id, span_id, flags = known.groups()
        found = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
    return found if found.is_valid else None


def _fail(span: Span, error_type: str, description: str) -> None:
    span.set_attribute(names.ERROR_TYPE, error_type)
    span.set_status(Status(StatusCode.ERROR, description))
