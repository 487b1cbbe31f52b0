"""A harness made of a URL: namespaced by it, or one store for everything."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from lazyjobs import ClaimParams, InsertParams, RetryParams
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.harness import HarnessError, load_harness

Install = Callable[[Mapping[str, Mapping[str, str]]], None]


@pytest.fixture(autouse=True)
def _installed(install: Install) -> None:
    install({"lazyjobs.backends": {"shelf": "shelves:Shelf", "pruned": "shelves:PrunedShelf"}})


def fill(harness: Harness) -> None:
    """Leaves a record of every kind that is hard to get rid of."""
    backend = harness.open("any")
    for queue in ("default", "other"):
        backend.insert(InsertParams(kind="kit.example", queue=queue))
        record = backend.claim(ClaimParams(queues=(queue,), lease=timedelta(days=366)))
        assert record is not None
        backend.insert(InsertParams(kind="kit.example", queue=queue, run_at=record.created_at + timedelta(days=9999)))
    backend.insert(InsertParams(kind="kit.example"))
    record = backend.claim(ClaimParams())
    assert record is not None
    backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=record.run_at + timedelta(days=9999)))


def test_a_url_with_a_place_for_the_namespace_gives_each_its_own_store() -> None:
    harness = load_harness("pruned://{namespace}")
    assert not harness.one_store
    assert "left for you to remove" in harness.notes[0]


def test_a_url_without_one_is_one_store() -> None:
    harness = load_harness("pruned://here")
    assert harness.one_store
    assert "same store" in harness.notes[0]


def test_a_url_whose_instances_are_stores_of_their_own_needs_no_place_for_the_namespace() -> None:
    harness = load_harness("pruned://here", traits=["single_instance"])
    assert not harness.one_store
    assert harness.notes == ()


def test_destroying_in_the_one_store_empties_it() -> None:
    harness = load_harness("pruned://here")()
    fill(harness)
    harness.destroy("any")
    assert not harness.open("any").list()


def test_a_store_that_cannot_be_pruned_is_left_as_it_is() -> None:
    harness = load_harness("shelf://here")()
    fill(harness)
    harness.destroy("any")
    assert len(harness.open("any").list()) == 5


def test_a_url_is_its_own_reference() -> None:
    harness = load_harness("pruned://{namespace}")
    assert harness.reference() == "pruned://{namespace}"


def test_traits_are_declared_by_name_or_with_a_value() -> None:
    declared = ["durable", "max_payload=262144", "staleness=PT0.5S", "ordering=best-effort", "multi_process=false"]
    assert load_harness("shelf://here", traits=declared).traits == Traits(
        durable=True, max_payload=262144, staleness=timedelta(seconds=0.5), ordering="best-effort"
    )


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [("fast", "there is no trait fast"), ("max_payload=much", "max_payload"), ("ordering", "ordering")],
)
def test_a_trait_that_cannot_be_is_refused(declared: str, complaint: str) -> None:
    with pytest.raises(HarnessError, match=complaint):
        load_harness("shelf://here", traits=[declared])
