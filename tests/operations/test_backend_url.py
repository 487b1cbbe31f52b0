"""The URL that every test of operations starts from."""

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

from lazyjobs import Backend, BaseJob, InsertParams, JobRunner, SupportsClose, open_backend
from tests.support.operations import across_processes

_COUNT = "import sys, lazyjobs; print(lazyjobs.open_backend(sys.argv[1]).stats().total)"


@dataclass
class Add(BaseJob):
    kind = "add"
    sums: ClassVar[list[int]] = []
    numbers: tuple[int, ...] = ()

    def work(self) -> None:
        self.sums.append(sum(self.numbers))


def test_a_namespace_begins_empty(backend: Backend) -> None:
    assert backend.stats().total == 0


def test_whoever_opens_the_url_in_this_process_sees_the_same_records(backend_url: str) -> None:
    for expected in (1, 2):
        opened: object = open_backend(backend_url)
        assert isinstance(opened, Backend)
        opened.insert(InsertParams(kind="note"))
        assert opened.stats().total == expected
        assert isinstance(opened, SupportsClose)
        opened.close()


@across_processes
def test_another_process_sees_the_same_records(backend_url: str, backend: Backend) -> None:
    backend.insert(InsertParams(kind="note", queue="mail"))
    run = subprocess.run(
        [sys.executable, "-c", _COUNT, backend_url], capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert run.stdout == "1\n", run.stderr


def test_a_runner_runs_a_job_there(backend_url: str) -> None:
    runner = JobRunner(backend_url, jobs=[Add])
    runner.enqueue(Add((1, 2, 3)))
    Add.sums.clear()
    runner.drain()
    assert Add.sums == [6]
    runner.close()
