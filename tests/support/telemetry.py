"""OpenTelemetry's SDK as the tests read it: what was exported, in memory."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext


class Telescope:
    """Providers of its own, and what came of them."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meter_provider = MeterProvider([self._reader], shutdown_on_exit=False)

    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in that order."""
        return list(self._exporter.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """The only span of that name."""
        (found,) = [span for span in self.spans() if span.name == name]
        return found

    def collect(self) -> dict[str, list[dict[str, object]]]:
        """The points of each metric: attributes, and `value`, or `count` and `sum`."""
        return {metric.name: [_describe(point) for point in metric.data.data_points] for metric in self.metrics()}

    def metrics(self) -> list[Metric]:
        """What is measured now."""
        data = self._reader.get_metrics_data()
        return [] if data is None else [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]


def _describe(point: object) -> dict[str, object]:
    figures = {name: getattr(point, name) for name in ("value", "count", "sum") if hasattr(point, name)}
    return {**getattr(point, "attributes", {}), **figures}


def attributes(span: ReadableSpan) -> dict[str, object]:
    """All of a span's attributes."""
    return dict(span.attributes or {})


def context_of(span: ReadableSpan) -> SpanContext:
    """By which others know it."""
    context = span.get_span_context()
    assert context is not None
    return context
