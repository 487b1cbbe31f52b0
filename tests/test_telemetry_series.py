"""More queues, kinds and errors than a metric may have series: none is lost, and it is said once."""

from collections import Counter
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from lazyjobs import InsertParams, JobRunner
from lazyjobs.telemetry import OpenTelemetry
from lazyjobs.telemetry._series import DEFAULT_LIMIT, OTHER
from lazyjobs.telemetry.prometheus import Prometheus
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import action
from tests.support.telemetry import Telescope

QUEUE, KIND, STATE = "messaging.destination.name", "messaging.lazyjobs.kind", "messaging.lazyjobs.state"
SERIES_OF_A_QUEUE = 5
ROOM = (DEFAULT_LIMIT - 10) // SERIES_OF_A_QUEUE


class Errors:
    """Exceptions each of a type of its own."""

    def __init__(self) -> None:
        self._number = 0

    def throw(self) -> None:
        self._number += 1
        raise type(f"Error{self._number}", (Exception,), {})("no")


def watch(telescope: Telescope, series: int = DEFAULT_LIMIT) -> tuple[MemoryBackend, JobRunner]:
    backend = MemoryBackend()
    observer = OpenTelemetry(
        tracer_provider=telescope.tracer_provider,
        meter_provider=telescope.meter_provider,
        depth=timedelta(0),
        series=series,
    )
    runner = JobRunner(backend, observers=[observer])
    observer.watch(runner)
    return backend, runner


def fill(backend: MemoryBackend, queues: int) -> str:
    """One record on each queue, and five more on the last by name, which is returned."""
    names = [f"queue-{number:05}" for number in range(queues)]
    for name in [*names, *names[-1:] * 5]:
        backend.insert(InsertParams(kind="do", queue=name))
    return names[-1]


def pending(telescope: Telescope) -> dict[str, int]:
    """How many wait on each queue that is told; each is told once."""
    points = telescope.collect()["lazyjobs.records"]
    assert len(points) <= DEFAULT_LIMIT
    found = [(str(point[QUEUE]), int(str(point["value"]))) for point in points if point[STATE] == "pending"]
    assert len(found) == len(dict(found)) == len(points) / SERIES_OF_A_QUEUE
    return dict(found)


@pytest.mark.parametrize("queues", [ROOM, ROOM + 1, 500, 5_000])
def test_every_record_is_counted_and_the_largest_queue_by_itself(queues: int, caplog: pytest.LogCaptureFixture) -> None:
    telescope = Telescope()
    backend, runner = watch(telescope)
    largest = fill(backend, queues)
    for _ in range(2):
        found = pending(telescope)
        assert sum(found.values()) == queues + 5
        assert found[largest] == 6
        assert found.get(OTHER, 0) == queues - ROOM
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == (queues > ROOM)
    assert all("the metric lazyjobs.records has room for 2000 series, and more are needed" in line for line in said)
    runner.close()


def test_who_has_a_series_keeps_it_and_who_shares_one_goes_on_sharing(caplog: pytest.LogCaptureFixture) -> None:
    telescope = Telescope()
    backend, runner = watch(telescope, series=20)
    fill(backend, 3)
    assert pending(telescope) == {"queue-00002": 6, "queue-00000": 1, OTHER: 1}
    for _ in range(30):
        backend.insert(InsertParams(kind="do", queue="queue-00001"))
    assert pending(telescope) == {"queue-00002": 6, "queue-00000": 1, OTHER: 31}
    assert len(caplog.records) == 1
    runner.close()


def count(points: list[dict[str, object]]) -> int:
    return sum(int(str(point.get("value", point.get("count")))) for point in points)


@pytest.mark.logs_errors("fails discarded id=")
def test_no_attempt_is_lost_where_there_are_more_errors_than_series(caplog: pytest.LogCaptureFixture) -> None:
    telescope = Telescope()
    _, runner = watch(telescope, series=30)
    job = action(Errors().throw)
    job_class = type("Fails", (type(job),), {"kind": "fails", "job_max_attempts": 1})
    runner.register(job_class)
    for _ in range(100):
        runner.enqueue(job_class(name=job.name))
    runner.drain()
    found = telescope.collect()
    durations = found["messaging.process.duration"]
    assert count(durations) == 100
    assert len(durations) == 30 - 10 + 1
    shared = [point for point in durations if point["error.type"] == OTHER]
    assert [(point[QUEUE], point[KIND], count([point])) for point in shared] == [(OTHER, OTHER, 80)]
    assert count(found["lazyjobs.attempts"]) == 100
    warnings = [record.getMessage() for record in caplog.records if "has room for" in record.getMessage()]
    assert len(warnings) == 1
    assert "messaging.process.duration" in warnings[0]
    runner.close()


def test_no_job_is_lost_where_there_are_more_queues_than_series(caplog: pytest.LogCaptureFixture) -> None:
    telescope = Telescope()
    _, runner = watch(telescope, series=30)
    job = action(lambda: None)
    runner.register(type(job))
    queues = [f"queue-{number}" for number in range(50)]
    for queue in queues * 2:
        runner.enqueue(job, queue=queue)
    runner.configure(queues=queues)
    runner.drain()
    found = telescope.collect()
    for name in (
        "messaging.client.sent.messages",
        "messaging.client.operation.duration",
        "messaging.client.consumed.messages",
        "lazyjobs.queue.latency",
        "messaging.process.duration",
        "lazyjobs.attempts",
    ):
        assert count(found[name]) == 100, name
        by_queue = Counter({str(point[QUEUE]): count([point]) for point in found[name]})
        assert by_queue[OTHER] == 60, name
        assert len(by_queue) == 21, name
    assert {point["messaging.lazyjobs.outcome"] for point in found["lazyjobs.attempts"]} == {"succeeded"}
    metrics = {record.getMessage().split()[2] for record in caplog.records if "has room for" in record.getMessage()}
    assert metrics == {
        "messaging.client.sent.messages",
        "messaging.client.consumed.messages",
        "lazyjobs.attempts",
        "messaging.process.duration",
        "lazyjobs.records",
    }
    assert len(caplog.records) == len(metrics)
    runner.close()


@pytest.mark.parametrize("queues", [1_998, 2_500])
def test_prometheus_keeps_as_many_as_it_says(queues: int, caplog: pytest.LogCaptureFixture) -> None:
    backend = MemoryBackend()
    prometheus = Prometheus(CollectorRegistry())
    runner = JobRunner(backend, observers=[prometheus])
    prometheus.watch(runner)
    largest = fill(backend, queues)
    _, body = prometheus.expose("text/plain")
    assert b"overflow" not in body
    (family,) = [f for f in text_string_to_metric_families(body.decode()) if f.name == "lazyjobs_records"]
    found = {
        sample.labels["messaging_destination_name"]: sample.value
        for sample in family.samples
        if sample.labels["messaging_lazyjobs_state"] == "pending"
    }
    assert found[largest] == 6
    assert sum(found.values()) == queues + 5
    assert found.get(OTHER, 0) == queues - 1_998
    assert len(caplog.records) == (queues > 1_998)
    runner.close()


def test_too_few_series_are_refused() -> None:
    with pytest.raises(ValueError, match="series must be 20 or more, not 19"):
        OpenTelemetry(series=19)
