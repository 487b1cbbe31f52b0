"""What the example tests share: moments, waiting for the clock, comparing records, claims that must answer nothing."""

import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Unpack

from lazyjobs import InsertParams, Record, SupportsInsertMany
from lazyjobs_testkit.suite._bench import KIND, Bench, ClaimFields, InsertFields
from lazyjobs_testkit.suite._trail import describe

PAST = datetime(2024, 1, 1, tzinfo=UTC)
FUTURE = datetime(2150, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2200, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_CLOCK_GRACE = timedelta(milliseconds=2)
_PATIENCE = 5 * SECOND
_SHORT = timedelta(milliseconds=2)
_LEAST_KEPT = 20
_LEAST_AGE = timedelta(minutes=1)


def differences(before: Record, after: Record, but: Collection[str] = ()) -> str:
    """The fields in which two records differ, with their values, except for those named in `but`; "" if in none."""
    changes = []
    for name in before.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and name not in but:
            changes.append(f"{name} was {describe(old)} and is {describe(new)}")
    return "; ".join(changes)


def assert_same(before: Record, after: Record, occasion: str, but: Collection[str] = ()) -> None:
    """Fails if a record was changed by what `occasion` tells, except in the fields named in `but`."""
    changes = differences(before, after, but)
    assert not changes, f"{occasion} changed record {before.id}: {changes}"


def assert_all_same(before: Mapping[int, Record], after: Mapping[int, Record], occasion: str) -> None:
    """Fails unless two states of the store are equal, record for record."""
    assert before.keys() == after.keys(), f"{occasion}: the records were {sorted(before)} and are {sorted(after)}"
    for id, record in before.items():
        assert_same(record, after[id], occasion)


def assert_fields(record: Record, occasion: str, **expected: object) -> None:
    """Fails unless the record has these values after what `occasion` tells."""
    for name, value in expected.items():
        got = getattr(record, name)
        assert got == value, f"after {occasion}, {name} of record {record.id} is {describe(got)}, not {describe(value)}"


def stored(bench: Bench, id: int) -> Record:
    """The record as list shows it."""
    records = bench.records()
    assert id in records, f"record {id} is missing from list, which shows {[*records] or 'nothing'}"
    return records[id]


def keeps_finished(bench: Bench) -> None:
    """Ends the test if the declared retention may drop finished records while it runs."""
    retention = bench.traits.retention
    if retention is None:
        return
    if retention < _LEAST_AGE if isinstance(retention, timedelta) else retention < _LEAST_KEPT:
        bench.not_applicable(f"a retention of {retention} may drop finished records at once")


def insert_in_turn(bench: Bench, count: int, **fields: Unpack[InsertFields]) -> list[Record]:
    """So many records whose run_at are an hour apart, all past, in the order of their ids."""
    records = []
    for number in range(count):
        fields["run_at"] = PAST + number * HOUR
        records.append(bench.insert(**fields))
    return records


def plain_params(count: int, payload: bytes = b"{}") -> list[InsertParams]:
    """So many records to insert, long due, with nothing special about them."""
    return [InsertParams(kind=KIND, payload=payload, run_at=PAST) for _ in range(count)]


def fill(bench: Bench, count: int, payload: bytes = b"{}", *, least: int) -> int:
    """Inserts so many plain records; stops after `least` of them when it takes long. How many it inserted.

    By tens where that is offered: larger batches are for the rules about them.
    """
    deadline = time.monotonic() + 2 * bench.budget * _PATIENCE.total_seconds()
    inserted = 0
    while inserted < count and (inserted < least or time.monotonic() < deadline):
        some = plain_params(min(10, count - inserted), payload)
        if isinstance(bench.backend, SupportsInsertMany):
            bench.backend.insert_many(some)
        else:
            for params in some:
                bench.backend.insert(params)
        inserted += len(some)
    return inserted


def wait_past(bench: Bench, moment: datetime) -> None:
    """Returns when the kit's clock has passed `moment`."""
    target = moment + timedelta(microseconds=10)
    ahead = target - bench.now()
    allowed = _PATIENCE + bench.traits.clock_skew + bench.traits.precision
    assert ahead <= allowed, f"{describe(moment)} is {ahead} ahead of the clock, and was to be about now"
    while (ahead := target - bench.now()) >= timedelta(0):
        time.sleep(ahead.total_seconds())


def tick(bench: Bench) -> None:
    """Lets the backend's clock move on, so that a time which is written anew shows; a very coarse one may not move."""
    pause = min(max(2 * bench.traits.precision, 20 * MICROSECOND), SECOND / 4)
    time.sleep(pause.total_seconds())


def claim_ended(bench: Bench, **fields: Unpack[InsertFields]) -> Record:
    """A record inserted, long due, and claimed for a microsecond, which has passed."""
    fields.setdefault("run_at", PAST)
    if bench.traits.clock_skew + bench.traits.precision > _SHORT:
        return bench.claimed(lease=MICROSECOND, now=PAST + HOUR, **fields)
    record = bench.claimed(lease=MICROSECOND, **fields)
    wait_past(bench, lease_end(record) + bench.traits.clock_skew)
    return record


def lease_end(record: Record) -> datetime:
    """When a running record's lease ends; fails if it has none."""
    assert record.lease_expires_at is not None, f"running record {record.id} has no lease_expires_at"
    return record.lease_expires_at


def claim_again(bench: Bench, before: Record, **fields: Unpack[ClaimFields]) -> Record:
    """The record claimed once more; fails if another one comes."""
    fields.setdefault("queues", (before.queue,))
    record = bench.claim_due(**fields)
    assert record.id == before.id, f"claimed record {record.id}; only record {before.id} was due"
    return record


def claim_all(bench: Bench, count: int, **fields: Unpack[ClaimFields]) -> list[Record]:
    """So many claims, each of which finds something."""
    return [bench.claim_due(**fields) for _ in range(count)]


def claim_nothing(bench: Bench, reason: str, **fields: Unpack[ClaimFields]) -> None:
    """Fails if a claim hands out anything, asked as often as there may be empty answers and once more."""
    for _ in range(1 + bench.traits.empty_answers):
        record = bench.claim(**fields)
        assert record is None, (
            f"claimed record {record.id} (queue {record.queue}, run_at {describe(record.run_at)}) although {reason}"
        )


def assert_rounded(bench: Bench, name: str, got: datetime, given: datetime) -> None:
    """Fails unless `got` is `given`, or is that rounded up to the declared precision."""
    precision = bench.traits.precision
    upwards = "" if precision == MICROSECOND else f", rounded up by less than {precision}"
    assert given <= got < given + precision, f"{name} is {describe(got)} instead of {describe(given)}{upwards}"


def assert_clock(bench: Bench, name: str, got: datetime, began: datetime, ended: datetime) -> None:
    """Fails unless `got` is the backend's clock at some moment between `began` and `ended` of the kit's."""
    skew = bench.traits.clock_skew + _CLOCK_GRACE
    early, late = began - skew, ended + skew + bench.traits.precision
    tolerated = f" (clock_skew {bench.traits.clock_skew} is declared)" if bench.traits.clock_skew else ""
    assert early <= got <= late, (
        f"{name} is {describe(got)}, which is not the clock: the call began at {describe(began)} and ended at "
        f"{describe(ended)}{tolerated}"
    )
