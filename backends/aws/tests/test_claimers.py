"""Who claimed a record, from whom, which of its attempts do not count; and which records are listed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aws_support.place import Place

from lazyjobs import (
    BackendURLError,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
    State,
    open_backend,
)
from lazyjobs_aws import AwsBackend
from lazyjobs_aws._items import JOB, encode_all, stands_apart
from lazyjobs_aws._layout import Layout

LEASE = timedelta(seconds=60)
NAMED = ("abandoned", "claimed_by", "taken_from", "spared")
_NEW = (*NAMED, "claim", "retried", "ended")


def told(record: Record) -> tuple[int, str, str | None, int]:
    return record.abandoned, record.claimed_by, record.taken_from, record.spared


def claim(backend: AwsBackend, worker: str = "", **more: Any) -> Record:
    record = backend.claim(ClaimParams(lease=LEASE, worker=worker, **more))
    assert record is not None
    return record


@pytest.mark.parametrize("purged", [False, True], ids=["told by a hint", "found in the index"])
def test_a_claim_tells_from_whom_it_was_taken(place: Place, backend: AwsBackend, purged: bool) -> None:
    assert told(backend.insert(InsertParams(kind="greet"))) == (0, "", None, 0)
    if purged:
        place.purge()
    assert told(claim(backend, "one")) == (0, "one", None, 0)
    place.offset += 2 * LEASE
    assert told(claim(backend)) == (1, "", "one", 0)
    place.offset += 2 * LEASE
    third = claim(backend, "two")
    assert told(third) == (2, "two", "", 0)
    backend.retry(RetryParams(id=third.id, attempt=3, spare=True))
    backend.retry(RetryParams(id=third.id, attempt=3, spare=True))
    (waiting,) = backend.list()
    assert told(waiting) == (2, "two", "", 1)
    last = claim(backend, "three")
    assert told(last) == (2, "three", None, 1)
    backend.complete(CompleteParams(id=last.id, attempt=last.attempt))
    assert [told(record) for record in backend.list()] == [(2, "three", None, 1)]


def test_a_hint_that_comes_back_after_the_lease_has_ended_supersedes_as_well(
    make_place: Callable[[], Place],
) -> None:
    place = make_place()  # where messages never hide
    first, second = place.open(), place.open()
    first.insert(InsertParams(kind="greet"))
    claim(first, "one")
    place.offset += 2 * LEASE
    second.claim(ClaimParams(queues=("other",)))  # so that the index has just been looked at
    assert told(claim(second, "two")) == (1, "two", "one", 0)


def test_an_item_from_before_has_the_defaults_and_gains_the_rest(place: Place, backend: AwsBackend) -> None:
    waiting, running = (backend.insert(InsertParams(kind=kind)) for kind in ("waits", "runs"))
    place.purge()
    table, dynamodb = place.address.table, place.client("dynamodb")
    lease = encode_all({"state": "running", "attempt": 1, "lease": int(place.now().timestamp() * 1_000_000) - 1})
    for item in place.items():
        old = {name: value for name, value in item.items() if name not in _NEW}
        dynamodb.put_item(TableName=table, Item=old | (lease if item["kind"]["S"] == "runs" else {}))
    assert [told(record) for record in backend.list()] == [(0, "", None, 0)] * 2
    claimed = {record.id: told(record) for record in backend.claim_many(ClaimParams(worker="one"), 2)}
    assert claimed == {waiting.id: (0, "one", None, 0), running.id: (1, "one", "", 0)}
    with pytest.raises(ClaimLostError):
        backend.complete(CompleteParams(id=running.id, attempt=1))


def size_of(item: dict[str, dict[str, Any]]) -> int:
    """In bytes, as DynamoDB computes it; a number takes a byte for two digits and one more."""
    total = 0
    for name, value in item.items():
        ((kind, content),) = value.items()
        total += len(name) + (2 + (len(content) + 1) // 2 if kind == "N" else len(content))
    return total


@pytest.mark.parametrize("feed", [False, True], ids=["no feed", "feed"])
def test_an_item_that_is_filled_to_the_brim_takes_one_write_unit_all_its_life(
    feed: bool, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue("feed_place" if feed else "place")
    backend = place.open(retention=timedelta(days=30))
    params = [InsertParams(kind="k" * 100, payload=b"1" * size, max_attempts=2**31 - 1) for size in range(1, 1024)]
    inline = max((each for each in params if not stands_apart(each)), key=lambda each: len(each.payload))
    assert len(inline.payload) > 350
    backend.insert(inline)
    largest = 0
    for number in range(4):
        record = claim(backend, chr(97 + number) * 100)
        largest = max(largest, *(size_of(item) for item in place.items()))
        if number % 2:
            backend.retry(RetryParams(id=record.id, attempt=record.attempt, spare=True))
        place.offset += 2 * LEASE
    record = claim(backend, "z" * 100)
    backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    largest = max(largest, *(size_of(item) for item in place.items()))
    assert [item["part"]["S"] for item in place.items()] == [JOB]
    assert 900 < largest + 3 * 4 <= 1024  # three counters may have eight digits more
    backend.close()


@pytest.fixture(params=[Layout(), Layout(shards=3, feed=True)], ids=["no feed", "feed"])
def stocked(request: pytest.FixtureRequest) -> tuple[Place, AwsBackend]:
    """Records of two kinds on two queues, some at one time, some with payloads that stand apart."""
    place: Place = request.getfixturevalue("feed_place" if request.param.feed else "place")
    backend = place.open()
    for number in range(8):
        size = 3000 if number % 3 == 0 else 3
        payload = b'"' + b"x" * size + b'"'
        backend.insert(InsertParams(kind="ab"[number % 2], queue="xy"[number // 2 % 2], payload=payload))
    return place, backend


FILTERS = [
    {},
    {"kinds": frozenset({"a"})},
    {"queues": frozenset({"x"})},
    {"kinds": frozenset({"a"}), "queues": frozenset({"y", "z"})},
    {"states": frozenset({State.PENDING}), "kinds": frozenset({"b"})},
    {"states": frozenset({State.RUNNING}), "kinds": frozenset({"b"})},
    {"kinds": frozenset(f"kind{number}" for number in range(150)) | {"a"}},
    {"kinds": frozenset()},
    {"queues": frozenset()},
    {"kinds": frozenset({"c"})},
]


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: " ".join(filters) or "all")
@pytest.mark.parametrize("limit", [1, 3, None])
def test_pages_of_what_passes_make_the_whole(
    stocked: tuple[Place, AwsBackend], filters: dict[str, Any], limit: int | None
) -> None:
    _, backend = stocked
    backend.claim_many(ClaimParams(queues=("x", "y")), 2)
    everything = backend.list(ListOptions(limit=None))
    wanted = [
        record
        for record in everything
        if all(
            getattr(record, name.removesuffix("s")) in chosen for name, chosen in filters.items()
        )
    ]  # fmt: skip
    found: list[Record] = []
    before = None
    while page := backend.list(ListOptions(limit=limit, before=before, **filters)):
        assert limit is None or len(page) <= limit
        found += page
        before = (page[-1].updated_at, page[-1].id)
    assert found == wanted


def test_records_without_their_payloads_read_none(stocked: tuple[Place, AwsBackend]) -> None:
    place, backend = stocked
    whole = backend.list()
    asked: list[str] = []

    def note(body: dict[str, Any] | None = None, params: dict[str, Any] | None = None, **_: object) -> None:
        asked.append(str((params or {}).get("body", b"")))

    events = place.client("dynamodb").meta.events
    events.register("before-call.dynamodb", note)
    try:
        bare = backend.list(ListOptions(payloads=False))
    finally:
        events.unregister("before-call.dynamodb", note)
    assert [record.id for record in bare] == [record.id for record in whole]
    assert {record.payload for record in bare} == {b""}
    assert asked
    assert not any('"payload"' in each for each in asked)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("sqs+dynamodb://user@eu-west-1/shop", "user"),
        ("sqs+dynamodb://user:canary@eu-west-1/shop", "user"),
        ("sqs+dynamodb://:canary@eu-west-1/shop", "user"),
        ("sqs+dynamodb://eu-west-1:8000/shop", "port"),
        (
            "sqs+dynamodb://eu-west-1/shop?endpoint_url=http%3A//user%3Acanary%40host%3A80",
            "option 'endpoint_url'",
        ),
        ("sqs+dynamodb://eu-west-1/shop?endpoint_url=http%3A//", "option 'endpoint_url'"),
        ("sqs+dynamodb://eu-west-1/shop?endpoint_url=http%3A//localhost%3Aport", "option 'endpoint_url'"),
    ],
)
def test_a_url_has_no_credentials_and_no_port(url: str, part: str) -> None:
    with pytest.raises(BackendURLError) as refused:
        open_backend(url)
    assert refused.value.part == part
    assert "canary" not in f"{refused.value} {refused.value!r}"
