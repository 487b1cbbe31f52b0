"""STA: what stats counts."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from lazyjobs import CompleteParams, DiscardParams, RetryParams, State
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    FUTURE,
    HOUR,
    PAST,
    assert_all_same,
    claim_ended,
    fill,
    keeps_finished,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import insert_in_state

_COUNTS = "Counts of all records; when nothing else is running, those of `list` with `limit=None`."
_GROUPS = "How many records there are, grouped four ways; each grouping sums to `total`."

K = TypeVar("K", bound=Hashable)


class StatsTests:
    @rule(
        "STA-01",
        "an empty namespace counts nothing",
        text=_COUNTS,
        level=Level.CORE,
        cause="SUM over no rows answers None, or a first record of the backend's own is counted",
    )
    def test_an_empty_namespace_counts_nothing(self, bench: Bench) -> None:
        stats = bench.stats()
        assert stats.total == 0, f"total of a namespace without records is {stats.total}"
        for name in ("by_state", "by_kind", "by_queue"):
            assert_counts(name, getattr(stats, name), {})

    @rule(
        "STA-02",
        "total counts every record, in every state and however many there are",
        text=_COUNTS,
        level=Level.CORE,
        cause="only unfinished records or only the first page are counted",
        needs=(
            "CLM-19",
            "INS-11",
            "TRN-12",
        ),
    )
    def test_total_counts_every_record(self, bench: Bench) -> None:
        bench.claimed(run_at=PAST, lease=HOUR)
        bench.insert(run_at=FUTURE)
        count = 2 + fill(bench, 1_100, least=150)
        total = bench.stats().total
        assert total == count, f"total is {total}; inserted were {count} records"

    @rule("STA-02")
    def test_total_counts_records_of_every_state(self, bench: Bench) -> None:
        keeps_finished(bench)
        counts, total = some_of_each_state(bench), bench.stats().total
        assert total == sum(counts.values()), f"total is {total}; there are {describe(counts)}"

    @rule(
        "STA-03",
        "by_state counts the records of each state",
        text=_COUNTS,
        level=Level.CORE,
        cause="a counter is not moved by one of the transitions, or is moved again by a repeated one",
        needs=(
            "TRN-14",
            "CLM-19",
            "TRN-12",
        ),
    )
    def test_by_state_counts_the_records_of_each_state(self, bench: Bench) -> None:
        keeps_finished(bench)
        counts = some_of_each_state(bench)
        assert_counts("by_state", bench.stats().by_state, counts)

    @rule("STA-03")
    def test_a_repeated_finish_is_counted_once(self, bench: Bench) -> None:
        keeps_finished(bench)
        first, second, third = (bench.claimed(run_at=PAST) for _ in range(3))
        for _ in range(2):
            bench.backend.complete(CompleteParams(id=first.id, attempt=first.attempt))
            bench.backend.retry(RetryParams(id=second.id, attempt=second.attempt, run_at=FUTURE))
            bench.backend.discard(DiscardParams(id=third.id, attempt=third.attempt))
        expected = {State.SUCCEEDED: 1, State.RETRYING: 1, State.DISCARDED: 1}
        assert_counts("by_state", bench.stats().by_state, expected)

    @rule(
        "STA-04",
        "by_kind counts the records of each kind",
        text=_COUNTS,
        level=Level.CORE,
        cause="kinds that differ in case only are counted as one",
        needs=(
            "INS-01",
            "INS-06",
        ),
    )
    def test_by_kind_counts_the_records_of_each_kind(self, bench: Bench) -> None:
        counts = {"mail": 1, "Mail": 2, "mail.send": 3, "mail_send": 1, "m": 2}
        for kind, count in counts.items():
            for _ in range(count):
                bench.insert(kind=kind, run_at=PAST)
        assert_counts("by_kind", bench.stats().by_kind, counts)

    @rule(
        "STA-05",
        "by_queue counts the records of each queue",
        text=_COUNTS,
        level=Level.CORE,
        cause="only what waits on a queue is counted, or queues that differ in case only are counted as one",
        needs=("TRN-01",),
    )
    def test_by_queue_counts_the_records_of_each_queue(self, bench: Bench) -> None:
        keeps_finished(bench)
        counts = {"mail": 1, "Mail": 2, "mail.send": 3, "mail_send": 1, "m": 2}
        for queue, count in counts.items():
            for _ in range(count):
                bench.insert(queue=queue, run_at=PAST)
        record = bench.claim_due(queues=("Mail",))
        bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        assert_counts("by_queue", bench.stats().by_queue, counts)

    @rule(
        "STA-06",
        "by_queue_state counts the records of each queue and state",
        text="Queue, then state, then count.",
        level=Level.CORE,
        cause="state and queue the wrong way round, or flat keys",
        needs=("TRN-12",),
    )
    def test_by_queue_state_counts_the_records_of_each_queue_and_state(self, bench: Bench) -> None:
        keeps_finished(bench)
        for _ in range(2):
            record = bench.claimed(queue="a", run_at=PAST)
            bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        bench.claimed(queue="a", run_at=PAST, lease=HOUR)
        bench.claimed(queue="b", run_at=PAST, lease=HOUR)
        for _ in range(3):
            bench.insert(queue="b", run_at=FUTURE)
        counts = {
            (queue, state): count
            for queue, states in bench.stats().by_queue_state.items()
            for state, count in states.items()
        }
        expected = {
            ("a", State.SUCCEEDED): 2,
            ("a", State.RUNNING): 1,
            ("b", State.RUNNING): 1,
            ("b", State.PENDING): 3,
        }
        assert_counts("by_queue_state", counts, expected)

    @rule(
        "STA-07",
        "each grouping sums to the total",
        text=_GROUPS,
        level=Level.CORE,
        cause="groupings that are counted by different conditions",
        needs=(
            "LSE-02",
            "STA-02",
            "STA-03",
            "STA-04",
            "STA-05",
            "STA-06",
        ),
    )
    def test_each_grouping_sums_to_the_total(self, bench: Bench) -> None:
        keeps_finished(bench)
        some_of_each_state(bench)
        claim_ended(bench, queue="ended", kind="ended")
        for number in range(20):
            bench.insert(kind=f"kind-{number % 5}", queue=f"queue-{number % 7}", run_at=FUTURE)
        stats = bench.stats()
        sums = {name: sum(getattr(stats, name).values()) for name in ("by_state", "by_kind", "by_queue")}
        sums["by_queue_state"] = sum(sum(states.values()) for states in stats.by_queue_state.values())
        assert sums == dict.fromkeys(sums, stats.total), f"total is {stats.total}, the groupings sum to {sums}"

    @rule(
        "STA-08",
        "a key without a record is absent",
        text="A key without a record is absent.",
        level=Level.CORE,
        cause="every state is listed, at 0 too, or a counter that fell to 0 stays",
        needs=("TRN-01",),
    )
    def test_a_key_without_a_record_is_absent(self, bench: Bench) -> None:
        keeps_finished(bench)
        record = bench.claimed(queue="a", run_at=PAST)
        bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        stats = bench.stats()
        groupings: dict[str, Mapping[State, int] | Mapping[str, int]] = {
            "by_state": stats.by_state,
            "by_kind": stats.by_kind,
            "by_queue": stats.by_queue,
            **{f"by_queue_state[{queue!r}]": states for queue, states in stats.by_queue_state.items()},
        }
        for name, grouping in groupings.items():
            empty = [str(key) for key, count in grouping.items() if not count]
            assert not empty, f"{name} has keys without a record: {empty}"
        assert all(stats.by_queue_state.values()), f"by_queue_state has queues without a record: {stats.by_queue_state}"

    @rule("STA-08")
    def test_in_an_empty_namespace_every_key_is_absent(self, bench: Bench) -> None:
        stats = bench.stats()
        keys = [*stats.by_state, *stats.by_kind, *stats.by_queue, *stats.by_queue_state]
        assert not keys, f"a namespace without records has the keys {keys}"

    @rule(
        "STA-09",
        "stats reads and changes nothing",
        text="Read-only.",
        level=Level.CORE,
        cause="expired leases are put back on the way",
        needs=("LST-09",),
    )
    def test_stats_changes_nothing(self, bench: Bench) -> None:
        ended = claim_ended(bench)
        waiting = bench.insert(queue="other", run_at=PAST)
        for _ in range(2):
            bench.stats()
        before = {record.id: record for record in (ended, waiting)}
        assert_all_same(before, bench.records(), "asking for stats")

    @rule(
        "STA-10",
        "stats counts what the caller has just been told is done",
        text="Sees every write that was acknowledged to the caller before, or declares by how much it may be behind.",
        level=Level.CORE,
        cause="counts that are cached or gathered from time to time, without a declared staleness",
        needs=("TRN-01",),
    )
    def test_stats_counts_at_once_what_was_done(self, bench: Bench) -> None:
        keeps_finished(bench)
        assert_counts("by_state", bench.stats().by_state, {})
        bench.insert(run_at=PAST)
        assert_counts("by_state after insert", bench.stats().by_state, {State.PENDING: 1})
        record = bench.claim_due()
        assert_counts("by_state after claim", bench.stats().by_state, {State.RUNNING: 1})
        bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        assert_counts("by_state after complete", bench.stats().by_state, {State.SUCCEEDED: 1})


def assert_counts(name: str, counts: Mapping[K, int], expected: Mapping[K, int]) -> None:
    """Fails unless the counts that are not zero are these."""
    present = {key: count for key, count in counts.items() if count}
    assert present == expected, f"{name} counts {describe(present)} instead of {describe(expected)}"


def some_of_each_state(bench: Bench) -> dict[State, int]:
    """Makes so many records of each state."""
    counts = {State.SUCCEEDED: 3, State.RETRYING: 2, State.DISCARDED: 1, State.RUNNING: 2, State.PENDING: 4}
    for state, count in counts.items():
        for _ in range(count):
            insert_in_state(bench, state)
    return counts
