"""The model: who holds a record, from whom it was taken, what does not count, and what list may show of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from lazyjobs import ClaimParams, CompleteParams, InsertParams, ListOptions, Record, RetryParams, State
from lazyjobs_testkit import model as m
from lazyjobs_testkit.model import DisallowedError, Fault, Model, Window

T = datetime(2030, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=60)
NEW = Record(
    id=1,
    kind="k",
    queue="q",
    payload=b"{}",
    state=State.PENDING,
    attempt=0,
    max_attempts=25,
    run_at=T,
    created_at=T,
    updated_at=T,
)


def window(seconds: float = 0) -> Window:
    time = T + timedelta(seconds=seconds)
    return Window(time, time)


def inserted(**fields: Any) -> Model:
    params = InsertParams(kind="k", queue="q", run_at=T)
    return Model().step(m.Insert(params), m.One(replace(NEW, **fields)), window())


def claim(model: Model, worker: str, attempt: int, *, now: datetime = T, **fields: Any) -> Model:
    record = replace(NEW, state=State.RUNNING, attempt=attempt, lease_expires_at=now + LEASE, **fields)
    params = ClaimParams(queues=("q",), now=now, lease=LEASE, worker=worker)
    return model.step(m.Claim(params), m.One(record), window())


def retry(model: Model, attempt: int, *, spare: bool) -> Model:
    params = RetryParams(id=1, attempt=attempt, run_at=T, spare=spare)
    return model.step(m.Retry(params), m.Nothing(), window())


def held() -> Model:
    return claim(inserted(), "one", 1, claimed_by="one")


def disallowed(act: Any) -> tuple[Fault, str]:
    with pytest.raises(DisallowedError) as caught:
        act()
    return caught.value.fault, caught.value.reason


@pytest.mark.parametrize("field", [{"abandoned": 1}, {"claimed_by": "x"}, {"taken_from": ""}, {"spared": 1}])
def test_a_new_record_was_claimed_by_nobody(field: dict[str, object]) -> None:
    fault, reason = disallowed(lambda: inserted(**field))
    assert fault is Fault.ALTERED
    assert f"{next(iter(field))} {next(iter(field.values()))!r}, not" in reason


def test_a_claim_shows_its_worker_and_nobody_from_whom_it_took() -> None:
    entry = held().entries[1]
    assert (entry.claimed_by, entry.taken_from, entry.abandoned) == ("one", None, 0)
    assert disallowed(lambda: claim(inserted(), "one", 1)) == (
        Fault.ALTERED,
        "record 1 shows claimed_by '', not 'one'",
    )


def test_a_superseding_claim_shows_from_whom_it_took() -> None:
    entry = claim(held(), "", 2, now=T + LEASE, taken_from="one", abandoned=1).entries[1]
    assert (entry.claimed_by, entry.taken_from, entry.abandoned) == ("", "one", 1)
    for fields in ({"taken_from": "one"}, {"abandoned": 1}, {"taken_from": "", "abandoned": 1}):
        assert disallowed(lambda fields=fields: claim(held(), "", 2, now=T + LEASE, **fields))[0] is Fault.ALTERED


def test_a_claim_of_a_retried_record_supersedes_none() -> None:
    taken = claim(held(), "two", 2, now=T + LEASE, claimed_by="two", taken_from="one", abandoned=1)
    retried = retry(taken, 2, spare=False)
    entry = claim(retried, "", 3, now=T + LEASE, abandoned=1).entries[1]
    assert (entry.claimed_by, entry.taken_from, entry.abandoned) == ("", None, 1)


def test_a_spared_retry_counts_once() -> None:
    once = retry(held(), 1, spare=True)
    assert once.entries[1].spared == 1
    assert retry(once, 1, spare=True).entries[1].spared == 1
    assert retry(retry(held(), 1, spare=False), 1, spare=True).entries[1].spared == 0


def show(model: Model, *records: Record, **options: Any) -> Model:
    return model.step(m.ListRecords(ListOptions(**options)), m.Many(records), window())


@pytest.mark.parametrize(
    "options",
    [
        {"kinds": frozenset({"other"})},
        {"queues": frozenset({"other"})},
        {"kinds": frozenset({"k"}), "queues": frozenset()},
        {"before": (T, 1)},
        {"before": (T - timedelta(microseconds=1), 5)},
    ],
)
def test_list_shows_nothing_that_does_not_pass(options: dict[str, Any]) -> None:
    assert show(inserted(), **options).entries.keys() == {1}
    assert disallowed(lambda: show(inserted(), NEW, **options))[0] is Fault.MISCOUNTED


@pytest.mark.parametrize(
    "options",
    [
        {"kinds": frozenset({"k", "other"})},
        {"queues": frozenset({"q"}), "states": frozenset({State.PENDING})},
        {"before": (T, 2), "limit": 2},
        {"before": (T + timedelta(microseconds=1), 0)},
    ],
)
def test_list_shows_all_that_passes(options: dict[str, Any]) -> None:
    assert show(inserted(), NEW, **options).entries.keys() == {1}
    assert disallowed(lambda: show(inserted(), **options))[0] is Fault.LOST


def test_without_payloads_none_need_be_shown() -> None:
    bare = replace(NEW, payload=b"")
    assert show(inserted(), bare, payloads=False).entries[1].payload == b"{}"
    assert show(inserted(), NEW, payloads=False).entries[1].payload == b"{}"
    assert disallowed(lambda: show(inserted(), bare))[0] is Fault.ALTERED
    assert disallowed(lambda: show(inserted(), replace(NEW, payload=b"[]"), payloads=False))[0] is Fault.ALTERED


def test_a_limit_that_was_not_reached_shows_everything() -> None:
    gone = inserted().step(m.Claim(ClaimParams(queues=("q",), now=T)), m.One(running(T)), window())
    done = gone.step(m.Complete(CompleteParams(id=1, attempt=1)), m.Nothing(), window())
    assert disallowed(lambda: show(done, limit=1)) == (Fault.LOST, "list does not show record 1, though it should")


def running(now: datetime) -> Record:
    return replace(NEW, state=State.RUNNING, attempt=1, lease_expires_at=now + LEASE)


def test_a_record_is_spelled_with_what_is_told_of_its_claims() -> None:
    told = m.Spelling().record(replace(running(T), claimed_by="one", taken_from="", abandoned=1, spared=2))
    assert "abandoned 1, claimed_by 'one', taken_from '', spared 2" in told
    assert "claimed_by" not in m.Spelling().record(NEW)
