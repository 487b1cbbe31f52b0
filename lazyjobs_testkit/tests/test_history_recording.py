"""Recording: who called what and when, among threads and processes; rounds begun at once; interruptions."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lazyjobs import Backend, ClaimParams, CompleteParams, InsertParams, ListOptions, Record
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import model as m
from lazyjobs_testkit.harness import Harness
from lazyjobs_testkit.history import (
    Churn,
    Crew,
    CrewError,
    Drain,
    History,
    Operation,
    Recorder,
    Rounds,
    check,
    play_in_threads,
)
from lazyjobs_testkit.history._interruptions import interruptions
from lazyjobs_testkit.history._meeting import Meeting
from lazyjobs_testkit.history._threads import frequent_switches
from lazyjobs_testkit.zoo.files import Durable

PAST = datetime(2024, 1, 1, tzinfo=UTC)
INSERT = m.Insert(InsertParams(kind="k", run_at=PAST))
CLAIM = m.Claim(ClaimParams())


def prepare(backend: Backend, count: int) -> list[Operation]:
    recorder = Recorder(backend, caller="main", handle="backend")
    for _ in range(count):
        recorder.ask(INSERT)
    return recorder.operations()


def test_a_recorder_notes_who_asked_what_and_when() -> None:
    recorder = Recorder(MemoryBackend(), caller="me", handle="first")
    before = time.monotonic_ns()
    recorder.ask(INSERT)
    recorder.ask(CLAIM)
    first, second = recorder.operations()
    assert (first.caller, first.handle, first.request) == ("me", "first", INSERT)
    assert before <= first.called <= first.returned <= second.called <= second.returned
    assert first.began <= first.ended <= second.began
    assert isinstance(second.answer, m.One)


class Odd:
    """Raises, and answers what is no part of the contract."""

    def claim(self, params: ClaimParams) -> Record | None:
        raise RuntimeError("half a pair: \ud800")

    def complete(self, params: CompleteParams) -> object:
        return object()


def test_whatever_a_backend_raises_is_an_unknown_outcome_that_can_be_written() -> None:
    recorder = Recorder(Odd(), caller="me", handle="odd")  # type: ignore[arg-type]
    recorder.ask(CLAIM)
    recorder.ask(m.Complete(CompleteParams(id=1, attempt=1)))
    errors = [operation.answer.error for operation in recorder.operations() if isinstance(operation.answer, m.Unknown)]
    assert errors[0] == "RuntimeError: half a pair: ?"
    assert "no part of the contract" in errors[1]


class Stuck(MemoryBackend):
    """Its claims return when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.released = threading.Event(), threading.Event()

    def claim(self, params: ClaimParams) -> Record | None:
        self.entered.set()
        self.released.wait(30)
        return None


def test_a_call_that_has_not_returned_is_an_unknown_outcome() -> None:
    backend = Stuck()
    recorder = Recorder(backend, caller="me", handle="stuck")
    thread = threading.Thread(target=recorder.ask, args=(CLAIM,))
    thread.start()
    assert backend.entered.wait(30)
    pending = recorder.operations()
    backend.released.set()
    thread.join(30)
    assert [operation.answer for operation in pending] == [m.Unknown("still running")]
    assert [operation.answer for operation in recorder.operations()] == [m.Nothing()]


def test_threads_begin_each_round_together() -> None:
    scripts = [Rounds(((INSERT,), (), (INSERT,)))] * 3
    operations = play_in_threads([("backend", MemoryBackend())] * 3, scripts, 10)
    firsts = [sorted(op.called for op in operations if op.caller == caller) for caller in callers(operations)]
    assert len(operations) == 6
    latest_of_the_first_round = max(called[0] for called in firsts)
    assert latest_of_the_first_round < min(called[1] for called in firsts)


def callers(operations: list[Operation]) -> set[str]:
    return {operation.caller for operation in operations}


def test_threads_drain_a_queue_between_them() -> None:
    backend = MemoryBackend()
    inserts = prepare(backend, 50)
    drain = Drain(("default",), complete=True)
    operations = inserts + play_in_threads([("backend", backend)] * 3, [drain] * 3, 10)
    verdict = check(History(operations=tuple(operations)))
    assert verdict.violations == ()
    assert (verdict.tally.claims, verdict.tally.finished) == (50, 50)


def test_a_churn_is_the_same_for_the_same_seed() -> None:
    requests = []
    for _ in range(2):
        churn = Churn(7, ("a", "b"), 60, PAST)
        operations = play_in_threads([("backend", MemoryBackend())], [churn], 10)
        requests.append([operation.request for operation in operations])
    assert requests[0] == requests[1]
    assert len(requests[0]) == 60


