"""Arguments of the wrong type: each is named, with how to write it, and nothing is done."""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lazyjobs import JobRunner, current_job, use_runner
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action

NOW = datetime(2030, 1, 1, tzinfo=UTC)
Call = Callable[[Any], object]

MAKING: list[tuple[dict[str, object], str]] = [
    ({"backend": 5}, "backend must be a Backend, a URL or None, not 5"),
    ({"backend": MemoryBackend}, "backend must be a Backend, a URL or None, not <class"),
    ({"jobs": Do}, "jobs must be several job classes, not Do; write jobs=[Do]"),
    ({"jobs": 5}, "jobs must be several job classes, not 5; write jobs=[5]"),
    ({"jobs": None}, "jobs must be several job classes, not None"),
    ({"jobs": "do"}, "jobs must be several job classes, not 'do'"),
    ({"jobs": [Do()]}, "only classes can be registered, not "),
    ({"workers": "4"}, "workers must be an int, not str; write workers=4"),
    ({"workers": 4.0}, "workers must be an int, not float"),
    ({"workers": None}, "workers must be an int, not NoneType"),
    ({"queues": "mail"}, "queues must be several names, not the string 'mail'; write ['mail']"),
    ({"queues": 5}, "queues must be several names, not 5; write queues=[5]"),
    ({"queues": [5]}, "queues must be a str, not int"),
    ({"poll_interval": 5}, "poll_interval must be a timedelta, not int; write timedelta(seconds=5)"),
    ({"poll_interval": 0.5}, "poll_interval must be a timedelta, not float; write timedelta(seconds=0.5)"),
    ({"lease": 60}, "lease must be a timedelta, not int; write timedelta(seconds=60)"),
    ({"lease": None}, "lease must be a timedelta, not NoneType; write timedelta(seconds="),
    ({"unknown_kind": None}, 'unknown_kind must be "discard" or "retry", not None'),
    ({"unknown_kind": []}, 'unknown_kind must be "discard" or "retry", not []'),
    ({"find_job": {}}, "find_job must be a function that is given a kind and gives its class, not {}"),
    ({"find_job": Do()}, "find_job must be a function"),
    ({"clock": NOW}, "clock must be a function that tells aware UTC, not datetime"),
    ({"observers": 5}, "observers must be several observers, not 5; write observers=[5]"),
    ({"observers": None}, "observers must be several observers, not None"),
    ({"observers": [5]}, "an observer has the methods started, enqueuing and attempting; 5 has not"),
    ({"name": 5}, 'name must be a str, not 5; write name="mail-1"'),
    ({"name": b"mail"}, "name must be a str, not b'mail'"),
    ({"name": ""}, 'name must not be empty; write name="mail-1"'),
]

