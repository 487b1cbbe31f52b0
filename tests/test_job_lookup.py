"""A runner that is asked for a job class it has not registered, and asks for it in turn."""

from dataclasses import dataclass
from threading import Barrier, Thread
from typing import ClassVar

import pytest

from lazyjobs import BaseJob, InsertParams, JobRunner, State, UnknownKindError
from lazyjobs.runner import UnknownKind
from lazyjobs_memory import MemoryBackend


@dataclass
class Note(BaseJob):
    kind = "note"
    ran: ClassVar[list[str]] = []
    text: str

    def work(self) -> None:
        self.ran.append(self.text)


class Asked:
    """Knows Note; remembers what it was asked for."""

    def __init__(self) -> None:
        self.kinds = list[str]()

    def __call__(self, kind: str) -> type[Note] | None:
        self.kinds.append(kind)
        if kind == "broken":
            raise ImportError("no module 'broken'")
        return Note if kind == "note" else None


def make_runner(unknown_kind: UnknownKind = "discard") -> tuple[JobRunner, Asked]:
    asked = Asked()
    runner = JobRunner(MemoryBackend(), queues=["default"], find_job=asked, unknown_kind=unknown_kind)
    Note.ran.clear()
    return runner, asked


def test_a_record_of_a_kind_that_is_found_runs_and_is_asked_for_once() -> None:
    runner, asked = make_runner()
    for text in (b"one", b"two"):
        runner.backend.insert(InsertParams(kind="note", payload=b'{"text":"%s"}' % text))
    assert runner.drain()
    assert Note.ran == ["one", "two"]
    assert asked.kinds == ["note"]
    assert [definition.kind for definition in runner.definitions] == ["note"]


def test_a_job_of_a_kind_that_is_found_can_be_enqueued() -> None:
    runner, _ = make_runner()
    record = runner.enqueue(Note("three"))
    assert runner.decode(record) == Note("three")


@pytest.mark.logs_errors("nobody discarded id=")
def test_a_kind_that_is_not_found_is_unknown() -> None:
    runner, asked = make_runner()
    runner.backend.insert(InsertParams(kind="nobody"))
    assert runner.drain()
    (record,) = runner.backend.list()
    assert (record.state, asked.kinds) == (State.DISCARDED, ["nobody"])
    assert record.last_error == "no job is registered for the kind 'nobody' (registered: none)"


@pytest.mark.parametrize(("unknown_kind", "state"), [("discard", State.DISCARDED), ("retry", State.RETRYING)])
@pytest.mark.logs_errors("broken discarded id=")
def test_looking_that_fails_is_told_in_the_records_error(unknown_kind: UnknownKind, state: State) -> None:
    runner, _ = make_runner(unknown_kind)
    runner.backend.insert(InsertParams(kind="broken"))
    assert runner.drain()
    (record,) = runner.backend.list()
    assert record.state is state
    assert record.last_error.endswith("looking for one failed: ImportError: no module 'broken'")


@pytest.mark.logs_errors("letter discarded id=")
def test_a_class_of_another_kind_than_was_asked_for_is_no_answer() -> None:
    runner = JobRunner(MemoryBackend(), queues=["default"], find_job=lambda _: Note, unknown_kind="discard")
    runner.backend.insert(InsertParams(kind="letter"))
    assert runner.drain()
    (record,) = runner.backend.list()
    assert record.state is State.DISCARDED


def test_two_threads_that_find_the_same_kind_at_once_both_have_it() -> None:
    barrier, failures = Barrier(2, timeout=20), list[BaseException]()

    def find(_: str) -> type[Note]:
        barrier.wait()
        return Note

    runner = JobRunner(MemoryBackend(), find_job=find)

    def enqueue() -> None:
        try:
            runner.enqueue(Note(""))
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=enqueue) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert runner.backend.stats().total == 2


def test_without_one_nothing_is_looked_for() -> None:
    with pytest.raises(UnknownKindError, match="registered: none"):
        JobRunner(MemoryBackend()).enqueue(Note(""))