def test_only_the_first_round_begins_when_the_time_is_over() -> None:
    operations = play_in_threads([("backend", MemoryBackend())], [Rounds(((INSERT,), (INSERT,)))], -1)
    assert len(operations) == 1


def test_a_caller_that_leaves_does_not_keep_the_others_waiting() -> None:
    places = [0, 0]
    deadline = time.monotonic() + 30
    Meeting(places, 1, deadline).leave()
    assert Meeting(places, 0, deadline).begin(5)


def test_a_meeting_ends_when_the_time_is_over() -> None:
    assert not Meeting([0, 1], 0, time.monotonic() + 0.01).begin(2)


def test_the_switch_interval_is_put_back() -> None:
    before = sys.getswitchinterval()
    with frequent_switches():
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before


def counted_lines(likelihood: float, monkeypatch: pytest.MonkeyPatch) -> int:
    pauses: list[float] = []
    monkeypatch.setattr("lazyjobs_testkit.history._interruptions.time.sleep", pauses.append)

    def run() -> None:
        with interruptions(1, likelihood):
            prepare(MemoryBackend(), 5)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return len(pauses)


def test_a_backends_lines_are_interrupted_as_often_as_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.gettrace() is not None:
        pytest.skip("something traces already")
    assert counted_lines(0, monkeypatch) == 0
    few, every = counted_lines(0.1, monkeypatch), counted_lines(1, monkeypatch)
    assert 0 < few < every / 2


def test_a_tracer_that_is_there_already_is_left_alone() -> None:
    seen: list[object] = []

    def tracer(frame: object, event: str, argument: object) -> None:
        seen.append(event)

    def run() -> None:
        sys.settrace(tracer)
        with interruptions(1, 1):
            seen.append(sys.gettrace() is tracer)
        sys.settrace(None)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert True in seen


@pytest.fixture
def durable() -> Iterator[tuple[type[Harness], str]]:
    harness = Durable.Harness
    namespace = f"kit_recording_{time.monotonic_ns()}"
    yield harness, namespace
    harness().destroy(namespace)


def test_processes_play_again_and_again_on_one_clock(durable: tuple[type[Harness], str]) -> None:
    harness, namespace = durable
    operations = prepare(harness().open(namespace), 30)
    with Crew(harness, namespace, 2) as crew:
        before = time.monotonic_ns()
        first = crew.play([Rounds(((CLAIM,),) * 5)] * 2, 20)
        second = crew.play([Drain(("default",))] * 2, 20, seed=3, interrupted=0.01)
        after = time.monotonic_ns()
    operations += first + second
    assert callers(first) == callers(second) == {"process 1", "process 2"}
    assert all(before < operation.called <= operation.returned < after for operation in first + second)
    operations += recorded_list(harness().open(namespace))
    verdict = check(History(operations=tuple(operations)))
    assert verdict.violations == ()
    assert verdict.tally.claims == 30


def recorded_list(backend: Backend) -> list[Operation]:
    recorder = Recorder(backend, caller="main", handle="last")
    recorder.ask(m.ListRecords(ListOptions(limit=None)))
    return recorder.operations()


def test_no_process_is_left_behind(durable: tuple[type[Harness], str]) -> None:
    with Crew(*durable, 2) as crew:
        processes = [member._process for member in crew._members]
        assert [process.poll() for process in processes] == [None, None]
    assert [process.poll() for process in processes] == [0, 0]


def test_a_process_that_cannot_start_is_reported_with_what_it_wrote() -> None:
    class Local(Harness):
        def open(self, namespace: str) -> Backend:
            raise NotImplementedError

        def destroy(self, namespace: str) -> None:
            raise NotImplementedError

        @classmethod
        def reference(cls) -> str:
            return "nowhere.at.all:Harness"

    with pytest.raises(CrewError, match=r"nowhere\.at\.all"), Crew(Local, "kit_never", 1):
        pass


def test_a_process_that_dies_is_reported(durable: tuple[type[Harness], str]) -> None:
    with Crew(*durable, 1) as crew:
        crew._members[0]._process.kill()
        with pytest.raises(CrewError, match="process"):
            crew.play([Rounds(((INSERT,),))], 1)


def test_a_process_ends_when_its_parent_is_gone() -> None:
    child = [sys.executable, "-m", "lazyjobs_testkit.history._child"]
    ended = subprocess.run(child, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert ended.returncode != 0
