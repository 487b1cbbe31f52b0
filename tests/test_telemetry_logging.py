"""Log records with the span they were written in."""

import logging
from collections.abc import Iterator

import pytest
from opentelemetry import trace

from lazyjobs import JobRunner
from lazyjobs.telemetry import OpenTelemetry, TraceFields
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action
from tests.support.telemetry import Telescope, context_of


class Keeps(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.addFilter(TraceFields())

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def keeps(caplog: pytest.LogCaptureFixture) -> Iterator[Keeps]:
    caplog.set_level(logging.INFO)
    handler = Keeps()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def fields(record: logging.LogRecord) -> tuple[str, str, bool]:
    return record.otelTraceID, record.otelSpanID, record.otelTraceSampled  # type: ignore[attr-defined]


def test_what_a_job_logs_and_how_it_ended_have_the_span_of_the_attempt(keeps: Keeps) -> None:
    telescope = Telescope()
    observer = OpenTelemetry(tracer_provider=telescope.tracer_provider, meter_provider=telescope.meter_provider)
    runner = JobRunner(MemoryBackend(), jobs=[Do], observers=[observer])
    runner.enqueue(action(lambda: logging.getLogger("app").info("inside")))
    runner.drain()
    context = context_of(telescope.span("process default"))
    expected = (trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id), True)
    found = {record.name: fields(record) for record in keeps.records}
    assert found["app"] == found["lazyjobs.jobs"] == expected


def test_outside_of_a_span_the_ids_are_zero(keeps: Keeps) -> None:
    logging.getLogger("app").info("outside")
    assert fields(keeps.records[-1]) == ("0", "0", False)


def test_fields_that_an_instrumentation_has_set_are_left_alone(keeps: Keeps) -> None:
    logging.getLogger("app").info("outside", extra={"otelTraceID": "theirs", "otelSpanID": "x", "otelTraceSampled": 1})
    assert fields(keeps.records[-1])[0] == "theirs"
