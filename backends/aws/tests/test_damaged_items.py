"""Items that others changed behind the backend's back: each is named and set aside, and stops nothing else."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aws_support.place import Place

from lazyjobs import (
    BackendError,
    BackendUnavailableError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
    WaitParams,
)
from lazyjobs_aws import AwsBackend

Damage = Callable[[dict[str, Any]], None]
_MOST_CALLS = 8


def number(value: int | str) -> dict[str, str]:
    return {"N": str(value)}


def change(**attributes: dict[str, Any] | None) -> Damage:
    def damage(item: dict[str, Any]) -> None:
        for name, value in attributes.items():
            if value is None:
                item.pop(name, None)
            else:
                item[name] = value

    return damage


WAITING: dict[str, Damage] = {
    "no state": change(state=None),
    "a state of its own": change(state={"S": "paused"}),
    "a state that is a number": change(state=number(1)),
    "finished, and still in the index": change(state={"S": "succeeded"}),
    "no attempt": change(attempt=None),
    "an attempt that is text": change(attempt={"S": "one"}),
    "an attempt of 2^63-1": change(attempt=number(2**63 - 1)),
    "an attempt of 2^70": change(attempt=number(2**70)),
    "half an attempt": change(attempt=number("0.5")),
    "a negative attempt": change(attempt=number(-3)),
    "no kind": change(kind=None),
    "a kind that is bytes": change(kind={"B": b"greet"}),
    "no queue": change(queue=None),
    "no max_attempts": change(most=None),
    "no run_at": change(run_at=None),
    "a run_at of 2^62": change(run_at=number(2**62)),
    "a run_at that is later than its slot": change(run_at=number(4_000_000_000_000_000)),
    "a run_at of 2^62, as its slot was": change(run_at=number(-(2**62)), slot=number(-(2**62))),
    "no created_at": change(made=None),
    "a created_at of 2^62": change(made=number(2**62)),
    "no updated_at": change(seen=None),
    "an updated_at of 2^62": change(seen=number(2**62)),
    "an updated_at that is text": change(seen={"S": "yesterday"}),
    "an error that is a number": change(error=number(1)),
    "an abandoned that is text": change(abandoned={"S": "x"}),
    "a spared that is text": change(spared={"S": "x"}),
    "no payload": change(payload=None),
    "a payload that is text": change(payload={"S": "{}"}),
    "running without a lease": change(state={"S": "running"}),
    "a lease that is text": change(state={"S": "running"}, lease={"S": "soon"}),
    "half a slot": change(slot=number("0.5"), run_at=number("0.5")),
}

EVERY = {**WAITING, "a claimed_by that is a list": change(claimed_by={"L": []})}
"""The last of them is mended by the next claim."""


def spoil(place: Place, id: int, damage: Damage) -> None:
    dynamodb, table = place.client("dynamodb"), place.address.table
    (item,) = (item for item in place.items() if item["id"]["N"] == str(id) and item["part"]["S"] == "job")
    dynamodb.delete_item(TableName=table, Key={"id": item["id"], "part": item["part"]})
    damage(item)
    dynamodb.put_item(TableName=table, Item=item)


def claim_all(backend: AwsBackend, wanted: int) -> tuple[list[Record], list[str]]:
    """What is claimed until nothing is due, and what was raised."""
    records: list[Record] = []
    told: list[str] = []
    for _ in range(_MOST_CALLS):
        try:
            record = backend.claim(ClaimParams())
        except BackendError as error:
            told.append(str(error))
        else:
            records += [] if record is None else [record]
    return records, told


@pytest.mark.parametrize("purged", [False, True], ids=["told by a hint", "found in the index"])
@pytest.mark.parametrize("damage", WAITING.values(), ids=WAITING)
def test_what_stands_behind_it_runs(place: Place, backend: AwsBackend, damage: Damage, purged: bool) -> None:
    damaged = backend.insert(InsertParams(kind="greet"))
    behind = [backend.insert(InsertParams(kind="greet")).id for _ in range(2)]
    spoil(place, damaged.id, damage)
    if purged:
        place.purge()
    records, told = claim_all(backend, 2)
    assert sorted(record.id for record in records) == behind
    assert 1 <= len(told) <= 2, told
    assert all(str(damaged.id) in each for each in told)
    assert not backend.wait(WaitParams(timeout=timedelta(0)))
    for record in records:
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))


@pytest.mark.parametrize("place_name", ["place", "feed_place"])
@pytest.mark.parametrize("damage", EVERY.values(), ids=EVERY)
def test_lists_counts_and_pruning_go_on(
    place_name: str, damage: Damage, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    place: Place = request.getfixturevalue(place_name)
    if place.layout.feed and damage is WAITING["an updated_at that is text"]:
        return  # DynamoDB refuses what cannot be the key of an index
    backend = place.open()
    damaged = backend.insert(InsertParams(kind="greet", payload=b"1"))
    whole = [backend.insert(InsertParams(kind="greet", payload=b"2")) for _ in range(2)]
    spoil(place, damaged.id, damage)
    with caplog.at_level(logging.WARNING, "lazyjobs.aws"):
        for options in (ListOptions(limit=None), ListOptions(limit=3), ListOptions(payloads=False)):
            listed = [record.id for record in backend.list(options)]
            assert set(listed) >= {record.id for record in whole}
            assert (
                damaged.id in listed
                or any(str(damaged.id) in each.getMessage() for each in caplog.records)
                or (
                    place.layout.feed  # an entry that is missing from the index, or beyond all others in it
                )
            )
        assert backend.stats().total in (2, 3)
        assert backend.prune(PruneParams(finished_before=place.now() + timedelta(days=1))) <= 1
    backend.close()


@pytest.mark.parametrize(
    "damage",
    [
        change(attempt={"S": "one"}),
        change(attempt=None),
        change(attempt=number(2**70)),
        change(seen={"S": "now"}),
        change(seen=number(2**62)),
        change(state=None),
        change(state=number(1)),
        change(state={"S": "paused"}),
    ],
    ids=["attempt text", "no attempt", "attempt 2^70", "seen text", "seen 2^62", "no state", "state 1", "state paused"],
)
def test_finishing_what_was_damaged_meanwhile_is_an_error_of_the_contract(
    place: Place, backend: AwsBackend, damage: Damage
) -> None:
    backend.insert(InsertParams(kind="greet"))
    record = backend.claim(ClaimParams())
    assert record is not None
    spoil(place, record.id, damage)
    with pytest.raises((BackendError, ClaimLostError), match=str(record.id)):
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))


def test_an_item_of_another_kind_in_the_index_is_set_aside(place: Place, backend: AwsBackend) -> None:
    behind = backend.insert(InsertParams(kind="greet"))
    (item,) = place.items()
    strange = {**item, "part": {"S": "other"}, "id": number(7), "slot": number(0)}
    odd = {**item, "id": number("7.5"), "slot": number(0)}
    for each in (strange, odd):
        place.client("dynamodb").put_item(TableName=place.address.table, Item=each)
    place.purge()
    records, told = claim_all(backend, 1)
    assert [record.id for record in records] == [behind.id]
    assert [("record 7 " in each, "record 7.5 " in each) for each in told] in ([(True, False)], [(False, True)])
    left = [item for item in place.items() if item["id"]["N"] in ("7", "7.5")]
    assert all("aside" in each and "shelf" not in each for each in left)


def lose_payload(item: dict[str, Any]) -> None:
    """Of a record whose payload has an item of its own."""
    item.pop("payload", None)
    item["size"] = number(2000)


@pytest.mark.parametrize("purged", [False, True], ids=["told by hints", "found in the index"])
@pytest.mark.parametrize("damage", [WAITING["an attempt of 2^63-1"], WAITING["no kind"], lose_payload])
def test_a_worker_gets_past_many_of_them_in_a_few_claims(
    place: Place, backend: AwsBackend, damage: Damage, purged: bool
) -> None:
    damaged = backend.insert_many([InsertParams(kind="greet")] * 30)
    behind = backend.insert(InsertParams(kind="greet"))
    for each in damaged:
        spoil(place, each.id, damage)
    if purged:
        place.purge()
    claimed: list[Record] = []
    for _ in range(3):
        try:
            record = backend.claim(ClaimParams())
        except BackendUnavailableError as error:  # which a drain goes on after
            assert "try again" in str(error)  # noqa: PT017 (how many there are depends on what the index shows)
        else:
            claimed += [] if record is None else [record]
    assert [record.id for record in claimed] == [behind.id]
