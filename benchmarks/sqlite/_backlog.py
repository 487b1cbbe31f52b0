"""Depth: claims and stats over a million waiting and a million finished records, beside a thousand of each."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from msgspec import Struct

from benchmarks._job import PAYLOAD
from benchmarks._process import Figures, obey, order_apart
from benchmarks.sqlite._contender import Setup
from benchmarks.sqlite.lazyjobs_ import open_sqlite
from lazyjobs import (
    Backend,
    ClaimParams,
    CompleteParams,
    InsertParams,
    Record,
    RetryParams,
    SupportsClaimMany,
    SupportsClose,
    SupportsInsertMany,
)

QUEUES = tuple(f"queue-{number}" for number in range(10))
CLAIM = ClaimParams(queues=QUEUES)
SHALLOW = 1000
FIRST = 20_000
"""Waiting, and finished, before they are copied."""
BATCH = 1000
BURST = 100
"""Claims timed in one go; then they are handed back untimed, so that the depth stays."""
STATS = 100
"""Calls of stats that are timed."""
TIMEOUT = 1200.0


class Depth(Struct, frozen=True):
    """One measurement: how many records wait, and as many are finished; how many turns each of the two files has."""

    records: int
    turns: int


def measure_depth(order: Depth) -> Figures:
    """By a fresh interpreter at NORMAL, where no sync hides the work; the model disk has no part in it."""
    return order_apart(__name__, order, timeout=TIMEOUT)


def run_depth(order: Depth) -> Figures:
    """Claims per second on each of two files in turn, the ratio of neighbouring turns, and milliseconds of stats."""
    with TemporaryDirectory(prefix="lazyjobs-bench-") as directory:
        place = Path(directory)
        with _filled(place / "shallow", SHALLOW) as shallow, _filled(place / "deep", order.records) as deep:
            turns = [(_time_claims(deep), _time_claims(shallow)) for _ in range(order.turns + 1)][1:]
            stats = [_time_stats(deep, order.records) for _ in range(STATS)]
    return {
        "deep": BURST / median(deep for deep, _ in turns),
        "shallow": BURST / median(shallow for _, shallow in turns),
        "ratio": median(shallow / deep for deep, shallow in turns),
        "stats": 1000 * median(stats),
    }


@contextmanager
def _filled(path: Path, records: int) -> Iterator[Backend]:
    path.mkdir()
    setup = Setup(str(path), "normal", 1)
    backend = open_sqlite(setup)
    fill(backend, setup.file, records)
    yield backend
    if isinstance(backend, SupportsClose):
        backend.close()


def fill(backend: Backend, file: Path, records: int) -> None:
    """As many waiting as finished records, spread over the queues; half of those that wait are retrying.

    The first come by the backend's own methods. The rest are copies of them, made in the file, since it would take
    minutes otherwise; the backend has to notice that they are there.
    """
    first = min(records, FIRST)
    if records % first:
        raise ValueError(f"the number of records has to be a multiple of {first}, not {records}")
    _fill(backend, first)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        copy_records(connection, records // first - 1)
    total = backend.stats().total
    if total != 2 * records:
        raise RuntimeError(f"{2 * records} records are in {file}, but stats counts {total}")


def copy_records(connection: sqlite3.Connection, times: int) -> None:
    """Adds so many copies of all that is in the table of the records: the one with payloads that is not empty."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in tables}
    (table,) = (
        name
        for name in tables
        if "payload" in (column[1] for column in columns[name])
        and connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
    )
    copied = ", ".join(column[1] for column in columns[table] if not column[5])
    (last,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()
    for _ in range(times):
        connection.execute(f"INSERT INTO {table} ({copied}) SELECT {copied} FROM {table} WHERE id <= {last}")


def _fill(backend: Backend, records: int) -> None:
    _insert(backend, records)
    for record in _claim(backend, records):
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    _insert(backend, records // 2)
    for record in _claim(backend, records // 2):
        backend.retry(RetryParams(id=record.id, attempt=record.attempt))
    _insert(backend, records - records // 2)


def _insert(backend: Backend, records: int) -> None:
    assert isinstance(backend, SupportsInsertMany)
    each = [InsertParams(kind="noop", queue=queue, payload=PAYLOAD) for queue in QUEUES]
    waiting = islice(cycle(each), records)
    while batch := list(islice(waiting, BATCH)):
        backend.insert_many(batch)


def _claim(backend: Backend, records: int) -> Iterator[Record]:
    assert isinstance(backend, SupportsClaimMany)
    while records:
        claimed = backend.claim_many(CLAIM, min(BATCH, records))
        yield from claimed
        records -= len(claimed)


def _time_claims(backend: Backend) -> float:
    begun = time.perf_counter()
    claimed = [backend.claim(CLAIM) for _ in range(BURST)]
    seconds = time.perf_counter() - begun
    for record in claimed:
        assert record is not None
        backend.retry(RetryParams(id=record.id, attempt=record.attempt))
    return seconds


def _time_stats(backend: Backend, records: int) -> float:
    record = backend.claim(CLAIM)
    assert record is not None
    backend.retry(RetryParams(id=record.id, attempt=record.attempt))  # so that the answer is not the one before
    begun = time.perf_counter()
    stats = backend.stats()
    seconds = time.perf_counter() - begun
    assert stats.total == 2 * records
    return seconds


if __name__ == "__main__":
    obey(Depth, run_depth)
