"""The current span on log records."""

import logging

from opentelemetry import trace


class TraceFields(logging.Filter):
    """Puts the current span on every log record: a filter for a handler, so that its formatter can show the fields.

    They are those of OpenTelemetry's instrumentation of `logging`: `otelTraceID` and `otelSpanID` in hexadecimal, "0"
    where no span is current, and `otelTraceSampled`. Fields that are there already are left alone.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds the fields; lets every record pass."""
        if not hasattr(record, "otelTraceID"):
            current = trace.get_current_span().get_span_context()
            record.otelTraceID = trace.format_trace_id(current.trace_id) if current.is_valid else "0"
            record.otelSpanID = trace.format_span_id(current.span_id) if current.is_valid else "0"
            record.otelTraceSampled = current.trace_flags.sampled
        return True
