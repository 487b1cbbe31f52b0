"""The metrics: names, attributes and values, and the counts of records without hammering the backend."""

import gc
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from msgspec import structs

from lazyjobs import BackendUnavailableError, ClaimParams, CompleteParams, InsertParams, JobRunner, Stats
from lazyjobs.telemetry import OpenTelemetry
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, Impatient, action, impatient
from tests.support.telemetry import Telescope

NO_TIME = timedelta(0)
ALL_NAMES = {
    "messaging.client.sent.messages",
    "messaging.client.operation.duration",
    "messaging.client.consumed.messages",
    "messaging.process.duration",
    "lazyjobs.queue.latency",
    "lazyjobs.attempts",
    "lazyjobs.records",
}


class Counting(MemoryBackend):
    """Counts how often it is asked for its counts, and fails when told to."""

    asked = 0
    failing = False

    def stats(self) -> Stats:
        self.asked += 1
        if self.failing:
            raise BackendUnavailableError("gone")
        return super().stats()


@pytest.fixture
def telescope() -> Telescope:
    return Telescope()


def observe(telescope: Telescope, depth: timedelta | None = NO_TIME) -> OpenTelemetry:
    return OpenTelemetry(
        tracer_provider=telescope.tracer_provider, meter_provider=telescope.meter_provider, depth=depth
    )


def make(telescope: Telescope, backend: MemoryBackend | None = None, depth: timedelta | None = NO_TIME) -> JobRunner:
    return JobRunner(backend or MemoryBackend(), jobs=[Do, Impatient], observers=[observe(telescope, depth)])


def fail() -> None:
    raise ValueError("no")


def depths(telescope: Telescope) -> dict[tuple[object, object], object]:
    points = telescope.collect().get("lazyjobs.records", [])
    return {(p["messaging.destination.name"], p["messaging.lazyjobs.state"]): p["value"] for p in points}


def test_everything_is_measured_by_kind_and_queue(telescope: Telescope) -> None:
    runner = make(telescope)
    runner.enqueue(action(lambda: None))
    runner.enqueue(action(lambda: None), queue="mail")
    runner.configure(queues=["default", "mail"])
    runner.drain()
    found = telescope.collect()
    assert set(found) == ALL_NAMES
    for name in ALL_NAMES - {"lazyjobs.records"}:
        assert {(p["messaging.destination.name"], p["messaging.lazyjobs.kind"]) for p in found[name]} == {
            ("default", "do"),
            ("mail", "do"),
        }
        assert [p.get("value", p.get("count")) for p in found[name]] == [1, 1]


def test_what_the_conventions_require_is_there(telescope: Telescope) -> None:
    runner = make(telescope)
    runner.enqueue(action(lambda: None))
    runner.drain()
    found = telescope.collect()
    for name, operation in {
        "messaging.client.sent.messages": "send",
        "messaging.client.operation.duration": "send",
        "messaging.client.consumed.messages": "process",
        "messaging.process.duration": "process",
    }.items():
        (point,) = found[name]
        assert (point["messaging.system"], point["messaging.operation.name"]) == ("lazyjobs", operation)
        assert "error.type" not in point


@pytest.mark.logs_errors("discarded id=")
def test_retries_and_discards_are_counted_and_the_run_time_of_failures_has_their_type(telescope: Telescope) -> None:
    runner = make(telescope)
    for job in (impatient(fail), action(lambda: None)):
        runner.enqueue(job)
    runner.drain()
    found = telescope.collect()
    attempts = {
        (p["messaging.lazyjobs.kind"], p["messaging.lazyjobs.outcome"]): p["value"] for p in found["lazyjobs.attempts"]
    }
    assert attempts == {("do.impatient", "retrying"): 1, ("do.impatient", "discarded"): 1, ("do", "succeeded"): 1}
    times = {
        (p["messaging.lazyjobs.kind"], p.get("error.type")): p["count"] for p in found["messaging.process.duration"]
    }
    assert times == {("do.impatient", "ValueError"): 2, ("do", None): 1}


def test_a_failed_enqueue_is_counted_with_its_error(telescope: Telescope) -> None:
    def refuse(_: str) -> None:
        raise TimeoutError

    runner = JobRunner(PlainBackend(refuse), jobs=[Do], observers=[observe(telescope)])
    with pytest.raises(TimeoutError):
        runner.enqueue(Do())
    found = telescope.collect()
    assert [(p["error.type"], p["value"]) for p in found["messaging.client.sent.messages"]] == [("TimeoutError", 1)]
    assert [(p["error.type"], p["count"]) for p in found["messaging.client.operation.duration"]] == [
        ("TimeoutError", 1)
    ]


class Clock:
    """A backend's clock that the test moves."""

    now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_the_latency_is_from_the_due_time_to_the_claim_by_the_backends_clock(telescope: Telescope) -> None:
    clock = Clock()
    runner = make(telescope, MemoryBackend(clock=clock))
    runner.enqueue(action(lambda: None))
    runner.enqueue_at(action(lambda: None), clock.now + timedelta(seconds=80))
    clock.now += timedelta(seconds=90)
    runner.drain()
    (point,) = telescope.collect()["lazyjobs.queue.latency"]
    assert (point["count"], point["sum"]) == (2, 90 + 10)


