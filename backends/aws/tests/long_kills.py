"""Four processes, killed at random for a minute: nothing is lost, and nothing is held by two."""

import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_support import worker

from lazyjobs import InsertParams, ListOptions, State
from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws._address import Address
from lazyjobs_aws._layout import Layout
from lazyjobs_aws._provision import Provisioner
from lazyjobs_aws.emulator import emulator_session, endpoint_of_emulator

SECONDS = float(os.environ.get("LAZYJOBS_AWS_KILL_SECONDS", "60"))
WORKERS = 4
PATIENCE = 60.0
_WAITING = 40
"""About so many jobs wait at any time."""


class Crew:
    """Worker processes on one namespace, and what they wrote down."""

    def __init__(self, endpoint_url: str, prefix: str, directory: Path) -> None:
        self._log, self._stop = directory / "log", directory / "stop"
        self._log.touch()
        self._command = [
            sys.executable, worker.__file__, endpoint_url, prefix, str(self._log), str(self._stop)
        ]  # fmt: skip
        self._processes = [self._start() for _ in range(WORKERS)]
        self.kills = 0

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._command)

    def kill_one(self, choices: random.Random) -> None:
        """Kills one of those that have got to work, and starts another in its place."""
        busy = {process for *_, process in self._read()}
        places = [place for place, process in enumerate(self._processes) if process.pid in busy]
        if places:
            place = choices.choice(places)
            self._processes[place].kill()
            self._processes[place].wait()
            self._processes[place] = self._start()
            self.kills += 1

    def lines(self) -> list[tuple[str, int, int, float]]:
        return [(what, id, attempt, moment) for what, id, attempt, moment, _ in self._read()]

    def _read(self) -> Iterator[tuple[str, int, int, float, int]]:
        for line in self._log.read_text().splitlines():
            what, id, attempt, moment, process = line.split()
            yield what, int(id), int(attempt), float(moment), int(process)

    def end(self) -> None:
        self._stop.touch()
        for process in self._processes:
            process.wait(timeout=PATIENCE)

    def kill_all(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def backend() -> Iterator[AwsBackend]:
    address = Address("eu-west-1", f"kills{secrets.token_hex(4)}", endpoint_of_emulator())
    provisioner = Provisioner(address, emulator_session())
    provisioner.create(Layout(), ["default"])
    options = Options(endpoint_url=address.endpoint_url)
    backend = AwsBackend(address.region, address.prefix, options=options, session=emulator_session())
    yield backend
    backend.close()
    provisioner.remove()


def test_killing_workers_for_a_minute_loses_and_doubles_nothing(backend: AwsBackend, tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    choices = random.Random(seed)
    crew = Crew(endpoint_of_emulator(), backend._address.prefix, tmp_path)
    try:
        inserted = run_under_fire(backend, crew, choices)
        began = time.monotonic()
        while unfinished(backend) and time.monotonic() < began + PATIENCE:
            time.sleep(0.2)
        recovery = time.monotonic() - began
        crew.end()
    finally:
        crew.kill_all()
    records = {record.id: record for record in backend.list(ListOptions(limit=None))}
    lost = [id for id in inserted if id not in records or records[id].state != State.SUCCEEDED]
    assert lost == []
    late = check_claims(crew)
    print(
        f"{len(inserted)} jobs, {crew.kills} kills, {len(late)} recovered, at most {max(late, default=0.0):.2f} s "
        f"after their leases; all done {recovery:.2f} s after the last kill"
    )
    assert crew.kills >= 3
    assert late


def run_under_fire(backend: AwsBackend, crew: Crew, choices: random.Random) -> list[int]:
    """Inserts and kills until the time is over; the ids that were acknowledged."""
    inserted: list[int] = []
    deadline, next_kill = time.monotonic() + SECONDS, time.monotonic() + 2.0
    while time.monotonic() < deadline:
        if len(inserted) - completed(crew) < _WAITING:
            records = backend.insert_many([InsertParams(kind="greet") for _ in range(10)])
            inserted += [record.id for record in records]
        if time.monotonic() >= next_kill:
            crew.kill_one(choices)
            next_kill = time.monotonic() + choices.uniform(0.3, 1.5)
        time.sleep(0.02)
    return inserted


def completed(crew: Crew) -> int:
    return sum(what == "completed" for what, *_ in crew.lines())


def unfinished(backend: AwsBackend) -> bool:
    return bool(backend.list(ListOptions(limit=1, states=frozenset({State.PENDING, State.RUNNING, State.RETRYING}))))


def check_claims(crew: Crew) -> list[float]:
    """Fails if a claim was made while another was held; how long after its lease each lost record was claimed again."""
    ends: dict[tuple[int, int], float] = {}
    for what, id, attempt, moment in crew.lines():
        if what == "claimed":
            assert (id, attempt) not in ends, f"attempt {attempt} of record {id} was given twice"
            ends[id, attempt] = moment
    late = []
    for (id, attempt), end in ends.items():
        if (before := ends.get((id, attempt - 1))) is not None:
            claimed_at = end - worker.LEASE.total_seconds()
            assert claimed_at >= before, f"record {id} was claimed {before - claimed_at:.3f} s before its lease ended"
            late.append(claimed_at - before)
    return late
