"""The observer that makes spans and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from datetime import timedelta
from functools import cached_property
from importlib.metadata import version
from time import perf_counter, time_ns

from opentelemetry import context, metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, Span, Tracer, TracerProvider

from lazyjobs.contract import InsertParams, Record
from lazyjobs.runner import AttemptEnd, JobRunner
from lazyjobs.telemetry import _names as names
from lazyjobs.telemetry import _spans as spans
from lazyjobs.telemetry._metrics import Instruments, instruments_of
from lazyjobs.telemetry._series import DEFAULT_LIMIT, SMALLEST_LIMIT


class OpenTelemetry:
    """Makes spans and metrics of what a runner enqueues and runs: `JobRunner(observers=[OpenTelemetry()])`.

    They go to the providers given, or to the global ones, whether those are set before or after; where none are set,
    nothing is recorded; a NoOpTracerProvider leaves the spans out. The span of an attempt is linked to that of its
    enqueue and begins a trace of its own; with `continue_trace` it is a child of it too, so that one trace has both,
    and every retry. The records in the backend are counted when metrics are collected, by runners that were started,
    and at most once in `depth`; None leaves them out. Giving it to several runners, or each its own, comes to the same.

    A metric has `series` series at the most, 20 or more: no more than the SDK keeps, which is 2000 unless a reader of
    metrics is told otherwise. Queues, kinds and errors without a series of their own are counted together, as
    `(other)`, and a warning says so. On one meter provider the first observer's `series` holds.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        continue_trace: bool = False,
        depth: timedelta | None = timedelta(seconds=10),
        series: int = DEFAULT_LIMIT,
    ) -> None:
        if series < SMALLEST_LIMIT:
            raise ValueError(f"series must be {SMALLEST_LIMIT} or more, not {series}")
        self._series = series
        self.continue_trace = continue_trace
        self._tracer_provider = tracer_provider
        self._meter_provider = meter_provider
        self._depth = depth
        self._tracer: Tracer | None = None

    @property
    def tracer(self) -> Tracer | None:
        """Makes the spans; None if none is wanted, and as long as no provider is set."""
        if self._tracer is None:
            provider = self._tracer_provider or trace.get_tracer_provider()
            if not isinstance(provider, NoOpTracerProvider | ProxyTracerProvider):
                self._tracer = provider.get_tracer(names.LAZYJOBS, version(names.LAZYJOBS), names.SCHEMA)
        return self._tracer

    @cached_property
    def instruments(self) -> Instruments:
        """Take the measurements."""
        return instruments_of(self._meter_provider or metrics.get_meter_provider(), self._series)

    def watch(self, runner: JobRunner) -> None:
        """Counts the records of a runner's backend although it is not started, such as that of a control plane."""
        if self._depth is not None:
            self.instruments.depth.watch(runner, self._depth)

    def started(self, runner: JobRunner) -> None:
        """Counts the records of its backend from now on."""
        self.watch(runner)

    def enqueuing(self, params: InsertParams) -> _Send:
        """Begins the span of an enqueue."""
        return _Send(self, params)

    def attempting(self, record: Record) -> _Process:
        """Begins the span of an attempt."""
        return _Process(self, record)


class _Send:
    """One enqueue; its span is the current one until it has ended."""

    __slots__ = ("_began", "_instruments", "_params", "_span", "_started_at", "_token", "trace")

    def __init__(self, telemetry: OpenTelemetry, params: InsertParams) -> None:
        self._instruments = telemetry.instruments
        self._params = params
        self._started_at = time_ns()
        self._began = perf_counter()
        self._span: Span | None = None
        self._token: Token[context.Context] | None = None
        self.trace: Mapping[str, str] = {}
        if (tracer := telemetry.tracer) is not None:
            self._span = spans.start_send(tracer, params, self._started_at)
            current = trace.set_span_in_context(self._span)
            self.trace = spans.carry(current)
            self._token = context.attach(current)

    def ended(self, record: Record | None, error: BaseException | None) -> None:
        if self._token is not None:
            context.detach(self._token)
        seconds = perf_counter() - self._began
        error_type = None if error is None else names.name_error(error)
        self._instruments.sent(self._params, seconds, error_type)
        if self._span is not None:
            spans.end_send(self._span, record, error, _later(self._started_at, seconds))


class _Process:
    """One attempt; its span is the current one in the context of the work."""

    __slots__ = ("_instruments", "_record", "_span", "_started_at")

    def __init__(self, telemetry: OpenTelemetry, record: Record) -> None:
        self._instruments = telemetry.instruments
        self._instruments.begun(record)
        self._record = record
        self._started_at = time_ns()
        self._span: Span | None = None
        if (tracer := telemetry.tracer) is not None:
            self._span = spans.start_process(
                tracer, record, as_child=telemetry.continue_trace, started_at=self._started_at
            )

    def begin(self) -> None:
        if self._span is not None:
            context.attach(trace.set_span_in_context(self._span))

    def ended(self, end: AttemptEnd) -> None:
        error_type = _classify(end)
        self._instruments.processed(self._record, end.outcome, end.seconds, error_type)
        if self._span is not None:
            spans.end_process(self._span, end, error_type, _later(self._started_at, end.seconds))


def _classify(end: AttemptEnd) -> str | None:
    """The `error.type` of an attempt, or None if it succeeded or was stopped."""
    if end.outcome == "succeeded":
        return None
    if end.outcome == "stopped":
        return None
    if end.error is not None:
        return names.name_error(end.error)
    return {"lost": "claim_lost", "abandoned": "outcome_not_written"}.get(end.outcome, "not_run")


def _later(start: int, seconds: float) -> int:
    return start + int(seconds * 1e9)
