"""Draining: all that is due, and what becomes due on the way."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread, current_thread
from time import monotonic

import pytest

from lazyjobs import (
    BackendClosedError,
    BackendError,
    BackendUnavailableError,
    ClaimParams,
    FinishParams,
    JobRunner,
    Record,
    RunnerStateError,
    State,
)
from lazyjobs.runner import _backoff as patience
from lazyjobs.runner._crew import Crew
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, Impatient, action, impatient, states
from tests.support.waiting import wait_until


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("make", [MemoryBackend, PlainBackend])
def test_what_a_job_enqueues_is_run_too(make: type[MemoryBackend], workers: int) -> None:
    runner = JobRunner(make(), jobs=[Do], workers=workers)
    left = iter(range(20))

    def enqueue_another() -> None:
        if next(left, None) is not None:
            runner.enqueue(action(enqueue_another))

    runner.enqueue(action(enqueue_another))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.SUCCEEDED: 21}
    assert not runner.running


def test_what_is_due_later_is_left() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue_in(action(lambda: None), timedelta(hours=1))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.PENDING: 1}


@pytest.mark.logs_errors("discarded id=")
def test_a_retry_that_is_due_at_once_is_run() -> None:
    def fail() -> None:
        raise ValueError

    runner = JobRunner(MemoryBackend(), jobs=[Do, Impatient])
    runner.enqueue(impatient(fail))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.DISCARDED: 1}


def test_an_empty_backend_is_drained_at_once() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do], workers=8)
    assert runner.drain(timedelta(seconds=20))


def test_a_timeout_ends_the_drain_with_the_jobs_in_flight_done() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue(action(lambda: wait_until(lambda: not runner.running)))
    runner.enqueue(action(lambda: None))
    assert not runner.drain(timedelta(milliseconds=10))
    assert states(runner) == {State.SUCCEEDED: 1, State.PENDING: 1}


class LateNews(PlainBackend):
    """Answers the idle worker None, but only once the busy one has enqueued, failed to claim, and become idle too."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: Thread | None = None
        self.asked = Event()
        self.wait_for_idle: Callable[[], None] = lambda: None

    def claim(self, params: ClaimParams) -> Record | None:
        if self.asked.is_set() and self.busy is current_thread():
            self.busy = None
            raise BackendUnavailableError("no answer")
        record = super().claim(params)
        if record is None and self.busy is not None and not self.asked.is_set():
            self.asked.set()
            self.wait_for_idle()
        return record


@pytest.mark.logs_errors("claiming failed")
def test_what_was_enqueued_after_the_last_empty_answer_is_run_too() -> None:
    backend = LateNews()
    runner = JobRunner(backend, jobs=[Do], workers=2, poll_interval=timedelta(milliseconds=20))

    def enqueue_late() -> None:
        backend.busy = current_thread()
        assert backend.asked.wait(20)
        runner.enqueue(action(lambda: None))

    def wait_for_idle() -> None:
        assert isinstance(runner._state.crew, Crew)
        claims = runner._state.crew._claims
        wait_until(lambda: claims._idle == 2)

    backend.wait_for_idle = wait_for_idle
    runner.enqueue(action(enqueue_late))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.SUCCEEDED: 2}


