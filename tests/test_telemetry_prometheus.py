"""GET /metrics: what Prometheus reads there, from every place that serves it."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Callable

import httpx
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from starlette.applications import Starlette

from lazyjobs import JobRunner
from lazyjobs.control import serve, wsgi_app
from lazyjobs.control.starlette import routes
from lazyjobs.telemetry.prometheus import Prometheus
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, Impatient, action, impatient
from tests.support.telemetry import Telescope

Answer = tuple[int, str, str]
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
QUEUE = ("messaging_destination_name", "default")
KIND = ("messaging_lazyjobs_kind", "do.impatient")

pytestmark = pytest.mark.logs_errors("do.impatient discarded id=", "could not show the metrics")


def fail() -> None:
    raise ValueError("no")


def make(observer: object | None = None) -> JobRunner:
    """A runner after a job that was tried twice and given up."""
    chosen = Prometheus() if observer is None else observer
    runner = JobRunner(MemoryBackend(), jobs=[Do, Impatient], observers=[chosen])  # type: ignore[list-item]
    runner.enqueue(impatient(fail))
    runner.drain()
    return runner


def samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def with_wsgi(runner: JobRunner, accept: str) -> Answer:
    with httpx.Client(transport=httpx.WSGITransport(wsgi_app(runner)), base_url="http://test") as client:
        response = client.get("/metrics", headers={"accept": accept})
    return response.status_code, response.headers["content-type"], response.text


def with_starlette(runner: JobRunner, accept: str) -> Answer:
    async def send() -> httpx.Response:
        app = Starlette(routes=routes(runner))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/metrics", headers={"accept": accept})

    response = asyncio.run(send())
    return response.status_code, response.headers["content-type"], response.text


def with_server(runner: JobRunner, accept: str) -> Answer:
    with serve(runner, "127.0.0.1", 0) as (host, port):
        request = urllib.request.Request(f"http://{host}:{port}/metrics", headers={"accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.headers["content-type"], response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["content-type"], error.read().decode()


servers = pytest.mark.parametrize("ask", [with_wsgi, with_starlette, with_server])
Ask = Callable[[JobRunner, str], Answer]


@servers
def test_the_metrics_are_served_in_the_text_format(ask: Ask) -> None:
    status, content_type, text = ask(make(), "*/*")
    assert status == 200
    assert content_type.startswith("text/plain; version=")
    found = samples(text)
    outcome = "messaging_lazyjobs_outcome"
    assert found["lazyjobs_attempts_total", (QUEUE, KIND, (outcome, "retrying"))] == 1
    assert found["lazyjobs_attempts_total", (QUEUE, KIND, (outcome, "discarded"))] == 1


@servers
def test_openmetrics_is_served_to_whoever_accepts_it(ask: Ask) -> None:
    status, content_type, text = ask(make(), OPENMETRICS)
    assert status == 200
    assert content_type.startswith(OPENMETRICS)
    assert "lazyjobs_attempts" in {family.name for family in parse_openmetrics(text)}  # type: ignore[no-untyped-call]


@servers
def test_a_runner_without_metrics_says_how_to_have_them(ask: Ask) -> None:
    status, content_type, text = ask(JobRunner(MemoryBackend(), jobs=[Do]), "*/*")
    assert (status, content_type) == (404, "text/plain; charset=utf-8")
    assert text.count("\n") == 1
    assert "lazyjobs.telemetry.prometheus.Prometheus" in text
    assert "--prometheus" in text


@servers
def test_metrics_that_cannot_be_shown_are_an_error_of_one_line(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Prometheus):
        def expose(self, accept: str) -> tuple[str, bytes]:
            raise RuntimeError("first\nsecond")

    status, content_type, text = ask(make(Failing()), "*/*")
    assert (status, content_type) == (500, "text/plain; charset=utf-8")
    assert text == "no metrics: RuntimeError: first second\n"
    assert "the control plane could not show the metrics" in caplog.text


def test_the_names_are_those_that_prometheus_wants() -> None:
    _, _, text = with_wsgi(make(), "*/*")
    families = {family.name: family for family in parse(text)}
    ours = {name: family.type for name, family in families.items() if name.startswith(("messaging", "lazyjobs"))}
    assert ours == {
        "messaging_client_sent_messages": "counter",
        "messaging_client_operation_duration_seconds": "histogram",
        "messaging_client_consumed_messages": "counter",
        "messaging_process_duration_seconds": "histogram",
        "lazyjobs_queue_latency_seconds": "histogram",
        "lazyjobs_attempts": "counter",
        "lazyjobs_records": "gauge",
    }
    assert all(families[name].documentation for name in ours)
    names = {sample.name for name in ours for sample in families[name].samples}
    assert {"messaging_client_sent_messages_total", "messaging_process_duration_seconds_bucket"} <= names
    assert "process_resident_memory_bytes" in families
    assert "otel_scope" not in text


def test_buckets_count_up_to_the_number_of_attempts() -> None:
    _, _, text = with_wsgi(make(), "*/*")
    labels = (("error_type", "ValueError"), QUEUE, KIND)
    rest = (("messaging_operation_name", "process"), ("messaging_system", "lazyjobs"))
    found = samples(text)
    name = "messaging_process_duration_seconds"
    assert found[f"{name}_count", (*labels, *rest)] == 2
    buckets = [
        value
        for (sample, named), value in found.items()
        if sample == f"{name}_bucket" and dict(named).get("error_type")
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 2


def test_the_records_are_counted_at_each_scrape() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do], observers=[Prometheus()])
    with runner:
        runner.enqueue(action(lambda: None), queue="mail")
        _, _, text = with_wsgi(runner, "*/*")
    name = ("messaging_destination_name", "mail")
    assert samples(text)["lazyjobs_records", (name, ("messaging_lazyjobs_state", "pending"))] == 1


def test_an_applications_own_registry_shows_both() -> None:
    registry = CollectorRegistry()
    Counter("orders", "Orders.", registry=registry).inc()
    _, body = Prometheus(registry).expose("*/*")
    make(Prometheus(registry))
    _, body = Prometheus(registry).expose("*/*")
    names = {family.name for family in parse(body.decode())}
    assert {"orders", "lazyjobs_attempts"} <= names
    assert "process_resident_memory" not in names


def test_two_of_them_do_not_meet() -> None:
    first, second = Prometheus(), Prometheus()
    make(first)
    make(second)
    for observer in (first, second):
        _, body = observer.expose("*/*")
        outcome = ("messaging_lazyjobs_outcome", "discarded")
        assert samples(body.decode())["lazyjobs_attempts_total", (QUEUE, KIND, outcome)] == 1
    assert not [family for family in REGISTRY.collect() if family.name.startswith("lazyjobs")]


def test_it_makes_spans_too() -> None:
    telescope = Telescope()
    make(Prometheus(tracer_provider=telescope.tracer_provider))
    assert [span.name for span in telescope.spans()] == ["send default", "process default", "process default"]


def test_who_may_not_see_the_page_may_not_see_the_metrics() -> None:
    runner, token = make(), "a-token-of-some-length"
    with httpx.Client(
        transport=httpx.WSGITransport(wsgi_app(runner, token=token)), base_url="http://127.0.0.1"
    ) as client:
        refused = client.get("/metrics")
        answered = client.get("/metrics", headers={"authorization": f"Bearer {token}"})
    assert (refused.status_code, answered.status_code) == (401, 200)
    assert "lazyjobs_attempts_total" in answered.text
    assert "lazyjobs" not in refused.text.partition("\n")[2]


def test_a_backend_alone_shows_the_metrics_that_the_control_plane_is_given() -> None:
    backend, metrics = MemoryBackend(), Prometheus()
    runner = JobRunner(backend, jobs=[Do])
    metrics.watch(runner)
    runner.enqueue(action(lambda: None))
    with httpx.Client(
        transport=httpx.WSGITransport(wsgi_app(backend, metrics=metrics)), base_url="http://test"
    ) as client:
        response = client.get("/metrics")
    state = ("messaging_lazyjobs_state", "pending")
    assert samples(response.text)["lazyjobs_records", (QUEUE, state)] == 1


def test_metrics_are_only_to_be_read() -> None:
    with httpx.Client(transport=httpx.WSGITransport(wsgi_app(make())), base_url="http://test") as client:
        response = client.post("/metrics")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
