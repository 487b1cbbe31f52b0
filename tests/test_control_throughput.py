"""The rate of finishes, as it follows from the looks at a backend."""

from datetime import UTC, datetime, timedelta

import pytest

from lazyjobs import ClaimParams, CompleteParams, InsertParams, PruneParams, Snapshot
from lazyjobs.control._throughput import Rate, Throughput
from lazyjobs_memory import MemoryBackend

START = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Shop:
    """A backend with a clock that the test moves, and the throughput that looks at it."""

    def __init__(self, retention: int = 100_000) -> None:
        self.now = START
        self.backend = MemoryBackend(clock=lambda: self.now, retention=retention)
        self.throughput = Throughput()

    def finish(self, count: int, seconds: float = 0) -> None:
        """Lets `count` records end, evenly in that time."""
        for _ in range(count):
            self.now += timedelta(seconds=seconds / count)
            self.backend.insert(InsertParams(kind="note"))
            claimed = self.backend.claim(ClaimParams())
            assert claimed is not None
            self.backend.complete(CompleteParams(id=claimed.id, attempt=claimed.attempt))

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def prune(self) -> None:
        self.backend.prune(PruneParams(finished_before=self.now, limit=1_000_000))

    def look(self, *, narrowed: bool = False) -> Rate:
        return self.throughput.note(Snapshot.of(self.backend), self.now, narrowed=narrowed)


def seen(rate: Rate) -> float:
    return sum(bucket or 0 for bucket in rate.buckets)


def test_an_empty_backend_has_seen_nothing_end() -> None:
    rate = Shop().look()
    assert (rate.per_minute, seen(rate)) == (0, 0)


def test_the_first_look_starts_from_the_times_of_the_listed_records() -> None:
    shop = Shop()
    shop.finish(50, seconds=300)
    rate = shop.look()
    assert rate.per_minute == pytest.approx(10)
    assert rate.covered == 300


def test_a_first_look_on_a_busy_backend_covers_only_as_far_as_the_list_reaches() -> None:
    shop = Shop()
    shop.finish(1_000, seconds=100)
    rate = shop.look()
    assert rate.covered == pytest.approx(9.9)
    assert rate.per_minute == pytest.approx(600, rel=0.02)
    assert rate.buckets[0] is None
    assert rate.buckets[-2] is not None


def test_what_ended_longer_ago_does_not_count() -> None:
    shop = Shop()
    shop.finish(50)
    shop.wait(301)
    assert shop.look().per_minute == 0


@pytest.mark.parametrize("count", [1, 20, 90, 500])
def test_what_ended_between_two_looks_counts_once(count: int) -> None:
    shop = Shop()
    shop.finish(30)
    shop.wait(400)
    shop.look()
    for round in (1, 2, 3):
        shop.finish(count, seconds=10)
        shop.look()
        rate = shop.look()
        assert seen(rate) == pytest.approx(round * count)
        assert rate.per_minute == pytest.approx(round * count / 5)


@pytest.mark.parametrize("count", [20, 90])
def test_a_prune_changes_nothing_when_the_list_reaches_back(count: int) -> None:
    shop = Shop()
    shop.finish(3_000)
    shop.wait(400)
    shop.look()
    shop.prune()
    shop.finish(count, seconds=10)
    assert seen(shop.look()) == count


def test_a_prune_that_eats_the_growth_on_a_busy_backend_leaves_the_pace_of_the_list() -> None:
    shop = Shop()
    shop.finish(3_000)
    shop.wait(400)
    shop.look()
    shop.finish(500, seconds=10)
    shop.backend.prune(PruneParams(finished_before=START + timedelta(seconds=1), limit=1_000_000))
    assert seen(shop.look()) == pytest.approx(500, rel=0.02)


def test_a_backend_that_keeps_only_the_newest_shows_its_rate_all_the_same() -> None:
    shop = Shop(retention=200)
    shop.finish(1_000)
    shop.wait(400)
    shop.look()
    for round in range(1, 6):
        shop.finish(300, seconds=10)
        assert seen(shop.look()) == pytest.approx(round * 300, rel=0.02)


def test_narrowed_looks_count_by_the_growth_alone() -> None:
    shop = Shop()
    shop.look(narrowed=True)
    shop.finish(40, seconds=10)
    assert seen(shop.look(narrowed=True)) == 40
    shop.prune()
    shop.wait(1)
    assert seen(shop.look(narrowed=True)) == 40
    shop.finish(7, seconds=10)
    assert seen(shop.look()) == 47


def test_the_rate_is_over_what_was_seen_until_that_is_five_minutes() -> None:
    shop = Shop()
    shop.look(narrowed=True)
    shop.wait(0.5)
    assert shop.look(narrowed=True).per_minute is None
    shop.wait(0.5)
    assert shop.look(narrowed=True).per_minute == 0
    shop.finish(60, seconds=60)
    rate = shop.look(narrowed=True)
    assert rate.covered == 61
    assert rate.per_minute == pytest.approx(60 * 60 / 61)


def test_five_minutes_without_a_look_start_anew() -> None:
    shop = Shop()
    shop.finish(500, seconds=10)
    shop.look()
    shop.finish(500, seconds=1000)
    rate = shop.look()
    assert rate.per_minute == pytest.approx(30, rel=0.02)
    assert rate.covered == pytest.approx(198)


def test_buckets_are_those_of_the_clock_and_the_last_is_the_current_one() -> None:
    shop = Shop()
    shop.look()
    shop.wait(20)
    shop.finish(3)
    shop.wait(1)
    shop.look()
    shop.wait(5)
    buckets = shop.look().buckets
    assert len(buckets) == 30
    assert sum(buckets[-3:]) == pytest.approx(3)  # type: ignore[arg-type]
    assert sum(buckets[:-3]) == 0  # type: ignore[arg-type]


def test_a_clock_that_stands_still_or_goes_back_does_no_harm() -> None:
    shop = Shop()
    shop.look()
    shop.finish(5)
    shop.look()
    shop.wait(-60)
    shop.look()
    shop.wait(120)
    assert seen(shop.look()) == pytest.approx(5)