def test_a_latency_below_zero_counts_as_none(telescope: Telescope) -> None:
    clock = Clock()
    backend = MemoryBackend(clock=clock)
    runner = make(telescope, backend)
    runner.enqueue(action(lambda: None))
    claimed = backend.claim(ClaimParams())
    assert claimed is not None
    observe(telescope).attempting(structs.replace(claimed, run_at=clock.now + timedelta(seconds=1)))
    (point,) = telescope.collect()["lazyjobs.queue.latency"]
    assert (point["count"], point["sum"]) == (1, 0)


def test_records_are_counted_by_queue_and_state_with_zeros(telescope: Telescope) -> None:
    backend = MemoryBackend()
    runner = make(telescope, backend)
    runner.enqueue(Do(), queue="mail")
    assert depths(telescope) == {}, "a runner that only enqueues does not count"
    runner.start()
    try:
        assert depths(telescope) == {
            ("mail", "pending"): 1,
            **{("mail", state): 0 for state in ("running", "retrying", "succeeded", "discarded")},
        }
        claimed = backend.claim(ClaimParams(queues=("mail",)))
        assert claimed is not None
        backend.complete(CompleteParams(id=claimed.id, attempt=claimed.attempt))
        assert depths(telescope)["mail", "pending"] == 0
        assert depths(telescope)["mail", "succeeded"] == 1
    finally:
        runner.stop()


def test_counts_are_asked_for_at_most_once_in_the_time_given(telescope: Telescope) -> None:
    backend = Counting()
    runner = make(telescope, backend, timedelta(hours=1))
    runner.enqueue(action(lambda: None))
    runner.drain()
    for _ in range(5):
        assert depths(telescope)["default", "pending"] == 0
    assert backend.asked == 1


def test_nothing_is_counted_if_it_is_not_wanted(telescope: Telescope) -> None:
    backend = Counting()
    runner = make(telescope, backend, None)
    runner.enqueue(action(lambda: None))
    runner.drain()
    assert depths(telescope) == {}
    assert backend.asked == 0


def test_a_backend_that_fails_leaves_the_other_metrics_alone(
    telescope: Telescope, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Counting()
    runner = make(telescope, backend)
    runner.enqueue(action(lambda: None))
    runner.drain()
    backend.failing = True
    assert depths(telescope) == {}
    assert set(telescope.collect()) >= ALL_NAMES - {"lazyjobs.records"}
    assert "the records could not be counted for telemetry: BackendUnavailableError: gone" in caplog.text
    backend.failing = False
    assert depths(telescope)["default", "succeeded"] == 1


def test_a_closed_runner_is_counted_no_more_and_a_forgotten_one_is_let_go(telescope: Telescope) -> None:
    runner = JobRunner("memory://", jobs=[Do], observers=[observe(telescope)])
    runner.enqueue(action(lambda: None))
    runner.drain()
    assert depths(telescope) != {}
    runner.close()
    assert depths(telescope) == {}
    forgotten = make(telescope)
    forgotten.enqueue(action(lambda: None))
    forgotten.drain()
    assert depths(telescope)["default", "succeeded"] == 1
    del forgotten
    gc.collect()
    assert depths(telescope) == {}


def test_two_runners_with_an_observer_each_are_measured_together(telescope: Telescope) -> None:
    backend = MemoryBackend()
    for _ in range(2):
        runner = make(telescope, backend)
        runner.enqueue(action(lambda: None))
        runner.drain()
    found = telescope.collect()
    assert [p["value"] for p in found["messaging.client.sent.messages"]] == [2]
    assert [p["count"] for p in found["messaging.process.duration"]] == [2]
    assert depths(telescope)["default", "succeeded"] == 2


def test_threads_lose_no_count(telescope: Telescope) -> None:
    observer = observe(telescope)
    record = MemoryBackend().insert(InsertParams(kind="do"))

    def attempt() -> None:
        for _ in range(500):
            observer.instruments.processed(record, "succeeded", 0.0, None)

    threads = [Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [p["value"] for p in telescope.collect()["lazyjobs.attempts"]] == [2000]


@pytest.mark.parametrize("name", sorted(ALL_NAMES))
def test_every_metric_says_what_it_is(telescope: Telescope, name: str) -> None:
    runner = make(telescope)
    runner.enqueue(action(lambda: None))
    runner.drain()
    metric = next(metric for metric in telescope.metrics() if metric.name == name)
    assert metric.description
    assert metric.unit in {"s", "{message}", "{attempt}", "{record}"}


def test_a_claim_that_takes_a_record_over_is_counted(telescope: Telescope) -> None:
    runner = make(telescope)
    runner.enqueue(action(lambda: None))
    runner.drain()
    assert "lazyjobs.takeovers" not in telescope.collect()
    runner.enqueue(action(lambda: None))
    runner.backend.claim(ClaimParams(worker="gone", lease=timedelta(microseconds=1)))
    runner.drain()
    (point,) = telescope.collect()["lazyjobs.takeovers"]
    assert point == {"messaging.destination.name": "default", "messaging.lazyjobs.kind": "do", "value": 1}
