"""A table that is throttled answers some of what is asked, or nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aws_support.place import Place

from lazyjobs import BackendUnavailableError, ClaimParams, CompleteParams, InsertParams, PruneParams
from lazyjobs_aws import AwsBackend
from lazyjobs_aws import _store as store

LARGE = b'"' + b"x" * 3000 + b'"'


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been waited."""
    waited: list[float] = []
    monkeypatch.setattr(store, "sleep", waited.append)
    return waited


class Throttle:
    """Of each BatchGetItem only so many keys are answered."""

    def __init__(self) -> None:
        self.answered = 0
        self.requests = 0

    def meet(self, parsed: dict[str, Any], **_: object) -> None:
        self.requests += 1
        for table, items in parsed["Responses"].items():
            left = [{"id": item["id"], "part": item["part"]} for item in items[self.answered :]]
            parsed["Responses"][table] = items[: self.answered]
            if left:
                parsed["UnprocessedKeys"] = {table: {"Keys": left, "ConsistentRead": True}}


@pytest.fixture
def throttle(request: pytest.FixtureRequest) -> Iterator[Throttle]:
    throttle = Throttle()
    request.getfixturevalue("emulated")
    events = Place("any").client("dynamodb").meta.events
    events.register("after-call.dynamodb.BatchGetItem", throttle.meet)
    yield throttle
    events.unregister("after-call.dynamodb.BatchGetItem", throttle.meet)


@pytest.fixture
def stocked(feed_place: Place) -> Iterator[tuple[Place, AwsBackend]]:
    """Three finished records whose payloads stand apart, in a table with a feed."""
    backend = feed_place.open()
    for _ in range(3):
        backend.insert(InsertParams(kind="greet", payload=LARGE))
    for record in backend.claim_many(ClaimParams(), 3):
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
    yield feed_place, backend
    backend.close()


def test_a_table_that_answers_nothing_is_given_up(
    stocked: tuple[Place, AwsBackend], throttle: Throttle, pauses: list[float]
) -> None:
    place, backend = stocked
    with pytest.raises(BackendUnavailableError, match="throttled"):
        backend.list()
    assert 5 <= len(pauses) <= 10
    assert all(pauses[place + 2] > pauses[place] for place in range(4))  # each is twice as long, less up to a half
    assert pauses[0] < 0.1 < 1 < pauses[-1] < 5
    assert throttle.requests == len(pauses) + 1
    with pytest.raises(BackendUnavailableError, match="throttled"):
        backend.prune(PruneParams(finished_before=place.now() + timedelta(hours=1)))


def test_a_table_that_answers_little_is_asked_until_all_is_there(
    stocked: tuple[Place, AwsBackend], throttle: Throttle, pauses: list[float]
) -> None:
    place, backend = stocked
    throttle.answered = 1
    assert [record.payload for record in backend.list()] == [LARGE] * 3
    assert len(pauses) == 4  # two for the jobs, two for their payloads
    assert backend.prune(PruneParams(finished_before=place.now() + timedelta(hours=1))) == 3
