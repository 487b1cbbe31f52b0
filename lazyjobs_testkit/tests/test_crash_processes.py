"""Child processes: what they tell, where they die, and that none is left."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lazyjobs import InsertParams, ListOptions
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import (
    ChildError,
    ChildProcess,
    ChildStartError,
    ForkServer,
    Site,
    _processes,
    fork_server,
    open_amid,
)
from lazyjobs_testkit.harness import Namespaces, SupportsNewerSchema, load_harness
from lazyjobs_testkit.zoo.files import Durable

HARNESS = Durable.Harness
INSERT = m.Insert(InsertParams(kind="k"))
LIST = m.ListRecords(ListOptions(limit=None))


@pytest.fixture
def namespace() -> Iterator[str]:
    namespaces = Namespaces(HARNESS())
    name = namespaces.create()
    yield name
    namespaces.destroy(name)


@pytest.fixture
def child(namespace: str) -> Iterator[ChildProcess]:
    with fork_server(HARNESS).fork("child") as child:
        child.open(namespace)
        yield child


def listed(namespace: str) -> int:
    with fork_server(HARNESS).fork("witness") as witness:
        witness.open(namespace)
        answer = witness.ask(LIST).answer
    assert isinstance(answer, m.Many)
    return len(answer.records)


def test_a_child_tells_the_answer_to_each_call(child: ChildProcess) -> None:
    operation = child.ask(INSERT)
    assert isinstance(operation.answer, m.One)
    assert operation.answer.record.id == 1
    assert operation.called < operation.returned


def test_a_child_dies_right_after_the_answer(child: ChildProcess, namespace: str) -> None:
    assert isinstance(child.ask_and_die(INSERT).answer, m.One)
    assert listed(namespace) == 1


def test_the_steps_of_a_call_are_told_by_name(child: ChildProcess) -> None:
    child.ask_and_die(INSERT)
    assert "posix.pwrite" in child.steps
    assert "fcntl.flock" in child.steps


def test_a_child_dies_before_the_step_it_is_told(child: ChildProcess, namespace: str) -> None:
    child.ask(INSERT)
    child.ask_and_die(INSERT)
    writing = child.steps.index("posix.pwrite")
    for step, expected in ((writing, 2), (writing + 1, 3)):
        with fork_server(HARNESS).fork(f"killed at {step}") as another:
            another.open(namespace)
            assert isinstance(another.ask_and_die(INSERT, step=step).answer, m.Unknown)
        assert listed(namespace) == expected


def test_a_child_killed_after_a_while_tells_what_it_had_done(child: ChildProcess, namespace: str) -> None:
    answer = child.ask_and_kill(INSERT, after=1.0).answer
    assert isinstance(answer, m.One)
    assert listed(namespace) == 1


def test_a_child_killed_at_once_tells_nothing(child: ChildProcess) -> None:
    assert isinstance(child.ask_and_kill(INSERT, after=0.0).answer, m.Unknown | m.One)


def test_what_opening_raises_is_told(namespace: str) -> None:
    harness = HARNESS()
    assert isinstance(harness, SupportsNewerSchema)
    harness.newer_schema(namespace)
    with fork_server(HARNESS).fork("child") as child, pytest.raises(ChildError, match="by a newer version"):
        child.open(namespace)


def test_a_child_that_hangs_is_given_up(child: ChildProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_processes, "PATIENCE", 0.05)
    with pytest.raises(ChildError, match="no answer from the backend"):
        child.end_ask()


def test_a_killed_child_is_gone(child: ChildProcess) -> None:
    pid = child._pid
    child.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_opening_waits_before_the_step_it_is_told(namespace: str) -> None:
    server = fork_server(HARNESS)
    with server.fork("first") as first, server.fork("second") as second, Site(HARNESS(), namespace) as site:
        assert not open_amid(site, first, second)
        step = first.steps.index("fcntl.flock")
        assert open_amid(site, first, second, step)
    assert listed(namespace) == 4


def test_a_harness_that_cannot_be_loaded_is_told_with_its_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("from lazyjobs_testkit.zoo.files import Durable\nclass MyHarness(Durable.Harness): ...\n")
    harness = load_harness(f"{broken}:MyHarness")
    broken.write_text("raise RuntimeError('not today')")
    with pytest.raises(ChildStartError, match="not today"):
        ForkServer(harness)


PARENT = """
import os, sys, time
from lazyjobs_testkit.crash import fork_server
from lazyjobs_testkit.harness import load_harness
harness = load_harness(sys.argv[1])
child = fork_server(harness).fork("child")
child.open(sys.argv[2])
child.begin_churn(1, ("a",))
print(child._pid, flush=True)
time.sleep(60)
"""


def test_no_child_outlives_a_parent_that_was_killed(namespace: str) -> None:
    arguments = [sys.executable, "-c", PARENT, HARNESS.reference(), namespace]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
