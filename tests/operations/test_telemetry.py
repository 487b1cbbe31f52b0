"""Telemetry on every backend: spans and metrics in one process, and spans that are linked from one to another."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lazyjobs import Backend, JobRunner, State
from lazyjobs.control import wsgi_app
from lazyjobs.telemetry.prometheus import Prometheus
from tests.support.jobs import Do, Impatient, action, impatient
from tests.support.operations import across_processes
from tests.support.telemetry import Telescope, attributes, context_of

ROOT = Path(__file__).parents[2]
APPLICATION = """
import os
import sys
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from lazyjobs import BaseJob, JobRunner
from lazyjobs.telemetry import OpenTelemetry

def one_line(span):
    return span.to_json(indent=None) + os.linesep

exporter = ConsoleSpanExporter(out=open(os.environ["SPANS"], "a"), formatter=one_line)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter))
trace.set_tracer_provider(provider)

@dataclass
class Add(BaseJob):
    kind = "add"
    numbers: tuple[int, ...] = ()

    def work(self):
        with trace.get_tracer("app").start_as_current_span("adding"):
            sum(self.numbers)

runner = JobRunner(jobs=[Add], observers=[OpenTelemetry()] if sys.argv[0].endswith(".py") else [])
"""
ENQUEUE = """
from app import Add, runner, trace
with trace.get_tracer("app").start_as_current_span("request"):
    runner.enqueue(Add((1, 2, 3)))
runner.close()
"""


def fail() -> None:
    raise ValueError("no")


@pytest.mark.logs_errors("do.impatient discarded id=")
def test_spans_metrics_and_the_page_agree_with_the_backend(backend_url: str, backend: Backend) -> None:
    telescope, ran = Telescope(), list[None]()
    observer = Prometheus(tracer_provider=telescope.tracer_provider)
    runner = JobRunner(backend_url, jobs=[Do, Impatient], observers=[observer])
    runner.enqueue(action(lambda: ran.append(None)))
    runner.enqueue(impatient(fail))
    runner.drain()
    assert ran == [None]
    assert backend.stats().by_state == {State.SUCCEEDED: 1, State.DISCARDED: 1}
    sent = {context_of(span).span_id for span in telescope.spans() if span.name == "send default"}
    processed = [span for span in telescope.spans() if span.name == "process default"]
    assert sorted(str(attributes(span)["messaging.lazyjobs.outcome"]) for span in processed) == [
        "discarded",
        "retrying",
        "succeeded",
    ]
    assert {link.context.span_id for span in processed for link in span.links} == sent
    assert len(sent) == 2
    text = observer.expose("*/*")[1].decode()
    assert 'lazyjobs_records{messaging_destination_name="default",messaging_lazyjobs_state="discarded"} 1.0' in text
    assert 'messaging_lazyjobs_kind="do",messaging_lazyjobs_outcome="succeeded"} 1.0' in text
    assert callable(wsgi_app(runner))
    runner.close()


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APPLICATION)
    (tmp_path / "enqueue.py").write_text(ENQUEUE)
    return tmp_path


def run(workplace: Path, url: str, spans: str, *command: str) -> list[dict[str, Any]]:
    """The spans of a process that runs the command."""
    path = workplace / spans
    environment = {**os.environ, "LAZYJOBS_BACKEND": url, "SPANS": str(path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=workplace,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in path.read_text().splitlines()]


@across_processes
def test_a_workers_span_is_linked_to_that_of_the_process_that_enqueued(workplace: Path, backend_url: str) -> None:
    sent, request = run(workplace, backend_url, "enqueuer", "enqueue.py")
    worker = ("-m", "lazyjobs", "worker", "app:runner", "--drain", "--telemetry")
    adding, processed = run(workplace, backend_url, "worker", *worker)
    assert [span["name"] for span in (request, sent, processed, adding)] == [
        "request",
        "send default",
        "process default",
        "adding",
    ]
    assert sent["parent_id"] == request["context"]["span_id"]
    assert processed["links"] == [{"context": sent["context"], "attributes": {}}]
    assert processed["parent_id"] is None
    assert adding["parent_id"] == processed["context"]["span_id"]
    assert (sent["kind"], processed["kind"]) == ("SpanKind.PRODUCER", "SpanKind.CONSUMER")
