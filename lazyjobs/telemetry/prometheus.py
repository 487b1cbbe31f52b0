"""The metrics of OpenTelemetry, for Prometheus to scrape; needs the extra `lazyjobs[prometheus]`."""

from datetime import timedelta

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.trace import NoOpTracerProvider
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from lazyjobs.telemetry._opentelemetry import OpenTelemetry


class Prometheus(OpenTelemetry):
    """Measures what `OpenTelemetry` does and shows it in the formats of Prometheus; makes no spans.

    The control plane of a runner that has it among its observers answers `GET /metrics` with it. `registry` is where
    the application has its own metrics, such as `prometheus_client.REGISTRY`; without one, the metrics of the process
    and the interpreter stand beside those of the jobs. `depth` is that of `OpenTelemetry`.
    """

    def __init__(
        self, registry: CollectorRegistry | None = None, *, depth: timedelta | None = timedelta(seconds=10)
    ) -> None:
        self.registry = _make_registry() if registry is None else registry
        reader = PrometheusMetricReader(registry=self.registry, scope_info_enabled=False)
        provider = MeterProvider([reader], shutdown_on_exit=False)
        super().__init__(tracer_provider=NoOpTracerProvider(), meter_provider=provider, depth=depth)

    def expose(self, accept: str) -> tuple[str, bytes]:
        """The content type and the metrics, in the format that the header `Accept` of a request prefers."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self.registry)


def _make_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry
