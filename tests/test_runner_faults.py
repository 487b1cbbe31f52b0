"""A backend that fails or hangs: nothing is lost, and no worker dies."""

import logging
from collections import Counter
from datetime import timedelta
from threading import Lock
from time import sleep

import pytest

from lazyjobs import (
    BackendUnavailableError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    FinishParams,
    JobRunner,
    Record,
    State,
    current_job,
)
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, Impatient, action, impatient, read
from tests.support.waiting import wait_until

QUICK = timedelta(milliseconds=20)


class EveryTenth:
    """Raises on every tenth call, before or, where that is possible, after the call took effect."""

    def __init__(self) -> None:
        self._calls = 0
        self._lock = Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            self._calls += 1
            failing = self._calls % 10 == 0
        if failing and name not in {"insert", "stats", "list"}:
            raise BackendUnavailableError(f"{name}: no answer, try again")


pytestmark = pytest.mark.logs_errors(
    "claiming failed and is tried again", "could not be written and is tried again", "was not written, so the record"
)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_backend_that_fails_on_every_tenth_call_loses_nothing_and_runs_nothing_twice(workers: int) -> None:
    runs: Counter[int] = Counter()
    backend = PlainBackend(EveryTenth())
    runner = JobRunner(backend, jobs=[Do], workers=workers, poll_interval=QUICK)
    for _ in range(200):
        runner.enqueue(action(lambda: runs.update([current_job().record.id])))
    runner.start()
    wait_until(lambda: backend.inner.stats().by_state == {State.SUCCEEDED: 200})
    assert runner.stop()
    assert runs == dict.fromkeys(range(1, 201), 1)


class Forgetful(MemoryBackend):
    """Does every tenth finish, with the claim that goes with it, and loses the answer."""

    calls = 0

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        record = super().finish_and_claim(finish, params)
        self.calls += 1
        if self.calls % 10 == 0:
            raise BackendUnavailableError("the answer was lost")
        return record


def test_a_lost_answer_loses_no_record_and_its_claim_comes_back_when_the_lease_ends() -> None:
    runs: Counter[int] = Counter()
    runner = JobRunner(Forgetful(), jobs=[Do], lease=timedelta(milliseconds=200), poll_interval=QUICK)
    for _ in range(100):
        runner.enqueue(action(lambda: runs.update([current_job().record.id])))
    with runner:
        wait_until(lambda: runner.backend.stats().by_state == {State.SUCCEEDED: 100})
    assert runs == dict.fromkeys(range(1, 101), 1)


