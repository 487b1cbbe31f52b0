"""When the jobs of a test run: manual, inline, drained; in which thread, in which order, and what failures do."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread, current_thread
from typing import ClassVar

import pytest

from lazyjobs import (
    BaseJob,
    EncodeError,
    InsertParams,
    Job,
    JobRunner,
    RunnerStateError,
    State,
    SupportsInsertMany,
    UnknownKindError,
    current_job,
    current_runner,
)
from lazyjobs_testkit import Jobs

REQUEST: ContextVar[str] = ContextVar("request")
HOUR = timedelta(hours=1)


@dataclass
class Do(BaseJob):
    """Calls the action of its name."""

    kind = "do"
    actions: ClassVar[dict[str, Callable[[], object]]] = {}
    name: str

    def work(self) -> None:
        self.actions[self.name]()


@dataclass
class Await(BaseJob):
    """Enqueues, as coroutines should, and fails if it is told to."""

    kind = "await"
    following: str
    fails: bool = False

    async def work(self) -> None:
        await asyncio.to_thread(current_runner().enqueue, Do(self.following))
        if self.fails:
            raise LookupError("not there")


@pytest.fixture
def runner() -> JobRunner:
    return JobRunner("memory://?retention=never-opened", jobs=[Do, Await])


@pytest.fixture
def jobs(runner: JobRunner) -> Iterator[Jobs]:
    with Jobs(runner) as jobs:
        yield jobs


def do(action: Callable[[], object], name: str = "action") -> Do:
    Do.actions[name] = action
    return Do(name)


def fail() -> None:
    raise TimeoutError("no answer")


def states(jobs: Jobs) -> list[State]:
    return [record.state for record in jobs.records()]


def test_nothing_runs_until_it_is_drained(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[int] = []
    runner.enqueue(do(lambda: ran.append(1)))
    assert (ran, states(jobs)) == ([], [State.PENDING])
    (attempt,) = jobs.drain()
    assert attempt.record.kind == "do"
    assert (ran, states(jobs)) == ([1], [State.SUCCEEDED])


def test_jobs_run_in_the_thread_of_the_test_in_the_order_of_enqueuing(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[object] = []
    for number in range(10):
        runner.enqueue(do(lambda number=number: ran.append((number, current_thread())), str(number)))  # type: ignore[misc]
    jobs.drain()
    assert ran == [(number, current_thread()) for number in range(10)]


def test_work_has_its_job_and_runner_and_nothing_of_the_callers_context(jobs: Jobs, runner: JobRunner) -> None:
    seen: list[object] = []
    record = runner.enqueue(do(lambda: seen.append((current_job().record.id, current_runner(), REQUEST.get("none")))))
    REQUEST.set("a request")
    jobs.drain()
    assert seen == [(record.id, runner, "none")]


def test_what_a_job_enqueues_is_run_too(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[int] = []
    runner.enqueue(do(lambda: current_runner().enqueue(do(lambda: ran.append(1), "inner")), "outer"))
    assert len(jobs.drain()) == 2
    assert ran == [1]


def test_what_is_due_later_is_left(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue_in(do(fail), HOUR)
    assert jobs.drain() == []


def test_a_job_whose_fields_do_not_fit_is_refused_when_it_is_enqueued(jobs: Jobs, runner: JobRunner) -> None:
    with pytest.raises(EncodeError, match="name"):
        runner.enqueue(Do(3))  # type: ignore[arg-type]
    assert jobs.enqueued() == []


def test_the_exception_of_a_job_is_raised_once_its_outcome_is_stored(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(fail))
    with pytest.raises(TimeoutError, match="no answer") as raised:
        jobs.drain()
    assert states(jobs) == [State.RETRYING]
    assert raised.traceback[-1].name == "fail"
    due = jobs.clock.now + timedelta(seconds=1)
    (note,) = raised.value.__notes__
    assert note == f"in Do(name='action'), id=1 on default, attempt 1 of 25, which is retried at {due}"


def test_what_was_due_after_a_failure_is_left_for_the_next_drain(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(fail, "fail"))
    runner.enqueue(do(lambda: None))
    with pytest.raises(TimeoutError):
        jobs.drain()
    assert states(jobs) == [State.RETRYING, State.PENDING]
    assert len(jobs.drain()) == 1


def test_a_tolerated_exception_is_in_the_attempt_instead(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(fail))
    (attempt,) = jobs.drain(tolerate=(TimeoutError, LookupError))
    assert isinstance(attempt.error, TimeoutError)


def test_an_exception_of_another_class_is_not_tolerated(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(fail))
    with pytest.raises(TimeoutError):
        jobs.drain(tolerate=LookupError)


def test_a_failed_assertion_inside_a_job_fails_the_test(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(lambda: pytest.fail("seen in the job")))
    with pytest.raises(pytest.fail.Exception, match="seen in the job"):
        jobs.drain()


def test_a_record_of_an_unknown_kind_fails_the_test_too(jobs: Jobs, runner: JobRunner) -> None:
    runner.backend.insert(InsertParams(kind="gone"))
    with pytest.raises(UnknownKindError, match="'gone'"):
        jobs.drain()


def test_an_async_job_runs_and_what_it_enqueues_follows(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[int] = []
    do(lambda: ran.append(1), "following")
    runner.enqueue(Await("following"))
    assert len(jobs.drain()) == 2
    assert ran == [1]


def test_the_exception_of_an_async_job_is_raised_from_its_own_line_on(jobs: Jobs, runner: JobRunner) -> None:
    do(lambda: None, "following")
    runner.enqueue(Await("following", fails=True))
    with pytest.raises(LookupError, match="not there") as raised:
        jobs.drain()
    assert raised.traceback[-1].name == "work"
    assert not [entry.path for entry in raised.traceback if "lazyjobs/runner" in str(entry.path)]


def test_inline_a_job_has_run_when_enqueue_returns(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[int] = []
    jobs.inline()
    runner.enqueue(do(lambda: ran.append(1)))
    assert (ran, states(jobs)) == ([1], [State.SUCCEEDED])


def test_inline_what_is_inserted_in_bulk_has_run_too(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[int] = []
    do(lambda: ran.append(1))
    jobs.inline()
    assert isinstance(runner.backend, SupportsInsertMany)
    runner.backend.insert_many([InsertParams(kind="do", payload=b'{"name":"action"}')] * 2)
    assert ran == [1, 1]


def test_inline_what_is_due_later_waits_for_its_time(jobs: Jobs, runner: JobRunner) -> None:
    jobs.inline()
    runner.enqueue_in(do(lambda: None), HOUR)
    assert states(jobs) == [State.PENDING]
    jobs.run_for(HOUR)
    assert states(jobs) == [State.SUCCEEDED]


def test_inline_what_a_job_enqueues_runs_after_that_job(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[str] = []

    def outer() -> None:
        current_runner().enqueue(do(lambda: ran.append("inner"), "inner"))
        ran.append("outer")

    jobs.inline()
    runner.enqueue(do(outer, "outer"))
    assert ran == ["outer", "inner"]


def test_inline_a_coroutine_may_enqueue_from_another_thread(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[int] = []
    do(lambda: ran.append(1), "following")
    jobs.inline()
    runner.enqueue(Await("following"))
    assert ran == [1]


def test_inline_threads_that_a_job_waits_for_may_enqueue(jobs: Jobs, runner: JobRunner) -> None:
    ran: list[int] = []
    following = do(lambda: ran.append(1), "following")

    def spread() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(runner.enqueue, [following] * 4))

    jobs.inline()
    runner.enqueue(do(spread, "spread"))
    assert ran == [1] * 4


def test_inline_what_another_thread_enqueues_meanwhile_is_run_as_well(jobs: Jobs, runner: JobRunner) -> None:
    entered, enqueued, ran = Event(), Event(), list[str]()

    def first() -> None:
        entered.set()
        assert enqueued.wait(10)

    jobs.inline()
    thread = Thread(target=runner.enqueue, args=[do(first, "first")])
    thread.start()
    assert entered.wait(10)
    runner.enqueue(do(lambda: ran.append("second"), "second"))
    enqueued.set()
    thread.join(10)
    assert ran == ["second"]


def test_inline_a_failure_is_raised_by_enqueue_unless_it_is_tolerated(jobs: Jobs, runner: JobRunner) -> None:
    jobs.inline()
    with pytest.raises(TimeoutError):
        runner.enqueue(do(fail))
    jobs.inline(tolerate=TimeoutError)
    runner.enqueue(do(fail))
    assert states(jobs) == [State.RETRYING, State.RETRYING]


def test_a_mode_holds_to_the_end_of_its_with_statement(jobs: Jobs, runner: JobRunner) -> None:
    with jobs.inline():
        runner.enqueue(do(lambda: None))
        with jobs.manual():
            runner.enqueue(do(lambda: None))
        assert states(jobs) == [State.SUCCEEDED, State.PENDING]
        runner.enqueue(do(lambda: None))
    runner.enqueue(do(lambda: None))
    assert states(jobs) == [State.SUCCEEDED] * 3 + [State.PENDING]


def test_a_queue_that_no_runner_watches_is_left_unless_it_is_named(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(lambda: None), queue="mistyped")
    assert jobs.drain() == []
    assert len(jobs.drain(queues=["mistyped"])) == 1


def test_only_the_named_queues_are_drained(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(lambda: None))
    runner.enqueue(do(lambda: None), queue="bulk")
    jobs.drain(queues=["bulk"])
    assert states(jobs) == [State.PENDING, State.SUCCEEDED]
    with pytest.raises(TypeError, match="several names"):
        jobs.drain(queues="bulk")


def test_a_job_that_enqueues_itself_for_ever_ends_the_drain_with_an_error(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(lambda: current_runner().enqueue(Do("again")), "again"))
    with pytest.raises(RuntimeError, match=r"more than 20 attempts were made .* the last one at do id=21; does"):
        jobs.drain(limit=20)


def test_a_drain_inside_a_job_is_refused(jobs: Jobs, runner: JobRunner) -> None:
    runner.enqueue(do(jobs.drain))
    with pytest.raises(RunnerStateError, match="being run already"):
        jobs.drain()


def test_an_outcome_is_logged_as_in_production(jobs: Jobs, runner: JobRunner, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    runner.enqueue(do(lambda: None))
    jobs.drain()
    assert [record.getMessage().partition(" in ")[0] for record in caplog.records] == [
        "do succeeded id=1 queue=default attempt=1/25"
    ]


def test_a_job_without_fields_runs(jobs: Jobs) -> None:
    class Sweep(BaseJob):
        kind = "sweep"

        def work(self) -> None:
            raise NotImplementedError

    sweep: Job = jobs.runner.register(Sweep)()
    jobs.runner.enqueue(sweep)
    with pytest.raises(NotImplementedError) as raised:
        jobs.drain()
    assert raised.value.__notes__[0].startswith("in Sweep(), id=1 ")
