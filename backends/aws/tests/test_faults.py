"""Workers and producers whose clocks differ, on services that have a bad day."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from aws_support.chaos import Chaos
from aws_support.place import REGION, Place

from lazyjobs import (
    BackendUnavailableError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    InsertParams,
    ListOptions,
    Record,
    State,
)
from lazyjobs_aws import AwsBackend, Options

LEASE = timedelta(seconds=3)
SKEW = timedelta(seconds=0.4)
JOBS = 30
WORKERS = 3
PATIENCE = 60.0


class Register:
    """Who holds what, by the true time."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.wrong: list[str] = []
        self.done = 0
        self._held: dict[int, float] = {}
        self._lock = threading.Lock()

    def claim(self, record: Record, clock: datetime, asked_at: float) -> None:
        with self._lock:
            if self._held.get(record.id, 0.0) > time.monotonic():
                self.wrong.append(f"{record.kind} was claimed by two at once")
            if record.attempt == 1 and record.run_at > clock:
                self.wrong.append(f"{record.kind} was claimed {record.run_at - clock} early")
            # The lease began when it was asked for, and other clocks may be ahead.
            self._held[record.id] = asked_at + (LEASE - 2 * SKEW).total_seconds()

    def release(self, record: Record) -> None:
        with self._lock:
            self._held.pop(record.id, None)


class Day:
    """One run: its chaos, its threads and what they saw."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.chaos = Chaos(seed)
        self.register = Register()
        self._stopped = threading.Event()
        self._purging = threading.Lock()
        self._failed: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def open(self, offset: timedelta) -> AwsBackend:
        options = Options(attempts=2, sweep=0.3)
        return AwsBackend(
            REGION, self.place.prefix, options=options, session=self.chaos.session, clock=lambda: utc() + offset
        )

    def start(self, run: Callable[[AwsBackend, timedelta], None], offset: timedelta) -> None:
        def guarded() -> None:
            backend = self.open(offset)
            try:
                run(backend, offset)
            except BaseException as error:
                self._failed.append(error)
                raise
            finally:
                backend.close()

        thread = threading.Thread(target=guarded)
        thread.start()
        self._threads.append(thread)

    def produce(self, backend: AwsBackend, offset: timedelta) -> None:
        for number in range(JOBS):
            later = utc() + offset + timedelta(seconds=0.5) if number % 5 == 0 else None
            kind = f"job{threading.get_ident()}.{number}"
            try:
                backend.insert(InsertParams(kind=kind, run_at=later))
            except BackendUnavailableError:
                continue
            self.register.acknowledged.add(kind)
            if number % 20 == 10:
                with self._purging:
                    self.place.purge()

    def work(self, backend: AwsBackend, offset: timedelta) -> None:
        while not self._stopped.is_set():
            asked_at = time.monotonic()
            try:
                record = backend.claim(ClaimParams(lease=LEASE))
            except BackendUnavailableError:
                continue
            if record is None:
                time.sleep(0.01)
                continue
            self.register.claim(record, utc() + offset, asked_at)
            self.register.release(record)
            self._complete(backend, record)

    def _complete(self, backend: AwsBackend, record: Record) -> None:
        while not self._stopped.is_set():
            try:
                return backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
            except BackendUnavailableError:
                continue
            except ClaimLostError:  # a lease ended, and another worker is at it
                return None
        return None

    def run(self) -> list[Record]:
        for offset in (-SKEW, SKEW):
            self.start(self.produce, offset / 2)
        for number in range(WORKERS):
            self.start(self.work, SKEW * (number - 1) / 2)
        watcher = self.place.open()
        for thread in self._threads[:2]:
            thread.join()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self._failed and unfinished(watcher):
            time.sleep(0.3)
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self.chaos.end()
        assert not self._failed, self._failed
        return list(watcher.list(ListOptions(limit=None)))


def utc() -> datetime:
    return datetime.now(UTC)


def unfinished(backend: AwsBackend) -> bool:
    return any(record.state != State.SUCCEEDED for record in backend.list(ListOptions(limit=None)))


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore tries again at once."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))


def test_a_bad_day_loses_doubles_and_hurries_nothing(place: Place, no_backoff: None) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    day = Day(place, seed)
    records = day.run()
    assert day.register.wrong == []
    kinds = Counter(record.kind for record in records)
    assert [kind for kind, number in kinds.items() if number > 1] == []
    assert day.register.acknowledged - kinds.keys() == set()
    assert [record for record in records if record.state != State.SUCCEEDED] == [], Counter(r.attempt for r in records)
    assert len(day.register.acknowledged) > JOBS
    assert day.chaos.counts.keys() == {"dropped", "lost", "repeated", "throttled", "late", "stale"}
