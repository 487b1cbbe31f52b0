"""What is counted: lives of a job, and a worker without any."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from time import sleep

from benchmarks.aws._meter import Charges, Meter
from lazyjobs import BaseJob, ClaimParams, CompleteParams, InsertParams, JobRunner, Record, RetryParams
from lazyjobs_aws import AwsBackend, Options
from lazyjobs_aws._address import Address
from lazyjobs_aws._layout import Layout
from lazyjobs_aws._provision import Provisioner
from lazyjobs_aws.emulator import emulator_session

REGION = "us-east-1"
JOBS = 20
IDLE_SECONDS = 20

_numbers = count(1)
_KIND = "bench.job"


class Clock:
    """The true time, and what a scenario adds to it."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


class Bench:
    """A namespace whose charges are counted."""

    def __init__(self, backend: AwsBackend, clock: Clock) -> None:
        self.backend = backend
        self.clock = clock

    def insert(self, payload: bytes = b"{}", delay: timedelta | None = None) -> None:
        run_at = None if delay is None else self.clock() + delay
        self.backend.insert(InsertParams(kind=_KIND, payload=payload, run_at=run_at))

    def claim(self) -> Record:
        record = self.backend.claim(ClaimParams())
        assert record is not None
        return record

    def complete(self, record: Record) -> None:
        self.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))


def _run(bench: Bench, payload: bytes = b"{}") -> None:
    for _ in range(JOBS):
        bench.insert(payload)
        bench.complete(bench.claim())


def _batches(bench: Bench) -> None:
    for _ in range(JOBS // 10):
        bench.backend.insert_many([InsertParams(kind=_KIND)] * 10)
        records: Sequence[Record] = bench.backend.claim_many(ClaimParams(), 10)
        assert len(records) == 10
        for record in records:
            bench.complete(record)


def _retry(bench: Bench) -> None:
    for _ in range(JOBS):
        bench.insert()
        record = bench.claim()
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, last_error="ValueError: no luck"))
        bench.complete(bench.claim())


def _schedule(bench: Bench) -> None:
    for _ in range(JOBS):
        bench.insert(delay=timedelta(hours=13))
    bench.clock.offset += timedelta(hours=14)
    for _ in range(JOBS):
        bench.complete(bench.claim())


LIVES: Mapping[str, Callable[[Bench], None]] = {
    "inserted, claimed, completed": _run,
    "the same in batches of ten": _batches,
    "one retry": _retry,
    "scheduled for later": _schedule,
    "3 KB payload": lambda bench: _run(bench, b'"' + b"x" * 3000 + b'"'),
    "100 KB payload": lambda bench: _run(bench, b'"' + b"x" * 100_000 + b'"'),
}


def count_life(endpoint_url: str, life: str, *, feed: bool) -> Charges:
    """What a job is charged for on average, the deleting of hints included that closing does."""
    with _metered(endpoint_url, feed=feed) as (meter, bench):
        LIVES[life](bench)
        bench.backend.close()
        found = meter.charges
    return Charges(found.write_units / JOBS, found.read_units / JOBS, found.sqs_requests / JOBS, found.requests / JOBS)


def count_idle(endpoint_url: str) -> Charges:
    """What a runner with one worker and one queue is charged for while it has nothing to do for `IDLE_SECONDS`."""

    class Nothing(BaseJob):
        kind = _KIND

        def work(self) -> None:
            pass

    with _metered(endpoint_url, feed=False) as (meter, bench), JobRunner(bench.backend, jobs=[Nothing]):
        sleep(1)
        meter.reset()
        sleep(IDLE_SECONDS)
        return meter.charges


@contextmanager
def _metered(endpoint_url: str, *, feed: bool) -> Iterator[tuple[Meter, Bench]]:
    session = emulator_session()
    meter, clock = Meter(session), Clock()
    address = Address(REGION, f"bench{next(_numbers)}", endpoint_url)
    provisioner = Provisioner(address, session)
    provisioner.create(Layout(feed=feed), ["default"])
    backend = AwsBackend(
        REGION, address.prefix, options=Options(endpoint_url=endpoint_url), session=session, clock=clock
    )
    try:
        yield meter, Bench(backend, clock)
    finally:
        backend.close()
        provisioner.remove()