class Counting(MemoryBackend):
    """Counts the claims."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def claim(self, params: ClaimParams) -> Record | None:
        self.calls["claim"] += 1
        return super().claim(params)


@pytest.mark.parametrize("make", [Counting, PlainBackend])
def test_a_drain_does_not_end_while_a_worker_may_still_enqueue(make: Callable[[], Counting | PlainBackend]) -> None:
    backend = make()
    runner = JobRunner(backend, jobs=[Do], workers=2, poll_interval=timedelta(milliseconds=5))

    def enqueue_last() -> None:
        asked = backend.calls["claim"]
        wait_until(lambda: backend.calls["claim"] >= asked + 5 or not runner.running)
        runner.enqueue(action(lambda: None))

    runner.enqueue(action(enqueue_last))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.SUCCEEDED: 2}


class Shy(MemoryBackend):
    """Answers that nothing is due although something is, four times in a row, as one may that cannot order globally."""

    asked = 0

    def claim(self, params: ClaimParams) -> Record | None:
        self.asked += 1
        return None if self.asked % 5 else super().claim(params)

    def claim_many(self, params: ClaimParams, limit: int) -> list[Record]:
        record = self.claim(params)
        return [] if record is None else [record]

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        super().complete(finish)  # type: ignore[arg-type]
        return self.claim(params)


@pytest.mark.parametrize("workers", [1, 3])
def test_empty_answers_end_a_drain_only_once_the_backend_has_nothing_to_wait_for(workers: int) -> None:
    runner = JobRunner(Shy(), jobs=[Do], workers=workers, poll_interval=timedelta(milliseconds=5))
    for _ in range(5):
        runner.enqueue(action(lambda: None))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.SUCCEEDED: 5}


def test_a_wait_that_is_wrong_every_time_does_not_keep_the_drain_from_ending() -> None:
    class Hopeful(MemoryBackend):
        def wait(self, params: object) -> bool:
            return True

    runner = JobRunner(Hopeful(), jobs=[Do], workers=2)
    runner.enqueue(action(lambda: None))
    assert runner.drain(timedelta(seconds=20))
    assert states(runner) == {State.SUCCEEDED: 1}


class Failing(PlainBackend):
    """Raises `error` whenever `verb` is called."""

    def __init__(self, verb: str, error: Exception) -> None:
        def fail(name: str) -> None:
            if name == verb:
                raise error

        super().__init__(fail)


UNABLE = pytest.mark.parametrize(
    "error",
    [BackendError("no such table: jobs"), BackendClosedError(), RuntimeError("no error of the contract")],
    ids=["no table", "closed", "unexpected"],
)
GIVES_UP = pytest.mark.logs_errors(
    "claiming failed", "draining is given up", "could not be written", "was not written, so the record comes back"
)


@GIVES_UP
@UNABLE
@pytest.mark.parametrize("workers", [1, 4])
def test_a_claim_that_cannot_succeed_ends_the_drain_at_once_with_its_error(error: Exception, workers: int) -> None:
    backend = Failing("claim", error)
    runner = JobRunner(backend, jobs=[Do], workers=workers)
    before = monotonic()
    with pytest.raises(type(error)) as raised:
        runner.drain()
    assert raised.value is error
    assert monotonic() - before < 10
    assert backend.calls["claim"] <= workers
    assert not runner.running
    assert runner.drain_failure is error


@GIVES_UP
@pytest.mark.parametrize("verb", ["claim", "complete"])
def test_a_backend_that_gives_no_answer_is_asked_for_a_while_and_then_given_up(
    verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "LONGEST", timedelta(milliseconds=300))
    backend = Failing(verb, BackendUnavailableError("no answer"))
    runner = JobRunner(backend, jobs=[Do])
    runner.enqueue(action(lambda: None))
    before = monotonic()
    with pytest.raises(BackendUnavailableError, match="no answer"):
        runner.drain()
    assert monotonic() - before >= 0.3
    assert backend.calls[verb] >= 3


@GIVES_UP
def test_a_backend_that_answers_again_in_time_is_drained() -> None:
    failures = iter(range(3))

    def fail_thrice(name: str) -> None:
        if name == "claim" and next(failures, None) is not None:
            raise BackendUnavailableError("no answer")

    backend = PlainBackend(fail_thrice)
    runner = JobRunner(backend, jobs=[Do])
    runner.enqueue(action(lambda: None))
    assert runner.drain()
    assert runner.drain_failure is None
    assert states(runner) == {State.SUCCEEDED: 1}


@GIVES_UP
@UNABLE
def test_an_outcome_that_can_never_be_written_ends_the_drain_too(error: Exception) -> None:
    runner, ran = JobRunner(Failing("complete", error), jobs=[Do]), list[int]()
    for _ in range(2):
        runner.enqueue(action(lambda: ran.append(1)))
    with pytest.raises(type(error)):
        runner.drain()
    assert ran == [1]


@GIVES_UP
def test_jobs_in_flight_end_before_a_drain_that_is_given_up() -> None:
    begun, failed, ran = Event(), Event(), list[int]()

    def fail_once_begun(name: str) -> None:
        if name == "claim" and begun.is_set():
            failed.set()
            raise BackendError("no such table: jobs")

    def work() -> None:
        begun.set()
        assert failed.wait(20)
        ran.append(1)

    runner = JobRunner(PlainBackend(fail_once_begun), jobs=[Do], workers=2, poll_interval=timedelta(milliseconds=5))
    runner.enqueue(action(work))
    with pytest.raises(BackendError, match="no such table"):
        runner.drain()
    assert ran == [1]
    assert states(runner) == {State.SUCCEEDED: 1}


@GIVES_UP
def test_the_next_drain_begins_anew() -> None:
    failures = iter(range(1))

    def fail_once(name: str) -> None:
        if name == "claim" and next(failures, None) is not None:
            raise BackendError("no such table: jobs")

    runner = JobRunner(PlainBackend(fail_once), jobs=[Do])
    runner.enqueue(action(lambda: None))
    with pytest.raises(BackendError):
        runner.drain()
    assert runner.drain()
    assert runner.drain_failure is None


@GIVES_UP
def test_a_runner_that_was_started_to_stay_gives_nothing_up() -> None:
    backend = Failing("claim", BackendError("no such table: jobs"))
    runner = JobRunner(backend, jobs=[Do], poll_interval=timedelta(milliseconds=5))
    runner.start()
    wait_until(lambda: backend.calls["claim"] >= 3)
    assert runner.running
    assert runner.stop()
    assert runner.drain_failure is None


def test_a_runner_without_jobs_has_nothing_to_drain() -> None:
    with pytest.raises(RunnerStateError, match="no queue to watch; register a job, or pass queues="):
        JobRunner(MemoryBackend()).drain()
