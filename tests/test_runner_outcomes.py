"""What becomes of a record when its job has run, or could not."""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from lazyjobs import BaseJob, ClaimParams, InsertParams, JobRunner, State
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, Impatient, action, impatient, read

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def make_runner(**options: object) -> JobRunner:
    return JobRunner(MemoryBackend(), jobs=[Do, Impatient], **options)  # type: ignore[arg-type]


def test_a_job_that_returns_has_succeeded() -> None:
    runner, ran = make_runner(), []
    record = runner.enqueue(action(lambda: ran.append("once")))
    assert runner.drain()
    assert ran == ["once"]
    assert read(runner, record).state is State.SUCCEEDED


def test_what_work_returns_is_ignored() -> None:
    class Talkative(BaseJob):
        kind = "talkative"

        def work(self) -> int:
            return 5

    runner = JobRunner(MemoryBackend(), jobs=[Talkative])  # type: ignore[list-item]
    record = runner.enqueue(Talkative())  # type: ignore[arg-type]
    assert runner.drain()
    assert read(runner, record).state is State.SUCCEEDED


def raise_error() -> None:
    raise ValueError("no such user")


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (24, 60)])
def test_an_exception_retries_after_a_growing_delay(attempt: int, seconds: int) -> None:
    runner = make_runner(clock=lambda: NOW)
    record = runner.enqueue(action(raise_error))
    for _ in range(attempt - 1):
        runner.backend.claim(ClaimParams(lease=timedelta(microseconds=1)))
    assert runner.drain()
    failed = read(runner, record)
    assert failed.state is State.RETRYING
    assert failed.attempt == attempt
    assert failed.run_at == NOW + timedelta(seconds=seconds)
    assert failed.last_error == "ValueError: no such user"


@pytest.mark.logs_errors("discarded id=")
def test_exhausted_attempts_discard_with_the_error() -> None:
    runner = make_runner()
    record = runner.enqueue(impatient(raise_error))
    assert runner.drain()
    failed = read(runner, record)
    assert (failed.state, failed.attempt) == (State.DISCARDED, 2)
    assert failed.last_error == "ValueError: no such user"


@pytest.mark.parametrize("leave", [sys.exit, lambda: sys.exit("bye"), lambda: (_ for _ in ()).throw(KeyboardInterrupt)])
@pytest.mark.logs_errors("discarded id=")
def test_a_job_that_wants_to_end_the_process_only_fails(leave: Callable[[], object]) -> None:
    runner = make_runner()
    record, after = runner.enqueue(impatient(leave)), runner.enqueue(action(lambda: None))
    assert runner.drain()
    assert read(runner, record).state is State.DISCARDED
    assert read(runner, after).state is State.SUCCEEDED


@pytest.mark.logs_errors("discarded id=")
def test_an_error_whose_text_cannot_be_made_is_an_error_all_the_same() -> None:
    class UnprintableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even this")

    def fail() -> None:
        raise UnprintableError

    runner = make_runner()
    record = runner.enqueue(impatient(fail))
    assert runner.drain()
    assert read(runner, record).state is State.DISCARDED
    assert "UnprintableError" in read(runner, record).last_error


def test_an_error_text_with_lone_surrogates_and_nul_does_not_stop_the_transition(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL, logger="lazyjobs")  # a captured traceback with such a text breaks pytest-xdist

    def fail() -> None:
        raise ValueError("\ud800\0" * 1_000)

    runner = make_runner()
    record = runner.enqueue(impatient(fail))
    assert runner.drain()
    assert read(runner, record).state is State.DISCARDED


@pytest.mark.logs_errors("tomorrow discarded id=")
def test_an_unknown_kind_is_discarded_if_so_wished() -> None:
    runner = make_runner(unknown_kind="discard")
    record = runner.backend.insert(InsertParams(kind="tomorrow"))
    assert runner.drain()
    assert read(runner, record).state is State.DISCARDED
    assert read(runner, record).last_error == (
        "no job is registered for the kind 'tomorrow' (registered: do, do.impatient)"
    )


@pytest.mark.parametrize(
    ("payload", "says"),
    [(b"[]", "Expected `object`, got `array`"), (b'{"name": 5}', "`$.name`"), (b'{"other": "x"}', "`name`")],
)
@pytest.mark.logs_errors("named discarded id=")
def test_a_payload_that_does_not_fit_is_discarded_with_the_field(payload: bytes, says: str) -> None:
    @dataclass
    class Named(BaseJob):
        kind: ClassVar[str] = "named"
        name: str

        def work(self) -> None:
            raise AssertionError("must not run")

    runner = JobRunner(MemoryBackend(), jobs=[Named])
    record = runner.backend.insert(InsertParams(kind="named", payload=payload))
    assert runner.drain()
    assert read(runner, record).state is State.DISCARDED
    assert says in read(runner, record).last_error


@pytest.mark.logs_errors("not run: attempt 3 of at most 2")
def test_an_attempt_beyond_the_maximum_is_discarded_unrun_and_keeps_the_error_before() -> None:
    runner, ran = make_runner(), []
    record = runner.enqueue(impatient(lambda: ran.append(1)))
    for _ in range(2):
        runner.backend.claim(ClaimParams(lease=timedelta(microseconds=1)))
    assert runner.drain()
    assert ran == []
    discarded = read(runner, record)
    assert (discarded.state, discarded.attempt) == (State.DISCARDED, 3)
    assert discarded.last_error.startswith("not run: attempt 3 of at most 2;")


@dataclass
class BadPolicy(BaseJob):
    kind: ClassVar[str] = "bad.policy"
    answer: str

    def work(self) -> None:
        raise ValueError

    def job_retry_delay(self, attempt: int) -> timedelta:
        if self.answer == "raise":
            raise KeyError("policy")
        if self.answer == "far":
            return timedelta(days=400 * 365)
        return timedelta(seconds=-5) if self.answer == "negative" else "soon"  # type: ignore[return-value]


@pytest.mark.parametrize(("answer", "seconds"), [("raise", 1), ("far", 1), ("nonsense", 1), ("negative", 0)])
@pytest.mark.logs_errors("the retry policy of bad.policy failed")
def test_a_retry_policy_that_fails_costs_the_job_nothing(answer: str, seconds: int) -> None:
    runner = JobRunner(MemoryBackend(), jobs=[BadPolicy], clock=lambda: NOW)
    record = runner.enqueue(BadPolicy(answer))
    assert runner.drain()
    assert read(runner, record).state is State.RETRYING
    assert read(runner, record).run_at == NOW + timedelta(seconds=seconds)


def test_a_job_that_inherits_nothing_gets_the_defaults() -> None:
    class Bare:
        kind: ClassVar[str] = "bare"

        def work(self) -> None:
            raise ValueError

    runner = JobRunner(MemoryBackend(), jobs=[Bare], clock=lambda: NOW)
    record = runner.enqueue(Bare())
    assert (record.queue, record.max_attempts) == ("default", 25)
    assert runner.drain()
    assert read(runner, record).run_at == NOW + timedelta(seconds=1)
