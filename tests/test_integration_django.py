"""Django's tasks on lazyjobs: what is refused, what a worker does around a task, and what its result tells."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, transaction
from django.test import override_settings
from django.utils import timezone

import tests.support.django_setup  # noqa: F401 (before any task)
from lazyjobs import (
    ClaimParams,
    DiscardParams,
    EncodeError,
    InsertParams,
    JobRunner,
    PruneParams,
    SupportsPrune,
    current_job,
)
from lazyjobs.integrations.django import ConfigurationError, LazyJobsBackend, get_runner, retries
from lazyjobs.integrations.django._framework import (
    InvalidTask,
    TaskResultDoesNotExist,
    TaskResultStatus,
    task_backends,
    task_enqueued,
    task_finished,
    task_started,
)
from lazyjobs_testkit import Jobs
from tests.support.django_site import tasks
from tests.support.waiting import GENEROUS

BACKEND = "lazyjobs.integrations.django.LazyJobsBackend"
SIGNALS = {"enqueued": task_enqueued, "started": task_started, "finished": task_finished}


async def wait_async(attempt: int) -> timedelta:
    return timedelta(seconds=attempt)


def entry(**options: Any) -> dict[str, Any]:
    quick = {"url": "memory://", "max_attempts": 3, "poll_interval": timedelta(milliseconds=20), **options}
    return {"BACKEND": BACKEND, "QUEUES": ["default", "mail"], "OPTIONS": quick}


@pytest.fixture(autouse=True)
def runner() -> Iterator[JobRunner]:
    """A project whose tasks are in a memory of their own, and its runner."""
    tasks.told.clear()
    with override_settings(TASKS={"default": entry(), "other": entry()}):
        yield get_runner()


@pytest.fixture
def signals() -> Iterator[list[tuple[str, str, Any]]]:
    """What was sent: the signal, the status then, and the result."""
    sent: list[tuple[str, str, Any]] = []
    receivers = []
    for name, signal in SIGNALS.items():

        def receive(*, task_result: Any, name: str = name, **_: object) -> None:
            sent.append((name, str(task_result.status), task_result))

        signal.connect(receive)
        receivers.append((signal, receive))
    yield sent
    for signal, receive in receivers:
        signal.disconnect(receive)


def run(runner: JobRunner) -> None:
    """Runs what is due now in worker threads."""
    assert runner.drain(GENEROUS)


class TestWhatIsRefused:
    def test_a_priority_since_none_is_kept(self) -> None:
        with pytest.raises(InvalidTask, match="priority"):
            tasks.tell.using(priority=1)

    def test_a_queue_that_is_not_in_the_settings(self) -> None:
        with pytest.raises(InvalidTask, match="'bulk' is not valid"):
            tasks.tell.using(queue_name="bulk")

    def test_a_queue_that_no_storage_could_name(self) -> None:
        with override_settings(TASKS={"default": {**entry(), "QUEUES": []}}):
            assert tasks.tell.using(queue_name="bulk").queue_name == "bulk"
            with pytest.raises(InvalidTask, match="queue must be 1 to 100 characters"):
                tasks.tell.using(queue_name="two words")

    def test_a_function_whose_path_is_no_kind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tasks.undecorated, "__module__", "a" * 100)
        with pytest.raises(InvalidTask, match="kind must be 1 to 100 characters"):
            tasks.decorate(tasks.undecorated)

    def test_a_task_that_a_worker_would_not_find(self, runner: JobRunner) -> None:
        with pytest.raises(InvalidTask, match="undecorated is no task but function; decorate"):
            tasks.decorated_elsewhere.enqueue()
        assert runner.backend.stats().total == 0

    def test_a_task_in_whose_place_a_worker_would_find_another(
        self, monkeypatch: pytest.MonkeyPatch, runner: JobRunner
    ) -> None:
        monkeypatch.setattr(tasks.undecorated, "__qualname__", "tell")
        with pytest.raises(InvalidTask, match="tell is another function"):
            tasks.decorated_elsewhere.enqueue()
        assert runner.backend.stats().total == 0

    @pytest.mark.parametrize(
        ("argument", "error", "words"),
        [
            (datetime.now(UTC), TypeError, "Unsupported type"),
            (b"\xff", ValueError, "Unsupported value"),
            (float("nan"), EncodeError, "NaN"),
        ],
        ids=["a time", "bytes", "NaN"],
    )
    def test_an_argument_that_is_no_json(
        self, argument: object, error: type[Exception], words: str, runner: JobRunner
    ) -> None:
        with pytest.raises(error, match=words):
            tasks.tell.enqueue([argument])
        assert runner.backend.stats().total == 0


class TestSignals:
    def test_enqueued_started_and_finished_are_sent_once_each(self, runner: JobRunner, signals: list[Any]) -> None:
        result = tasks.tell.enqueue()
        run(runner)
        assert [sent[:2] for sent in signals] == [
            ("enqueued", "READY"),
            ("started", "RUNNING"),
            ("finished", "SUCCESSFUL"),
        ]
        assert {sent[2].id for sent in signals} == {result.id}

    @pytest.mark.logs_errors("discarded id=")
    def test_finished_is_sent_when_the_last_attempt_has_failed_with_the_traceback(
        self, runner: JobRunner, signals: list[Any]
    ) -> None:
        tasks.fail_twice.enqueue("no")
        run(runner)
        assert [sent[0] for sent in signals] == ["enqueued", "started", "started", "finished"]
        failed = signals[-1][2]
        assert (failed.status, failed.attempts) == (TaskResultStatus.FAILED, 2)
        assert "in fail_twice" in failed.errors[0].traceback
        assert failed.errors[0].exception_class is LookupError

    def test_of_an_async_task_they_are_the_same(self, runner: JobRunner, signals: list[Any]) -> None:
        async def answer() -> int:
            return 42

        tasks.hooks["hook"] = answer
        tasks.call_async.enqueue("hook")
        run(runner)
        assert [sent[0] for sent in signals] == ["enqueued", "started", "finished"]
        assert signals[-1][2].return_value == 42

    @pytest.mark.logs_errors("discarded id=")
    def test_an_async_task_that_fails_for_good_is_told_too(self, runner: JobRunner, signals: list[Any]) -> None:
        async def fail() -> None:
            raise LookupError("gone")

        tasks.hooks["hook"] = fail
        with override_settings(TASKS={"default": entry(max_attempts=1), "other": entry()}):
            tasks.call_async.enqueue("hook")
            run(get_runner())
        assert [sent[:2] for sent in signals[1:]] == [("started", "RUNNING"), ("finished", "FAILED")]

    def test_receivers_of_finished_see_what_the_task_returned(self, runner: JobRunner, signals: list[Any]) -> None:
        tasks.hooks["hook"] = lambda: {"found": (1, 2)}
        tasks.call.enqueue("hook")
        run(runner)
        assert signals[-1][2].return_value == {"found": [1, 2]}

    def test_a_return_value_that_is_no_json_is_dropped_and_the_task_has_succeeded(
        self, runner: JobRunner, signals: list[Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        tasks.hooks["hook"] = object
        tasks.call.enqueue("hook")
        run(runner)
        assert signals[-1][:2] == ("finished", "SUCCESSFUL")
        with pytest.raises(NotImplementedError):
            _ = signals[-1][2].return_value
        assert "tasks.call returned is dropped, it is no JSON" in caplog.text

    @pytest.mark.parametrize("name", SIGNALS)
    def test_a_receiver_that_fails_does_no_harm(self, name: str, runner: JobRunner, signals: list[Any]) -> None:
        def fail(**_: object) -> None:
            raise RuntimeError("a receiver")

        SIGNALS[name].connect(fail)
        try:
            result = tasks.tell.enqueue()
            run(runner)
        finally:
            SIGNALS[name].disconnect(fail)
        assert tasks.tell.get_result(result.id).status == TaskResultStatus.SUCCESSFUL
        assert tasks.told == [([], {})]


class TestRetries:
    def test_the_option_says_how_often_and_the_decorator_overrides_it(self, runner: JobRunner) -> None:
        tasks.fail.enqueue("x")
        tasks.fail_twice.enqueue("x")
        assert {record.kind.rpartition(".")[2]: record.max_attempts for record in runner.backend.list()} == {
            "fail": 3,
            "fail_twice": 2,
        }

    def test_the_delay_may_be_a_function_of_the_attempt(self, runner: JobRunner) -> None:
        tasks.fail_slowly.enqueue()
        before = timezone.now()
        run(runner)
        (record,) = runner.backend.list()
        assert timedelta(hours=1) <= record.run_at - before < timedelta(hours=1, minutes=1)

    def test_a_task_that_waits_to_be_retried_is_ready_again_and_has_an_error(self, runner: JobRunner) -> None:
        result = tasks.fail.enqueue("not yet")
        run(runner)
        result.refresh()
        assert (result.status, result.attempts, result.finished_at) == (TaskResultStatus.READY, 1, None)
        assert result.errors[0].traceback == "LookupError: not yet"

    def test_the_context_counts_the_attempts(self, runner: JobRunner) -> None:
        result = tasks.tell_context.enqueue("ada")
        run(runner)
        assert tasks.told == [("ada", result.id, 1, "RUNNING")]

    def test_it_is_written_below_task(self) -> None:
        with pytest.raises(TypeError, match="below @task"):
            retries(3)(tasks.tell)

    @pytest.mark.parametrize(
        "wrong",
        [
            *({"max_attempts": 0}, {"max_attempts": "3"}, {"delay": 5}, {"delay": lambda: timedelta(0)}),
            *({"delay": lambda attempt, error: timedelta(0)}, {"delay": wait_async}),
        ],
    )
    def test_nonsense_is_refused_where_it_stands(self, wrong: Any) -> None:
        with pytest.raises((TypeError, ValueError), match=r"max_attempts|delay"):
            retries(**wrong)


class TestResults:
    def test_a_return_value_is_not_kept_and_that_is_said(self, runner: JobRunner) -> None:
        result = tasks.tell.enqueue()
        with pytest.raises(ValueError, match="not finished"):
            _ = result.return_value
        run(runner)
        with pytest.raises(NotImplementedError, match="stores no return values"):
            _ = tasks.tell.get_result(result.id).return_value

    def test_while_it_runs_it_tells_since_when(self, runner: JobRunner) -> None:
        found = []
        tasks.hooks["hook"] = lambda: found.append(tasks.call.get_result(str(current_job().record.id)))
        tasks.call.enqueue("hook")
        run(runner)
        assert found[0].status == TaskResultStatus.RUNNING
        assert found[0].started_at == found[0].last_attempted_at >= found[0].enqueued_at

    @pytest.mark.logs_errors("discarded id=")
    def test_in_a_second_attempt_it_is_not_known_when_the_first_began(self, runner: JobRunner) -> None:
        found = []

        def look() -> None:
            found.append(tasks.call_soon.get_result(str(current_job().record.id)))
            raise LookupError

        tasks.hooks["hook"] = look
        tasks.call_soon.enqueue("hook")
        run(runner)
        assert [result.started_at is None for result in found] == [False, True]
        assert found[1].last_attempted_at > found[0].last_attempted_at

    def test_an_error_of_lazyjobs_itself_is_told_as_its_text(self, runner: JobRunner) -> None:
        result = tasks.tell.enqueue()
        claimed = next(runner.run_due()).record
        assert claimed.id == int(result.id)
        other = tasks.tell.enqueue()
        attempt = runner.backend.claim(ClaimParams())
        assert attempt is not None
        runner.backend.discard(DiscardParams(id=int(other.id), attempt=1, last_error="not run: attempt 4 of 3"))
        (error,) = tasks.tell.get_result(other.id).errors
        assert (error.exception_class, error.traceback) == (Exception, "not run: attempt 4 of 3")

    def test_a_record_that_is_no_task_does_not_exist_as_one(self, runner: JobRunner) -> None:
        record = runner.backend.insert(InsertParams(kind="mail.welcome"))
        with pytest.raises(TaskResultDoesNotExist):
            task_backends["default"].get_result(str(record.id))

    def test_a_pruned_record_does_not_exist(self, runner: JobRunner) -> None:
        result = tasks.tell.enqueue()
        run(runner)
        assert isinstance(runner.backend, SupportsPrune)
        assert runner.backend.prune(PruneParams(finished_before=timezone.now() + timedelta(days=1))) == 1
        with pytest.raises(TaskResultDoesNotExist):
            tasks.tell.get_result(result.id)

    def test_an_old_record_is_found_behind_many_newer_ones(self, runner: JobRunner) -> None:
        result = tasks.tell.enqueue("first")
        for _ in range(150):
            tasks.tell.enqueue()
        assert tasks.tell.get_result(result.id).args == ["first"]

    def test_without_time_zones_times_are_naive(self, runner: JobRunner) -> None:
        with override_settings(USE_TZ=False):
            later = datetime.now() + timedelta(hours=1)  # noqa: DTZ005 (what USE_TZ=False is about)
            result = tasks.tell.using(run_after=later).enqueue()
            found = tasks.tell.get_result(result.id)
            assert found.task.run_after == later
            assert timezone.is_naive(found.enqueued_at)
        (record,) = runner.backend.list()
        assert record.run_at == later.replace(tzinfo=UTC)

    def test_a_queue_that_was_taken_out_of_the_settings_is_still_run_and_shown(self, runner: JobRunner) -> None:
        result = tasks.append_line.using(queue_name="mail").enqueue("/dev/null", "x")
        task_backends["default"].queues = {"default"}
        (attempt,) = runner.run_due(queues=["mail"])
        assert attempt.error is None
        assert tasks.append_line.get_result(result.id).task.queue_name == "mail"


class TestDatabase:
    def test_connections_are_closed_between_plain_tasks(self, runner: JobRunner) -> None:
        tasks.hooks["hook"] = tasks.query
        tasks.call.enqueue("hook")
        tasks.call.enqueue("hook")
        run(runner)
        assert tasks.told == [("was open", False), ("was open", False)]

    def test_none_stays_open_after_a_plain_task_or_an_async_one(self, runner: JobRunner) -> None:
        used = []

        def use() -> None:
            tasks.query()
            used.append(connections["default"])

        async def use_async() -> None:
            await sync_to_async(use)()

        tasks.hooks.update(plain=use, awaited=use_async)
        tasks.call.enqueue("plain")
        tasks.call_async.enqueue("awaited")
        run(runner)
        assert [each.connection for each in used] == [None, None]

    def test_one_that_is_too_old_is_closed_before_a_task(self, runner: JobRunner) -> None:
        tasks.query()
        tasks.hooks["hook"] = tasks.query
        tasks.call.enqueue("hook")
        list(runner.run_due())
        assert tasks.told == [("was open", False), ("was open", False)]

    def test_no_log_of_queries_grows(self, runner: JobRunner) -> None:
        logged = []

        def count() -> None:
            tasks.query()
            logged.append(len(connection.queries))

        tasks.hooks["hook"] = count
        with override_settings(DEBUG=True):
            tasks.call.enqueue("hook")
            tasks.call.enqueue("hook")
            run(runner)
        assert logged == [1, 1]

    def test_async_tasks_do_not_wait_for_one_anothers_queries(self) -> None:
        barrier = Barrier(2, timeout=GENEROUS.total_seconds())

        async def meet() -> None:
            await sync_to_async(barrier.wait)()

        tasks.hooks["hook"] = meet
        with override_settings(TASKS={"default": entry(workers=2), "other": entry()}):
            results = [tasks.call_async.enqueue("hook") for _ in range(2)]
            run(get_runner())
            assert [tasks.call_async.get_result(result.id).errors for result in results] == [[], []]

    def test_and_between_async_ones(self, runner: JobRunner) -> None:
        async def twice() -> None:
            await tasks.query_async()
            await tasks.query_async()

        tasks.hooks["hook"] = twice
        tasks.call_async.enqueue("hook")
        tasks.call_async.enqueue("hook")
        run(runner)
        assert tasks.told == [("was open", False), ("was open", True)] * 2

    def test_a_task_in_the_thread_of_a_transaction_leaves_it_alone(self, runner: JobRunner) -> None:
        tasks.hooks["hook"] = tasks.query
        with transaction.atomic():
            tasks.query()
            tasks.call.enqueue("hook")
            assert [attempt.error for attempt in runner.run_due()] == [None]
        connection.close()
        assert tasks.told == [("was open", True), ("was open", True)]

    def test_on_commit_enqueues_after_the_transaction_or_not_at_all(self, runner: JobRunner) -> None:
        with transaction.atomic():
            transaction.on_commit(tasks.tell.enqueue)
            assert runner.backend.stats().total == 0
        assert runner.backend.stats().total == 1
        with transaction.atomic():
            transaction.on_commit(tasks.tell.enqueue)
            transaction.set_rollback(True)
        assert runner.backend.stats().total == 1
        connection.close()


class TestCancelling:
    def test_an_async_task_that_outlives_the_stop_is_cancelled_and_comes_again(self, runner: JobRunner) -> None:
        begun, ended = Event(), Event()

        async def wait() -> None:
            begun.set()
            try:
                await tasks.query_async()
                await asyncio.sleep(GENEROUS.total_seconds())
            finally:
                ended.set()

        tasks.hooks["hook"] = wait
        result = tasks.call_async.enqueue("hook")
        runner.start()
        assert begun.wait(GENEROUS.total_seconds())
        assert runner.stop(timedelta(0))
        assert ended.is_set()
        result.refresh()
        assert (result.status, result.errors) == (TaskResultStatus.READY, [])

    def test_a_task_whose_last_attempt_is_stopped_has_not_finished(self, signals: list[Any]) -> None:
        begun = Event()

        async def wait() -> None:
            begun.set()
            await asyncio.sleep(GENEROUS.total_seconds())

        tasks.hooks["hook"] = wait
        with override_settings(TASKS={"default": entry(max_attempts=1), "other": entry()}):
            result = tasks.call_async.enqueue("hook")
            runner = get_runner()
            runner.start()
            assert begun.wait(GENEROUS.total_seconds())
            assert runner.stop(timedelta(0))
            result.refresh()
        assert [sent[0] for sent in signals] == ["enqueued", "started"]
        assert result.status == TaskResultStatus.READY

    def test_a_plain_task_sees_that_it_is(self, runner: JobRunner) -> None:
        begun = Event()

        def wait() -> None:
            begun.set()
            assert current_job().wait_cancelled(GENEROUS)

        tasks.hooks["hook"] = wait
        result = tasks.call.enqueue("hook")
        runner.start()
        assert begun.wait(GENEROUS.total_seconds())
        assert runner.stop(timedelta(0))
        assert tasks.call.get_result(result.id).status == TaskResultStatus.SUCCESSFUL


class TestRunners:
    def test_all_threads_of_a_process_share_one(self) -> None:
        found: list[JobRunner] = []
        thread = Thread(target=lambda: found.append(get_runner()))
        thread.start()
        thread.join()
        assert found == [get_runner()]

    def test_each_entry_has_its_own(self) -> None:
        assert get_runner("other") is not get_runner()
        tasks.elsewhere.enqueue()
        run(get_runner("other"))
        assert tasks.told == ["elsewhere"]

    def test_a_task_that_is_not_found_yet_is_retried(self, runner: JobRunner) -> None:
        runner.backend.insert(InsertParams(kind="shop.tasks.of_tomorrow"))
        run(runner)
        (record,) = runner.backend.list()
        assert record.state == "retrying"
        assert "No module named 'shop'" in record.last_error

    @pytest.mark.parametrize(
        ("alias", "words"), [("nobody", "The connection 'nobody' doesn't exist"), ("third", "is ImmediateBackend, not")]
    )
    def test_an_entry_that_is_not_there_or_not_ours_is_told(self, alias: str, words: str) -> None:
        immediate = LazyJobsBackend.__base__.__module__.replace("base", "immediate.ImmediateBackend")
        with (
            override_settings(TASKS={"default": entry(), "third": {"BACKEND": immediate}}),
            pytest.raises(ConfigurationError, match=rf"TASKS\['{alias}'\]: .*{words}"),
        ):
            get_runner(alias)

    def test_the_fixture_of_the_kit_has_the_tasks_in_hand(self, jobs: Jobs) -> None:
        jobs.use(get_runner())
        result = tasks.tell.enqueue("ada")
        assert tasks.told == []
        jobs.drain()
        assert tasks.told == [(["ada"], {})]
        assert tasks.tell.get_result(result.id).status == TaskResultStatus.SUCCESSFUL

    @pytest.mark.logs_errors("discarded id=")
    def test_framework_and_runner_both_log_what_failed(
        self, runner: JobRunner, caplog: pytest.LogCaptureFixture
    ) -> None:
        tasks.fail_twice.enqueue("x")
        run(runner)
        told = [(record.name, record.levelno) for record in caplog.records if record.levelno >= logging.WARNING]
        framework = LazyJobsBackend.__base__.__module__.removesuffix(".backends.base")
        assert told == [
            ("lazyjobs.jobs", logging.WARNING),
            (framework, logging.ERROR),
            ("lazyjobs.jobs", logging.ERROR),
        ]
