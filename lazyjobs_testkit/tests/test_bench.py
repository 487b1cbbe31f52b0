"""The bench: fresh namespaces, handles, helpers, and what is left when it is put away."""

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from lazyjobs import (
    Backend,
    BackendClosedError,
    ClaimParams,
    InsertParams,
    Record,
    State,
    SupportsExtend,
    SupportsPrune,
)
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit import Harness, Traits
from lazyjobs_testkit.suite._bench import Bench


class Handle(MemoryBackend):
    """A store that notes whether it was closed, and can refuse to be."""

    closed = False
    refuses = False

    def close(self) -> None:
        self.closed = True
        if self.refuses:
            raise OSError("busy")
        super().close()


class HandleHarness(Harness):
    def __init__(self) -> None:
        self.handles: list[tuple[str, Handle]] = []
        self.destroyed: list[str] = []

    def open(self, namespace: str) -> Handle:
        self.handles.append((namespace, Handle()))
        return self.handles[-1][1]

    def destroy(self, namespace: str) -> None:
        assert all(handle.closed for name, handle in self.handles if name == namespace)
        self.destroyed.append(namespace)


class Hesitant(Handle):
    """Answers None to every other claim."""

    calls = 0

    def claim(self, params: ClaimParams) -> Record | None:
        self.calls += 1
        return super().claim(params) if self.calls % 2 == 0 else None


class HesitantHarness(HandleHarness):
    traits = Traits(ordering="best-effort", empty_answers=1)

    def open(self, namespace: str) -> Handle:
        return Hesitant()


class LoneHarness(HandleHarness):
    traits = Traits(single_instance=True)


@pytest.fixture
def harness() -> HandleHarness:
    return HandleHarness()


def test_every_bench_has_a_namespace_of_its_own(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as first, Bench(harness, seed=1) as second:
        assert first.namespace != second.namespace
        assert [name for name, _ in harness.handles] == [first.namespace, second.namespace]


def test_putting_it_away_closes_every_handle_and_destroys_every_namespace(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        bench.open()
        bench.elsewhere()
        bench.elsewhere()
    assert [handle.closed for _, handle in harness.handles] == [True] * 4
    assert sorted(harness.destroyed) == sorted({name for name, _ in harness.handles})


def test_a_handle_that_cannot_be_closed_does_not_keep_the_namespaces(harness: HandleHarness) -> None:
    with Bench(harness, seed=1):
        harness.handles[0][1].refuses = True
    assert len(harness.destroyed) == 1


def test_what_was_created_is_destroyed_when_opening_fails() -> None:
    class BrokenHarness(HandleHarness):
        def open(self, namespace: str) -> Handle:
            raise ConnectionError("nobody is there")

    harness = BrokenHarness()
    with pytest.raises(ConnectionError), Bench(harness, seed=1):
        pytest.fail("there is nothing to work on")
    assert len(harness.destroyed) == 1


def test_a_second_handle_is_on_the_same_namespace(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        bench.open()
        assert {name for name, _ in harness.handles} == {bench.namespace}


def test_elsewhere_is_one_other_namespace(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        bench.elsewhere()
        bench.elsewhere()
        here, *there = [name for name, _ in harness.handles]
        assert len(set(there)) == 1
        assert here == bench.namespace
        assert here not in there


def test_there_is_no_second_handle_where_an_instance_is_a_namespace() -> None:
    with Bench(LoneHarness(), seed=1) as bench, pytest.raises(pytest.skip.Exception, match="single_instance"):
        bench.open()


def test_handles_are_told_apart_in_the_trail(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        for backend in (bench.backend, bench.open(), bench.open(), bench.elsewhere()):
            backend.stats()
        assert [call.handle for call in bench.trail] == ["backend", "backend2", "backend3", "elsewhere2"]


def test_the_raw_handle_leaves_no_trail(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        bench.raw().stats()
        assert bench.raw() is harness.handles[0][1]
        assert bench.trail == []


def test_a_claimed_record_is_running(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        record = bench.claimed(queue="mail", lease=timedelta(seconds=5))
        assert (record.state, record.queue, record.attempt) == (State.RUNNING, "mail", 1)
        assert record.lease_expires_at is not None
        assert record.lease_expires_at - record.updated_at <= timedelta(seconds=5)


def test_claiming_something_else_than_what_was_inserted_fails(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        bench.insert(run_at=bench.at(-60))
        with pytest.raises(AssertionError, match="claimed record 1; only record 2 was due"):
            bench.claimed()


def test_a_claim_where_something_is_due_fails_when_nothing_comes(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench, pytest.raises(AssertionError, match="claim answered None, although"):
        bench.claim_due()


def test_empty_answers_are_allowed_as_often_as_declared() -> None:
    with Bench(HesitantHarness(), seed=1) as bench:
        inserted = bench.insert()
        assert bench.claim_due().id == inserted.id
        with pytest.raises(AssertionError, match="None, 2 times running"):
            bench.claim_due()


def test_records_are_all_records_by_id(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        inserted = [bench.insert() for _ in range(120)]
        assert bench.records() == {record.id: record for record in inserted}
        assert bench.stats().total == 120


def test_what_may_be_behind_is_read_late_enough() -> None:
    class StaleHarness(HandleHarness):
        traits = Traits(staleness=timedelta(seconds=0.05))

    with Bench(StaleHarness(), seed=1) as bench:
        for read in (bench.records, bench.stats):
            started = time.monotonic()
            read()
            assert time.monotonic() - started >= 0.05


def test_a_capability_is_handed_out_recorded(harness: HandleHarness) -> None:
    with Bench(harness, seed=1) as bench:
        bench.supports(SupportsPrune)
        assert isinstance(bench.supports(SupportsExtend), SupportsExtend)


def test_without_the_capability_the_rule_does_not_apply() -> None:
    class PlainHarness(HandleHarness):
        def open(self, namespace: str) -> Handle:
            seven = {name: getattr(Handle(), name) for name in ("list", "stats", "insert")}
            return type("Seven", (), seven)()  # type: ignore[no-any-return]

    with Bench(PlainHarness(), seed=1) as bench, pytest.raises(pytest.skip.Exception, match="not applicable: no Supp"):
        bench.supports(SupportsExtend)


def test_randomness_is_the_seeds(harness: HandleHarness) -> None:
    with Bench(harness, seed=7) as bench:
        assert bench.random.random() == random.Random(7).random()


def test_times_are_counted_from_now(harness: HandleHarness) -> None:
    with Bench(harness, seed=7) as bench:
        assert abs(bench.at(60) - datetime.now(UTC) - timedelta(seconds=60)) < timedelta(seconds=10)


def test_a_closed_backend_says_so_through_the_recorder(harness: HandleHarness) -> None:
    with Bench(harness, seed=7) as bench:
        bench.raw().close()  # type: ignore[attr-defined]
        backend: Backend = bench.backend
        with pytest.raises(BackendClosedError):
            backend.insert(InsertParams(kind="kit.example"))