class Reluctant(MemoryBackend):
    """Refuses to finish and claim in one step."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.refused: list[FinishParams] = []

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        self.refused.append(finish)
        raise self.error


@pytest.mark.parametrize("error", [BackendUnavailableError("down"), RuntimeError("no error of the contract")])
def test_where_finishing_and_claiming_at_once_fails_it_is_done_in_two_steps(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    runs: Counter[int] = Counter()
    backend = Reluctant(error)
    runner = JobRunner(backend, jobs=[Do], poll_interval=QUICK)
    for _ in range(20):
        runner.enqueue(action(lambda: runs.update([current_job().record.id])))
    runner.start()
    wait_until(lambda: backend.stats().by_state == {State.SUCCEEDED: 20})
    assert runner.stop()
    assert runs == dict.fromkeys(range(1, 21), 1)
    logged = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert len(logged) == len(backend.refused)
    assert str(error) in logged[0]


def test_a_claim_that_is_lost_as_it_is_finished_with_the_next_leaves_the_worker_at_work() -> None:
    class Losing(MemoryBackend):
        def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
            raise ClaimLostError(finish.id, finish.attempt, "another claim")

    backend, ran = Losing(), list[int]()
    runner = JobRunner(backend, jobs=[Do], poll_interval=QUICK)
    for _ in range(5):
        runner.enqueue(action(lambda: ran.append(1)))
    runner.start()
    wait_until(lambda: len(ran) == 5)
    assert runner.stop()


def test_a_backend_that_hangs_for_two_seconds_only_delays() -> None:
    hung: list[str] = []

    def hang_once(name: str) -> None:
        if name in {"claim", "complete", "extend"} and name not in hung:
            hung.append(name)
            sleep(2)

    runs: list[int] = []
    backend = PlainBackend(hang_once)
    runner = JobRunner(backend, jobs=[Do], workers=2, poll_interval=QUICK, lease=timedelta(seconds=9))
    for _ in range(20):
        runner.enqueue(action(lambda: runs.append(current_job().record.id)))
    runner.start()
    wait_until(lambda: backend.inner.stats().by_state == {State.SUCCEEDED: 20})
    assert runner.stop()
    assert sorted(runs) == list(range(1, 21))
    assert {"claim", "complete"} <= set(hung)


@pytest.mark.logs_errors("do.impatient discarded id=1")
@pytest.mark.parametrize("error", [BackendUnavailableError("down"), RuntimeError("no error of the contract")])
@pytest.mark.parametrize("verb", ["complete", "retry", "discard"])
def test_an_outcome_is_written_again_and_again_until_it_is_answered(verb: str, error: Exception) -> None:
    failures = iter(range(3))

    def fail_thrice(name: str) -> None:
        if name == verb and next(failures, None) is not None:
            raise error

    def work() -> None:
        if verb != "complete":
            raise ValueError

    backend = PlainBackend(fail_thrice)
    runner = JobRunner(backend, jobs=[Do, Impatient], poll_interval=QUICK)
    runner.enqueue(impatient(work))
    runner.start()
    wait_until(lambda: backend.inner.stats().by_state.keys() <= {State.SUCCEEDED, State.DISCARDED})
    assert runner.stop()
    assert backend.calls[verb] >= 4


def test_a_failing_outcome_does_not_hold_up_the_stop_for_ever() -> None:
    def fail(name: str) -> None:
        if name == "complete":
            raise BackendUnavailableError("down for good")

    backend = PlainBackend(fail)
    runner = JobRunner(backend, jobs=[Do], poll_interval=QUICK)
    record = runner.enqueue(action(lambda: None))
    runner.start()
    wait_until(lambda: backend.calls["complete"] >= 2)
    assert runner.stop(timedelta(milliseconds=50))
    assert read(runner, record).state is State.RUNNING


def test_a_failing_claim_is_tried_again_with_growing_pauses() -> None:
    def fail(name: str) -> None:
        if name == "claim":
            raise BackendUnavailableError("down")

    backend = PlainBackend(fail)
    runner = JobRunner(backend, jobs=[Do], workers=8, poll_interval=QUICK)
    runner.start()
    wait_until(lambda: backend.calls["claim"] >= 4)
    assert backend.calls["claim"] < 20
    assert runner.running
    assert runner.stop()


def test_an_outcome_whose_claim_was_lost_meanwhile_is_dropped() -> None:
    backend = MemoryBackend()
    runner = JobRunner(backend, jobs=[Do], poll_interval=QUICK)

    def lose_the_claim() -> None:
        record = current_job().record
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        raise ValueError("must not overwrite the outcome")

    record, after = runner.enqueue(action(lose_the_claim)), runner.enqueue(action(lambda: None))
    with runner:
        wait_until(lambda: read(runner, after).state is State.SUCCEEDED)
    assert (read(runner, record).state, read(runner, record).last_error) == (State.SUCCEEDED, "")


def test_a_log_handler_that_raises_does_not_cost_a_worker(caplog: pytest.LogCaptureFixture) -> None:
    class BrokenHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("disk full")

    caplog.set_level(logging.INFO, logger="lazyjobs.jobs")
    handler, jobs_log = BrokenHandler(), logging.getLogger("lazyjobs.jobs")
    jobs_log.addHandler(handler)
    try:
        runner = JobRunner(MemoryBackend(), jobs=[Do], lease=timedelta(milliseconds=50), poll_interval=QUICK)
        for _ in range(3):
            runner.enqueue(action(lambda: None))
        with runner:
            wait_until(lambda: runner.backend.stats().by_state == {State.SUCCEEDED: 3})
    finally:
        jobs_log.removeHandler(handler)