CALLS: list[tuple[str, Call, str]] = [
    ("register", lambda runner: runner.register(Do()), "only classes can be registered, not "),
    ("register", lambda runner: runner.register("do"), "only classes can be registered, not 'do'"),
    ("configure", lambda runner: runner.configure(backend=5), "backend must be a Backend, a URL or None, not 5"),
    ("configure", lambda runner: runner.configure(workers="4"), "workers must be an int, not str"),
    ("configure", lambda runner: runner.configure(queues=5), "queues must be several names, not 5"),
    ("configure", lambda runner: runner.configure(observers=5), "observers must be several observers, not 5"),
    ("enqueue", lambda runner: runner.enqueue(Do), "is a class; enqueue an instance of it"),
    ("enqueue", lambda runner: runner.enqueue(5), "only jobs can be enqueued, not 5"),
    ("enqueue", lambda runner: runner.enqueue([Do()]), "only jobs can be enqueued, not [Do("),
    ("enqueue", lambda runner: runner.enqueue(Do(), queue=5), "queue must be a str, not int"),
    (
        "enqueue_in",
        lambda runner: runner.enqueue_in(Do(), 5),
        "delay must be a timedelta, not int; write timed",
    ),
    (
        "enqueue_in",
        lambda runner: runner.enqueue_in(Do(), "5m"),
        "delay must be a timedelta, not str; write timed",
    ),
    ("enqueue_in", lambda runner: runner.enqueue_in(Do(), NOW), "delay must be a timedelta, not datetime; "),
    ("enqueue_in", lambda runner: runner.enqueue_in(Do(), None), "delay must be a timedelta, not NoneType"),
    ("enqueue_in", lambda runner: runner.enqueue_in(Do(), True), "delay must be a timedelta, not bool"),
    ("enqueue_in", lambda runner: runner.enqueue_in(Do(), timedelta.max), "delay must end before the year 2201"),
    ("enqueue_in", lambda runner: runner.enqueue_in(Do(), timedelta(days=99_999)), "must be in the years 1970 to 2200"),
    (
        "enqueue_at",
        lambda runner: runner.enqueue_at(Do(), 5),
        "run_at must be an aware datetime, not 5; write dat",
    ),
    ("enqueue_at", lambda runner: runner.enqueue_at(Do(), None), "run_at must be an aware datetime, not None"),
    ("enqueue_at", lambda runner: runner.enqueue_at(Do(), timedelta(1)), "or use enqueue_in for a delay"),
    ("enqueue_at", lambda runner: runner.enqueue_at(Do(), datetime(2030, 1, 1)), "must be aware"),  # noqa: DTZ001
    ("decode", lambda runner: runner.decode(5), "record must be a Record, such as enqueue returns, not 5"),
    ("start", lambda runner: runner.start(until_idle="yes"), "until_idle must be True or False, not 'yes'"),
    ("drain", lambda runner: runner.drain(5), "timeout must be a timedelta, not int; write timedelta(seconds=5)"),
    ("drain", lambda runner: runner.drain("5s"), "timeout must be a timedelta, not str"),
    ("run_due", lambda runner: runner.run_due(queues=5), "queues must be several names, not 5"),
    ("run_due", lambda runner: runner.run_due(queues="a"), "queues must be several names, not the string 'a'"),
    ("override", lambda runner: overridden(runner, backend=5), "backend must be a Backend, not 5"),
    ("override", lambda runner: overridden(runner, clock=NOW), "clock must be a function that tells aware UTC"),
    ("override", lambda runner: overridden(runner, drain=5), "drain must be a function that runs what is due, not 5"),
    ("join", lambda runner: runner.join(5), "timeout must be a timedelta, not int; write timedelta(seconds=5)"),
    ("stop", lambda runner: runner.stop(5), "timeout must be a timedelta, not int; write timedelta(seconds=5)"),
    ("stop", lambda runner: runner.stop(None), "timeout must be a timedelta, not NoneType"),
    ("snapshot", lambda runner: runner.snapshot(states="running"), "states must be a set, tuple or list, not str"),
    ("snapshot", lambda runner: runner.snapshot(states=5), "states must be a set, tuple or list, not int"),
]
WITHOUT_ARGUMENTS = {
    "backend",
    "backend_url",
    "close",
    "definitions",
    "drain_failure",
    "observers",
    "queues",
    "running",
    "workers",
}


def overridden(runner: JobRunner, **wrong: Any) -> None:
    given: dict[str, Any] = {"backend": MemoryBackend(), "clock": lambda: NOW, "drain": lambda: None, **wrong}
    with runner.override(given.pop("backend"), **given):
        raise AssertionError("must not be entered")


@contextmanager
def refused(says: str) -> Any:
    with pytest.raises((TypeError, ValueError)) as raised:
        yield
    assert says in str(raised.value)


@pytest.mark.parametrize(("options", "says"), MAKING)
def test_an_option_of_the_wrong_type_is_named_with_how_to_write_it(options: dict[str, Any], says: str) -> None:
    with refused(says):
        JobRunner(**options)


@pytest.mark.parametrize(("method", "call", "says"), CALLS)
def test_an_argument_of_the_wrong_type_is_named_with_how_to_write_it(method: str, call: Call, says: str) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with refused(says):
        call(runner)
    assert not runner.running
    assert runner.backend.stats().total == 0


def test_every_option_and_method_is_tried() -> None:
    import inspect

    options = {name for options, _ in MAKING for name in options}
    assert options == inspect.signature(JobRunner).parameters.keys()
    public = {name for name in vars(JobRunner) if not name.startswith("_")}
    assert {method for method, _, _ in CALLS} == public - WITHOUT_ARGUMENTS


def test_use_runner_wants_a_runner() -> None:
    with refused("use_runner takes a JobRunner, not 5"), use_runner(5):  # type: ignore[arg-type]
        pass


def test_waiting_for_a_cancellation_wants_a_duration() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue(action(lambda: current_job().wait_cancelled(5)))  # type: ignore[arg-type]
    (attempt,) = runner.run_due()
    assert str(attempt.error) == "timeout must be a timedelta, not int; write timedelta(seconds=5)"


def test_what_can_be_called_is_a_function_and_any_iterable_is_several() -> None:
    class Clock:
        def __call__(self) -> datetime:
            return NOW

    runner = JobRunner(jobs=(job for job in [Do]), queues={"default": 1}, clock=Clock(), observers=())
    assert runner.queues == ("default",)
