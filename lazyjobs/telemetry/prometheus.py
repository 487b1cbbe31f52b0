"""The metrics of OpenTelemetry, for Prometheus to scrape; needs the extra `lazyjobs[prometheus]`."""

from datetime import timedelta

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import Histogram, MeterProvider, ObservableCounter, ObservableGauge
from opentelemetry.trace import TracerProvider
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from lazyjobs.telemetry._opentelemetry import OpenTelemetry

_MEASURED = (Histogram, ObservableCounter, ObservableGauge)
"""The kinds of instruments that there are."""


class Prometheus(OpenTelemetry):
    """Does what `OpenTelemetry` does, but shows its metrics in the formats of Prometheus.

    The control plane of a runner that has it among its observers answers `GET /metrics` with them. `registry` is where
    the application has metrics of its own, such as `prometheus_client.REGISTRY`; without one, there are those of the
    process and the interpreter beside those of the jobs. The other options are those of `OpenTelemetry`; as many
    `series` of a metric as it says are kept, 10,000 unless given, which is room for 1998 queues.
    """

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        tracer_provider: TracerProvider | None = None,
        continue_trace: bool = False,
        depth: timedelta | None = timedelta(seconds=10),
        series: int = 10_000,
    ) -> None:
        self.registry = _make_registry() if registry is None else registry
        reader = PrometheusMetricReader(
            registry=self.registry, scope_info_enabled=False, cardinality_limits=dict.fromkeys(_MEASURED, series)
        )
        super().__init__(
            tracer_provider=tracer_provider,
            meter_provider=MeterProvider([reader], shutdown_on_exit=False),
            continue_trace=continue_trace,
            depth=depth,
            series=series,
        )

    def expose(self, accept: str) -> tuple[str, bytes]:
        """The content type and the metrics, in the format that the header `Accept` of a request prefers."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self.registry)


def _make_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry
