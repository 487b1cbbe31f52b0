"""Seeing inside with OpenTelemetry; needs the extra `lazyjobs[opentelemetry]`.

`OpenTelemetry` is an observer of a runner that makes spans and metrics by OpenTelemetry's conventions for messaging.
`lazyjobs.telemetry.prometheus.Prometheus` serves the same metrics to Prometheus; it needs the extra
`lazyjobs[prometheus]`.
"""

from lazyjobs.telemetry._logging import TraceFields
from lazyjobs.telemetry._opentelemetry import OpenTelemetry

__all__ = ["OpenTelemetry", "TraceFields"]
