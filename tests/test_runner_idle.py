"""Idle workers, and how little they ask."""

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from time import monotonic, process_time, sleep

import pytest

from lazyjobs import BackendUnavailableError, JobRunner, State, WaitParams
from lazyjobs_memory import MemoryBackend
from tests.support.backends import PlainBackend
from tests.support.jobs import Do, action
from tests.support.waiting import wait_until


class Watched(MemoryBackend):
    """Counts the waits and how many were outstanding at once."""

    def __init__(self, answer: Callable[[], bool] | None = None) -> None:
        super().__init__()
        self.waits = self.outstanding = self.most = 0
        self._answer = answer
        self._counting = Lock()

    def wait(self, params: WaitParams) -> bool:
        with self._counting:
            self.waits += 1
            self.outstanding += 1
            self.most = max(self.most, self.outstanding)
        try:
            return super().wait(params) if self._answer is None else self._answer()
        finally:
            with self._counting:
                self.outstanding -= 1


def count_claims(workers: int) -> int:
    """How often an idle runner asks a backend that cannot tell it anything, in ten poll intervals."""
    backend = PlainBackend()
    runner = JobRunner(backend, jobs=[Do], workers=workers, poll_interval=timedelta(milliseconds=20))
    runner.start()
    wait_until(lambda: backend.calls["claim"] >= 2)
    before, started_at = backend.calls["claim"], monotonic()
    wait_until(lambda: monotonic() >= started_at + 0.2)
    asked = backend.calls["claim"] - before
    assert runner.stop()
    return asked


def test_thirty_two_idle_workers_ask_as_often_as_one() -> None:
    assert count_claims(1) <= 10
    assert count_claims(32) <= 10


def test_thirty_two_idle_workers_have_one_wait_outstanding() -> None:
    backend = Watched()
    runner = JobRunner(backend, jobs=[Do], workers=32, poll_interval=timedelta(milliseconds=5))
    runner.start()
    wait_until(lambda: backend.waits >= 20)
    assert runner.stop()
    assert backend.most == 1


def test_a_poll_that_is_nudged_is_not_spun_on() -> None:
    backend = PlainBackend()
    runner, ran = JobRunner(backend, jobs=[Do], poll_interval=timedelta(seconds=20)), list[int]()
    runner.start()
    for number in range(1, 4):
        runner.enqueue(action(lambda: ran.append(1)))
        wait_until(lambda number=number: len(ran) == number)  # type: ignore[misc]
    wait_until(lambda: backend.inner.stats().by_state == {State.SUCCEEDED: 3})
    before, started_at = backend.calls["claim"], monotonic()
    wait_until(lambda: monotonic() >= started_at + 0.3)
    assert backend.calls["claim"] - before <= 3
    assert runner.stop()


@pytest.mark.logs_errors("claiming failed and is tried again: BackendUnavailableError: no answer")
def test_a_claim_that_fails_while_idle_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(name: str) -> None:
        if name == "claim":
            raise BackendUnavailableError("no answer")

    backend = PlainBackend(fail)
    runner = JobRunner(backend, jobs=[Do], poll_interval=timedelta(milliseconds=20))
    runner.start()
    wait_until(lambda: backend.calls["claim"] >= 3)
    assert runner.stop()
    logged = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert len(logged) == backend.calls["claim"]
    assert logged[0].getMessage() == "claiming failed and is tried again: BackendUnavailableError: no answer"
    assert logged[0].exc_info is not None


def test_a_backend_that_waits_is_waited_for_and_not_polled() -> None:
    backend = MemoryBackend()
    runner, ran = JobRunner(backend, jobs=[Do], poll_interval=timedelta(seconds=20)), list[float]()
    producer = JobRunner(backend, jobs=[Do])
    runner.start()
    sleep(0.05)  # not for luck: an idle worker is the subject, and any other would pass too
    enqueued_at = monotonic()
    producer.enqueue(action(lambda: ran.append(monotonic())))
    wait_until(lambda: ran)
    assert ran[0] - enqueued_at < 5
    producer.enqueue(action(lambda: None))
    runner.stop()


@pytest.mark.parametrize("answer", [True, False])
def test_a_wait_that_is_wrong_every_time_is_not_spun_on(answer: bool) -> None:
    backend = Watched(answer=lambda: answer)
    runner = JobRunner(backend, jobs=[Do], workers=4)
    runner.start()
    wait_until(lambda: backend.waits >= 8)
    before, used, started_at = backend.waits, process_time(), monotonic()
    wait_until(lambda: monotonic() >= started_at + 0.5)
    asked, used = backend.waits - before, process_time() - used
    assert runner.stop()
    assert asked <= 25
    assert used < 0.4


@pytest.mark.logs_errors("claiming failed")
def test_a_wait_that_raises_is_tried_again_and_not_spun_on() -> None:
    def fail() -> bool:
        raise RuntimeError("no answer")

    backend = Watched(answer=fail)
    runner, ran = JobRunner(backend, jobs=[Do]), []
    runner.start()
    wait_until(lambda: backend.waits >= 3)
    runner.enqueue(action(lambda: ran.append(1)))
    wait_until(lambda: ran)
    assert runner.stop()
    assert backend.waits < 50


@pytest.mark.parametrize("make", [MemoryBackend, PlainBackend])
def test_an_idle_worker_starts_at_once_what_is_enqueued_beside_it(make: Callable[[], MemoryBackend]) -> None:
    runner, started = JobRunner(make(), jobs=[Do], poll_interval=timedelta(seconds=1.5)), []
    runner.start()
    sleep(0.05)  # not for luck: an idle worker is the subject, and any other would pass too
    enqueued_at = monotonic()
    runner.enqueue(action(lambda: started.append(monotonic())))
    wait_until(lambda: started)
    assert started[0] - enqueued_at < 1
    runner.stop()


def test_a_polled_record_of_another_producer_is_found_within_the_poll_interval() -> None:
    backend = PlainBackend()
    runner, ran = JobRunner(backend, jobs=[Do], poll_interval=timedelta(milliseconds=20)), []
    producer = JobRunner(backend, jobs=[Do])
    runner.start()
    producer.enqueue(action(lambda: ran.append(1)))
    wait_until(lambda: ran)
    assert runner.stop()


def test_every_worker_takes_part_in_a_burst() -> None:
    backend = MemoryBackend()
    runner, lock, seen = JobRunner(backend, jobs=[Do], workers=8), Lock(), set()

    def meet() -> None:
        from threading import current_thread

        with lock:
            seen.add(current_thread().name)
        wait_until(lambda: len(seen) == 8)

    runner.start()
    for _ in range(8):
        runner.enqueue(action(meet))
    wait_until(lambda: len(seen) == 8)
    assert runner.stop()
