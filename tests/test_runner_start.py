"""Starting a runner, when something comes between."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from lazyjobs import InsertParams, JobRunner, Record, State, current_runner
from lazyjobs_memory import MemoryBackend
from tests.support.jobs import Do, action, states
from tests.support.waiting import GENEROUS, wait_until


def before_the_start_of(name: str, do: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    start = Thread.start

    def start_after(thread: Thread) -> None:
        if thread.name == name:
            do()
        start(thread)

    monkeypatch.setattr(Thread, "start", start_after)


class Watcher:
    """Does something when the runner is started."""

    def __init__(self, do: Callable[[JobRunner], object]) -> None:
        self._do = do

    def started(self, runner: JobRunner) -> None:
        self._do(runner)

    def enqueuing(self, params: InsertParams) -> None: ...
    def attempting(self, record: Record) -> None: ...


def test_the_first_job_may_stop_the_runner_before_its_last_worker_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = Event()

    def stop() -> None:
        try:
            current_runner().stop(GENEROUS / 1_000)
        finally:
            answered.set()

    def let_it_stop() -> None:
        wait_until(lambda: not runner.running)
        answered.wait(0.2)

    before_the_start_of("lazyjobs-worker-2", let_it_stop, monkeypatch)
    runner = JobRunner(MemoryBackend(), jobs=[Do], workers=2)
    runner.enqueue(action(stop))
    runner.start()
    assert runner.join(GENEROUS)
    assert states(runner) == {State.SUCCEEDED: 1}


@pytest.mark.parametrize("name", ["lazyjobs-leases", "lazyjobs-worker-1", "lazyjobs-worker-3"])
def test_a_system_without_threads_leaves_no_half_a_runner(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("can't start new thread")

    runner = JobRunner(MemoryBackend(), jobs=[Do], workers=3)
    with monkeypatch.context() as patch:
        before_the_start_of(name, refuse, patch)
        with pytest.raises(RuntimeError, match="new thread"):
            runner.start()
    assert not runner.running
    assert runner.stop()
    runner.enqueue(action(lambda: None))
    assert runner.drain(GENEROUS)
    assert states(runner) == {State.SUCCEEDED: 1}


def test_an_observer_may_stop_the_runner_that_is_being_started() -> None:
    answers: list[bool] = []
    runner = JobRunner(MemoryBackend(), jobs=[Do], observers=[Watcher(lambda runner: answers.append(runner.stop()))])
    runner.enqueue(action(lambda: None))
    runner.start()
    assert runner.join(GENEROUS)
    assert answers == [False]
    assert states(runner) == {State.PENDING: 1}


def test_an_interrupt_in_the_middle_of_the_start_leaves_a_runner_that_can_be_started() -> None:
    def interrupt(_: JobRunner) -> None:
        raise KeyboardInterrupt

    runner = JobRunner(MemoryBackend(), jobs=[Do], observers=[Watcher(interrupt)])
    with pytest.raises(KeyboardInterrupt):
        runner.start()
    assert not runner.running
    runner.configure(observers=[])
    runner.enqueue(action(lambda: None))
    assert runner.drain(GENEROUS)
    assert states(runner) == {State.SUCCEEDED: 1}
