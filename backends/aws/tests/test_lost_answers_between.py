"""The answer to a request is lost, somebody acts, and then the client sends the request again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aws_support.between import Between
from aws_support.place import REGION, Place

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    PruneParams,
    Record,
    RetryParams,
    State,
)
from lazyjobs_aws import AwsBackend, Options

LARGE = b'"' + b"x" * 3000 + b'"'
LEASE = timedelta(seconds=60)

Act = Callable[["Worker"], object]


class Worker:
    """Another worker on the same namespace."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.backend = place.open()
        self.claimed: list[Record] = []

    def claim(self) -> dict[str, Any]:
        record = self.backend.claim(ClaimParams(lease=LEASE, worker="other"))
        assert record is not None
        self.claimed.append(record)
        return {"id": record.id, "attempt": record.attempt}

    def complete(self) -> None:
        self.backend.complete(CompleteParams(**self.claim()))

    def retry(self) -> None:
        self.backend.retry(RetryParams(**self.claim(), run_at=self.place.now() + timedelta(hours=1)))

    def discard(self) -> None:
        self.backend.discard(DiscardParams(**self.claim()))

    def prune(self) -> None:
        assert self.backend.prune(PruneParams(finished_before=self.place.now() + timedelta(seconds=1))) == 1

    def complete_and_prune(self) -> None:
        self.complete()
        self.prune()

    def claim_after_the_lease(self) -> None:
        self.place.offset += LEASE + timedelta(seconds=1)
        self.claim()

    def claim_and_complete_after_the_lease(self) -> None:
        self.place.offset += LEASE + timedelta(seconds=1)
        self.complete()


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Between:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    return Between()


@pytest.fixture
def backend(place: Place, between: Between) -> Iterator[AwsBackend]:
    """A handle that tries each request twice, one of which may fail."""
    options = Options(attempts=2)
    backend = AwsBackend(REGION, place.prefix, options=options, session=between.session, clock=place.now)
    yield backend
    backend.close()


@pytest.fixture
def worker(place: Place) -> Iterator[Worker]:
    worker = Worker(place)
    yield worker
    worker.backend.close()


def claimed(backend: AwsBackend, payload: bytes = b"{}") -> dict[str, Any]:
    backend.insert(InsertParams(kind="greet", payload=payload))
    record = backend.claim(ClaimParams(lease=LEASE))
    assert record is not None
    return {"id": record.id, "attempt": record.attempt}


def perform(backend: AwsBackend, params: FinishParams) -> None:
    if isinstance(params, CompleteParams):
        backend.complete(params)
    elif isinstance(params, RetryParams):
        backend.retry(params)
    else:
        backend.discard(params)


@pytest.mark.parametrize("payload", [b"{}", LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    "act",
    [
        Worker.claim,
        Worker.complete,
        Worker.retry,
        Worker.discard,
        Worker.complete_and_prune,
        lambda worker: (worker.claim(), worker.claim_after_the_lease()),
    ],
    ids=["claims", "completes", "retries", "discards", "prunes", "claims twice"],
)
def test_an_insert_makes_one_job(
    backend: AwsBackend, between: Between, worker: Worker, act: Act, payload: bytes
) -> None:
    between.arm("PutItem", lambda: act(worker), skip=payload is LARGE)
    record = backend.insert(InsertParams(kind="greet", payload=payload))
    assert between.happened
    assert {each.id for each in worker.claimed} == {record.id}
    assert (record.state, record.attempt, record.payload) == (State.PENDING, 0, payload)
    assert {each.id for each in worker.backend.list()} <= {record.id}
    worker.place.offset += timedelta(hours=2)
    again = worker.backend.claim(ClaimParams())
    assert again is None or again.id == record.id


@pytest.mark.parametrize("act", [Worker.claim, Worker.complete, Worker.complete_and_prune])
def test_a_batch_makes_each_job_once(backend: AwsBackend, between: Between, worker: Worker, act: Act) -> None:
    # Hints are sent after the last, so the worker is given what the index has first.
    between.arm("PutItem", lambda: [act(worker) for _ in range(2)], skip=1)
    records = backend.insert_many([InsertParams(kind=f"job{number}") for number in range(3)])
    assert between.happened
    assert [record.kind for record in records] == ["job0", "job1", "job2"]
    assert {each.id for each in worker.claimed} == {record.id for record in records[:2]}
    assert {each.id for each in worker.backend.list()} <= {record.id for record in records}


def test_a_claim_that_was_superseded_meanwhile_is_given_to_nobody_else(
    backend: AwsBackend, between: Between, worker: Worker
) -> None:
    backend.insert(InsertParams(kind="greet"))
    between.arm("UpdateItem", worker.claim_after_the_lease)
    assert backend.claim(ClaimParams(lease=LEASE)) is None
    assert between.happened
    (held,) = worker.claimed
    assert (held.attempt, held.abandoned) == (2, 1)
    assert worker.backend.list() == [held]


@pytest.mark.parametrize(
    ("finish", "act"),
    [
        (CompleteParams, Worker.prune),
        (DiscardParams, Worker.prune),
        (RetryParams, Worker.claim),
        (RetryParams, Worker.complete),
        (RetryParams, Worker.discard),
        (RetryParams, Worker.retry),
        (RetryParams, lambda worker: (worker.complete(), worker.prune())),
    ],
    ids=[
        "completed and pruned",
        "discarded and pruned",
        "retried and claimed",
        "retried and completed",
        "retried and discarded",
        "retried and retried",
        "retried, completed and pruned",
    ],
)
def test_a_finish_knows_its_own_success(
    backend: AwsBackend, between: Between, worker: Worker, finish: type[FinishParams], act: Act
) -> None:
    claim = claimed(backend)
    between.arm("UpdateItem", lambda: act(worker))
    perform(backend, finish(**claim))
    assert between.happened
    with pytest.raises(ClaimLostError):
        backend.extend(ExtendParams(**claim))


@pytest.mark.parametrize("finish", [CompleteParams, RetryParams, DiscardParams])
def test_what_another_worker_finished_meanwhile_is_a_lost_claim(
    backend: AwsBackend, worker: Worker, finish: type[FinishParams]
) -> None:
    claim = claimed(backend)
    worker.claim_and_complete_after_the_lease()
    with pytest.raises(ClaimLostError):
        perform(backend, finish(**claim))


def test_an_extension_does_not_touch_the_claim_that_superseded_it(
    backend: AwsBackend, between: Between, worker: Worker
) -> None:
    claim = claimed(backend)
    # The answer is lost, and the lease that it moved has ended before the client asks again.
    between.arm("UpdateItem", worker.claim_after_the_lease)
    with pytest.raises(ClaimLostError):
        backend.extend(ExtendParams(**claim, lease=LEASE))
    assert worker.backend.list() == worker.claimed


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=1)], ids=["just finished", "finished long ago"])
def test_pruning_counts_what_it_deleted_and_takes_the_payload(
    place: Place, backend: AwsBackend, between: Between, age: timedelta
) -> None:
    backend.complete(CompleteParams(**claimed(backend, LARGE)))
    place.offset += age
    between.arm("DeleteItem" if age else "UpdateItem", lambda: None)
    assert backend.prune(PruneParams(finished_before=place.now() + timedelta(seconds=1))) == 1
    assert between.happened
    assert [item["part"]["S"] for item in place.items() if "gone" not in item] == []
