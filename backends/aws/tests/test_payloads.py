from datetime import timedelta
from typing import Any

import pytest
from aws_support.place import Place

from lazyjobs import (
    BackendError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    InsertParams,
    ListOptions,
    PayloadTooLargeError,
    PruneParams,
    Record,
    State,
)
from lazyjobs_aws import AwsBackend
from lazyjobs_aws._provision import Provisioner

SMALL, LARGE = b'"' + b"x" * 300 + b'"', b'"' + b"x" * 3000 + b'"'


def parts(place: Place) -> dict[str, dict[str, Any]]:
    return {item["part"]["S"]: item for item in place.items()}


def claim(backend: AwsBackend) -> Record:
    record = backend.claim(ClaimParams())
    assert record is not None
    return record


def test_a_small_payload_stands_in_the_item_of_its_job(place: Place, backend: AwsBackend) -> None:
    backend.insert(InsertParams(kind="greet", payload=SMALL))
    assert parts(place).keys() == {"job"}


def test_claiming_and_finishing_leave_a_large_payload_as_it_is(place: Place, backend: AwsBackend) -> None:
    backend.insert(InsertParams(kind="greet", payload=LARGE))
    before = parts(place)
    record = claim(backend)
    assert record.payload == LARGE
    backend.complete(CompleteParams(id=record.id, attempt=1))
    after = parts(place)
    assert after["payload"] == before["payload"]
    assert "payload" not in after["job"]
    assert [record.payload for record in backend.list()] == [LARGE]


def test_one_byte_over_the_maximum_is_refused_and_nothing_is_written(place: Place, backend: AwsBackend) -> None:
    limit = backend.max_payload
    backend.insert(InsertParams(kind="greet", payload=b'"' + b"x" * (limit - 2) + b'"'))
    before = place.items()
    too_large = InsertParams(kind="greet", payload=b'"' + b"x" * (limit - 1) + b'"')
    for insert in (lambda: backend.insert(too_large), lambda: backend.insert_many([InsertParams(kind="a"), too_large])):
        with pytest.raises(PayloadTooLargeError):
            insert()
    assert place.items() == before


def test_pruning_takes_the_payload_with_its_job(place: Place, backend: AwsBackend) -> None:
    backend.insert(InsertParams(kind="greet", payload=LARGE))
    backend.complete(CompleteParams(id=claim(backend).id, attempt=1))
    place.offset += timedelta(hours=1)
    assert backend.prune(PruneParams(finished_before=place.now() + timedelta(days=1))) == 1
    assert place.items() == []


def test_only_old_payloads_without_a_job_are_cleaned(place: Place, backend: AwsBackend) -> None:
    kept = backend.insert(InsertParams(kind="greet", payload=LARGE)).id
    lost = backend.insert(InsertParams(kind="greet", payload=LARGE)).id
    key = {"id": {"N": str(lost)}, "part": {"S": "job"}}
    place.client("dynamodb").delete_item(TableName=place.address.table, Key=key)
    provisioner = Provisioner(place.address, place.session)
    assert provisioner.clean(before=lost) == 0
    assert provisioner.clean(before=lost + 1) == 1
    assert {item["id"]["N"] for item in place.items()} == {str(kept)}


def test_what_was_just_pruned_leaves_its_tokens_until_they_are_cleaned(place: Place, backend: AwsBackend) -> None:
    backend.insert(InsertParams(kind="greet", payload=LARGE))
    id = claim(backend).id
    backend.complete(CompleteParams(id=id, attempt=1))
    assert backend.prune(PruneParams(finished_before=place.now() + timedelta(days=1))) == 1
    (left,) = place.items()
    assert left.keys() == {"id", "part", "token", "claim", "ended", "gone", "expires"}
    assert backend.list() == []
    assert backend.stats().total == 0
    assert backend.claim(ClaimParams()) is None
    with pytest.raises(ClaimLostError, match="no such record"):
        backend.complete(CompleteParams(id=id, attempt=1))
    assert Provisioner(place.address, place.session).clean(before=id + 1) == 0
    assert place.items() == []


def lose_payload(place: Place, record: Record) -> None:
    key = {"id": {"N": str(record.id)}, "part": {"S": "payload"}}
    place.client("dynamodb").delete_item(TableName=place.address.table, Key=key)


def test_a_record_whose_payload_is_gone_is_discarded_after_its_attempts(place: Place, backend: AwsBackend) -> None:
    lost = backend.insert(InsertParams(kind="greet", payload=LARGE, max_attempts=3))
    lose_payload(place, lost)
    behind = backend.insert(InsertParams(kind="greet", payload=LARGE))
    told: list[str] = []
    claimed: list[Record] = []
    for _ in range(12):
        try:
            claimed += backend.claim_many(ClaimParams(lease=timedelta(seconds=60)), 1)
        except BackendError as error:
            told.append(str(error))
        place.offset += timedelta(seconds=21)
    met = f"the payload of record {lost.id} is gone; who deleted it?"
    assert told == [f"{met}; it is out of the way now; try again"] * 3
    assert {record.id for record in claimed} == {behind.id}
    (shown,) = backend.list(ListOptions(states=frozenset({State.DISCARDED})))
    assert (shown.id, shown.attempt, shown.last_error, shown.payload) == (lost.id, 3, met, b"")


def test_a_missing_payload_disturbs_no_list(place: Place, backend: AwsBackend) -> None:
    lost = backend.insert(InsertParams(kind="greet", payload=LARGE))
    lose_payload(place, lost)
    whole = backend.insert(InsertParams(kind="greet", payload=LARGE))
    assert {record.id: record.payload for record in backend.list()} == {lost.id: b"", whole.id: LARGE}
    assert backend.stats().total == 2
