"""Who claims, and what is told when a claim takes a record from another."""

import logging
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import current_thread

import pytest

from lazyjobs import ClaimParams, JobRunner, Record, State, current_job
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, read
from tests.support.waiting import GENEROUS

ALLOWED = re.compile(r"[A-Za-z0-9._:/-]{1,100}")


def claimers_of(runner: JobRunner, jobs: int = 1) -> set[str]:
    found: set[str] = set()
    for _ in range(jobs):
        runner.enqueue(action(lambda: found.add(current_job().record.claimed_by)))
    assert runner.drain(GENEROUS)
    return found


def test_a_claim_names_host_process_and_thread() -> None:
    (name,) = claimers_of(JobRunner(MemoryBackend(), jobs=[Do]))
    assert name == f"{socket.gethostname()[:50]}:{os.getpid()}:lazyjobs-worker-1"
    assert ALLOWED.fullmatch(name)


def test_a_claim_in_the_calling_thread_names_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_thread(), "name", "Hauptfaden ü 1")
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue(action(lambda: None))
    (attempt,) = runner.run_due()
    assert attempt.record.claimed_by.endswith(f":{os.getpid()}:Hauptfaden---1")


@pytest.mark.parametrize("queues", [None, ["default"]])
def test_a_name_of_ones_own_takes_its_place(queues: list[str] | None) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do], name="mail-1", workers=4)
    assert claimers_of(runner, 20) == {"mail-1"}
    runner.enqueue(action(lambda: None))
    (attempt,) = runner.run_due(queues=queues)
    assert attempt.record.claimed_by == "mail-1"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("post büro 1", "post-b-ro-1"),
        ("x" * 101, "x" * 100),
        ("\n", "-"),
        ("\ud800", "-"),
        ("a/b:c.d_e-f", "a/b:c.d_e-f"),
    ],
)
def test_a_name_is_put_into_the_characters_of_a_kind(name: str, stored: str) -> None:
    assert claimers_of(JobRunner(MemoryBackend(), jobs=[Do], name=name)) == {stored}


def test_a_long_name_of_the_host_leaves_room_for_process_and_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "ä" * 300)
    (name,) = claimers_of(JobRunner(MemoryBackend(), jobs=[Do]))
    assert name == f"{'-' * 50}:{os.getpid()}:lazyjobs-worker-1"


def test_a_child_has_a_name_of_its_own() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    before = runner._state.params()
    runner._state.after_fork()
    assert runner._state.params() is not before


def test_each_thread_that_asks_has_its_own_name() -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    with ThreadPoolExecutor(2) as pool:
        names = {each.worker for each in pool.map(lambda _: runner._state.params(), range(50))}
    assert runner._state.params().worker not in names


def take_over(backend: MemoryBackend, runner: JobRunner, worker: str = "old-host:17:worker-2") -> Record:
    record = runner.enqueue(action(lambda: None))
    assert backend.claim(ClaimParams(worker=worker, lease=timedelta(microseconds=1))) is not None
    return record


@pytest.mark.parametrize("run", [JobRunner.drain, lambda runner: list(runner.run_due())])
def test_a_claim_that_takes_over_is_a_warning_that_names_record_loser_and_winner(
    run: object, caplog: pytest.LogCaptureFixture
) -> None:
    backend = MemoryBackend()
    runner = JobRunner(backend, jobs=[Do], name="new-worker")
    record = take_over(backend, runner)
    run(runner)  # type: ignore[operator]
    assert read(runner, record).state is State.SUCCEEDED
    (entry,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert entry.getMessage() == (
        "do id=1 was claimed again by new-worker: the lease of old-host:17:worker-2 had ended without an outcome; "
        "claims that ended so: 1"
    )


def test_one_without_a_name_is_told_as_such(caplog: pytest.LogCaptureFixture) -> None:
    backend = MemoryBackend()
    runner = JobRunner(backend, jobs=[Do])
    take_over(backend, runner, worker="")
    assert runner.drain(GENEROUS)
    assert "the lease of a worker without a name had ended" in caplog.text


def test_a_first_claim_and_a_retry_take_over_nothing(caplog: pytest.LogCaptureFixture) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue(action(lambda: None))
    assert runner.drain(GENEROUS)
    assert "claimed again" not in caplog.text
