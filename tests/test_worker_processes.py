"""Real worker processes on a durable backend, stopped and killed while they work."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest

from lazyjobs import InsertParams, ListOptions, State
from tests.support.directory import DirectoryBackend
from tests.support.waiting import GENEROUS, wait_until

ROOT = Path(__file__).parents[1]


class Workplace:
    """A directory with records and a journal, and the worker processes on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.backend = DirectoryBackend(home / "records")
        self.processes: list[subprocess.Popen[bytes]] = []

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "lazyjobs", "worker", "tests.support.worker_app:runner", *options]
        environment = {**os.environ, "JOBS_DIRECTORY": str(self.home), "PYTHONPATH": str(ROOT)}
        with (self.home / "log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
        self.processes.append(process)
        return process

    def insert(self, count: int, kind: str = "note", payload: bytes = b"{}", max_attempts: int = 25) -> None:
        for _ in range(count):
            self.backend.insert(InsertParams(kind=kind, payload=payload, max_attempts=max_attempts))

    def journal(self, word: str) -> list[tuple[int, int]]:
        """The claims, as id and attempt, that began or ended so far."""
        path = self.home / "journal"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(id), int(attempt)) for kind, id, attempt in map(str.split, lines) if kind == word]

    def states(self) -> dict[State, int]:
        return dict(self.backend.stats().by_state)

    def wait_for_a_begin(self) -> None:
        """Waits until one more job has begun, or all have succeeded."""
        begun = len(self.journal("begin"))
        wait_until(lambda: len(self.journal("begin")) > begun or self.states().keys() == {State.SUCCEEDED})

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    workplace = Workplace(tmp_path)
    yield workplace
    workplace.end()


def wait_for_exit(process: subprocess.Popen[bytes]) -> int:
    return process.wait(GENEROUS.total_seconds())


def test_sigterm_under_load_lets_jobs_end_and_loses_none(workplace: Workplace) -> None:
    workplace.insert(200, payload=b'{"seconds": 0.01}')
    first = workplace.start_worker()
    wait_until(lambda: len(workplace.journal("end")) >= 20)
    first.send_signal(signal.SIGTERM)
    assert wait_for_exit(first) == 0
    assert sorted(workplace.journal("begin")) == sorted(workplace.journal("end"))
    assert State.RUNNING not in workplace.states()
    assert wait_for_exit(workplace.start_worker("--drain")) == 0
    assert workplace.states() == {State.SUCCEEDED: 200}
    assert Counter(workplace.journal("end")) == Counter((id, 1) for id in range(1, 201))


def test_a_second_signal_ends_the_process_at_once_and_the_job_comes_back(workplace: Workplace) -> None:
    workplace.insert(1, payload=b'{"seconds": 1.5}')
    worker = workplace.start_worker()
    wait_until(lambda: workplace.journal("begin"))
    worker.send_signal(signal.SIGTERM)
    wait_until(lambda: b"stopping" in (workplace.home / "log").read_bytes())
    worker.send_signal(signal.SIGTERM)
    assert wait_for_exit(worker) == -signal.SIGTERM
    assert workplace.states() == {State.RUNNING: 1}
    workplace.start_worker()
    wait_until(lambda: workplace.states() == {State.SUCCEEDED: 1})
    assert workplace.journal("end") == [(1, 2)]


def test_sigkill_again_and_again_loses_nothing_and_finishes_no_job_twice(workplace: Workplace) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    workplace.insert(150, payload=b'{"seconds": 0.005}')
    for _ in range(4):
        victim, other = workplace.start_worker(), workplace.start_worker()
        workplace.wait_for_a_begin()
        sleep(chance.uniform(0, 0.1))  # a random instant is the subject
        victim.kill()
        other.kill()
        assert {wait_for_exit(victim), wait_for_exit(other)} == {-signal.SIGKILL}
    workplace.start_worker()
    wait_until(lambda: workplace.states() == {State.SUCCEEDED: 150})
    attempts = {record.id: record.attempt for record in workplace.backend.list(ListOptions(limit=None))}
    assert {id for id, _ in workplace.journal("end")} == set(range(1, 151))
    assert set(attempts.items()) <= set(workplace.journal("end"))


def test_a_job_that_kills_its_process_every_time_ends_discarded(workplace: Workplace) -> None:
    workplace.insert(1, kind="kills", max_attempts=2)
    workplace.insert(3)
    done = {State.DISCARDED: 1, State.SUCCEEDED: 3}
    for _ in range(2):
        assert wait_for_exit(workplace.start_worker()) == -signal.SIGKILL
    workplace.start_worker()
    wait_until(lambda: workplace.states() == done)
    assert [attempt for id, attempt in workplace.journal("begin") if id == 1] == [1, 2]
    discarded = next(record for record in workplace.backend.list() if record.state is State.DISCARDED)
    assert discarded.attempt == 3
    assert discarded.last_error.startswith("not run: attempt 3 of at most 2;")
