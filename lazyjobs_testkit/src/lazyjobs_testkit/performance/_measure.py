"""One caller's rates, and how long a claim takes when little or much is waiting."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct

from lazyjobs import Backend, ClaimParams, CompleteParams, InsertParams, Record, SupportsClose, SupportsInsertMany
from lazyjobs_testkit.harness import Harness, Namespaces

WAITING = (10, 10_000)
"""How many records wait while the latency of claim is measured."""

T = TypeVar("T")

_PARAMS = InsertParams(kind="kit.performance", payload=b'{"number": 1}', run_at=datetime(2024, 1, 1, tzinfo=UTC))
_MOST_CALLS = 2000
_MOST_CLAIMS = 300
_BATCH = 500
_PATIENCE = 5
_MOST_EMPTIES = 1000


class MeasurementError(Exception):
    """There is nothing to measure; the message says why."""


class Latency(Struct, frozen=True, kw_only=True):
    """How long a claim takes while so many records are waiting, in seconds."""

    asked: int
    """How many were to wait."""
    waiting: int
    """As many as there were: fewer than asked for, if inserting them took too long."""
    claims: int
    """How many were measured."""
    p50: float
    p99: float

    def describe_waiting(self) -> str:
        """How many were waiting, and that it was to be more where it was."""
        fewer = f" (inserting {self.asked:,} took too long)" if self.waiting < self.asked else ""
        return f"{self.waiting:,} waiting{fewer}"

    def __str__(self) -> str:
        return f"claim with {self.describe_waiting()}: p50 {self.p50 * 1000:.3f} ms, p99 {self.p99 * 1000:.3f} ms"


class Performance(Struct, frozen=True, kw_only=True):
    """How often a second one caller inserts, claims and completes, and how long its claims take."""

    insert: float
    claim: float
    finish: float
    latencies: tuple[Latency, ...]

    def __str__(self) -> str:
        rates = f"a second, one caller: insert {self.insert:,.0f}, claim {self.claim:,.0f}, finish {self.finish:,.0f}"
        return "\n".join([rates, *map(str, self.latencies)])


def measure(harness: Harness, *, seconds: float = 1.0, waiting: Sequence[int] = WAITING) -> Performance:
    """Measures a backend on fresh namespaces, each figure for `seconds` at the most.

    The records that have to wait are inserted before, for five times as long at the most. Raises `MeasurementError`,
    and what the backend raises.
    """
    with _opened(harness) as backend:
        inserted, insert = _repeat(lambda _: backend.insert(_PARAMS), range(_MOST_CALLS), seconds)
        claimed, claim = _repeat(lambda _: _claim(backend), inserted, seconds)
        _, finish = _repeat(lambda record: _complete(backend, record), claimed, seconds)
    latencies = tuple(_measure_latency(harness, number, seconds) for number in waiting)
    return Performance(insert=insert, claim=claim, finish=finish, latencies=latencies)


def _repeat(call: Callable[[T], Record], items: Sequence[T], seconds: float) -> tuple[Sequence[Record], float]:
    """What the calls answered, one for each item until the time is over, and how many a second it was."""
    answers: list[Record] = []
    begin = now = time.perf_counter()
    for item in items:
        answers.append(call(item))
        now = time.perf_counter()
        if now - begin > seconds:
            break
    return answers, len(answers) / max(now - begin, 1e-9)


def _measure_latency(harness: Harness, waiting: int, seconds: float) -> Latency:
    with _opened(harness) as backend:
        found = _fill(backend, waiting, _PATIENCE * seconds)
        durations: list[float] = []
        deadline = time.perf_counter() + seconds
        while not durations or (len(durations) < _MOST_CLAIMS and time.perf_counter() < deadline):
            begin = time.perf_counter()
            record = _claim(backend)
            durations.append(time.perf_counter() - begin)
            _complete(backend, record)
            backend.insert(_PARAMS)
    durations.sort()
    return Latency(
        asked=waiting,
        waiting=found,
        claims=len(durations),
        p50=_percentile(durations, 50),
        p99=_percentile(durations, 99),
    )


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def _fill(backend: Backend, number: int, seconds: float) -> int:
    deadline = time.perf_counter() + seconds
    inserted = 0
    while inserted < number and (not inserted or time.perf_counter() < deadline):
        if isinstance(backend, SupportsInsertMany):
            inserted += len(backend.insert_many([_PARAMS] * min(_BATCH, number - inserted)))
        else:
            backend.insert(_PARAMS)
            inserted += 1
    return inserted


def _claim(backend: Backend) -> Record:
    """The next record, of those that are due; a backend that may answer None is asked again."""
    for _ in range(_MOST_EMPTIES):
        record = backend.claim(ClaimParams())
        if record is not None:
            return record
    raise MeasurementError(f"claim answered None {_MOST_EMPTIES} times running although records are due")


def _complete(backend: Backend, record: Record) -> Record:
    backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    return record


@contextmanager
def _opened(harness: Harness) -> Iterator[Backend]:
    namespaces = Namespaces(harness)
    namespace = namespaces.create()
    backend = harness.open(namespace)
    try:
        yield backend
    finally:
        if isinstance(backend, SupportsClose):
            backend.close()
        namespaces.destroy(namespace)
