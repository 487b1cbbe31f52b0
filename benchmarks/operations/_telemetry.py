"""The SDK of OpenTelemetry as a worker has it: spans exported in batches, metrics for Prometheus."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import NoOpTracerProvider

from lazyjobs import Observer
from lazyjobs.telemetry import OpenTelemetry
from lazyjobs.telemetry.prometheus import Prometheus


class Drop(SpanExporter):
    """Takes the batches and sends them nowhere: what an exporter costs is the exporter's."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 (the base's)
        return SpanExportResult.SUCCESS


def make_observers(*, sampled: float | None, metrics: bool) -> Sequence[Observer]:
    """One observer, as the worker command would make it; `sampled` is the part of the traces that is, None no spans."""
    provider: TracerProvider | NoOpTracerProvider = NoOpTracerProvider()
    if sampled is not None:
        provider = TracerProvider(sampler=ParentBasedTraceIdRatio(sampled))
        provider.add_span_processor(BatchSpanProcessor(Drop()))
    return [Prometheus(tracer_provider=provider) if metrics else OpenTelemetry(tracer_provider=provider)]
