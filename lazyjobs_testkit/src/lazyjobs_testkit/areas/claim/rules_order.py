"""CLM: in which order due records are claimed."""

from lazyjobs import (
    Record,
    RetryParams,
)
from lazyjobs_testkit.areas.claim.rules import _DUE
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    HOUR,
    PAST,
    claim_again,
    claim_all,
)
from lazyjobs_testkit.suite._trail import describe

_ORDER = "Of all of them, over all those queues together, the one with the smallest `(due time, id)` is taken."


class ClaimOrderTests:
    @rule(
        "CLM-04",
        "due records come in (due time, id) order",
        text=_ORDER,
        level=Level.CORE,
        cause="ordering by id alone, by created_at, or by no order at all",
        needs=("CLM-01",),
    )
    def test_due_records_come_in_order_of_their_due_times(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        hours = [3, 0, 4, 1, 5, 2]
        records = [bench.insert(run_at=PAST + hour * HOUR) for hour in hours]
        assert_in_order(claim_all(bench, len(hours)), records)

    @rule(
        "CLM-05",
        "of records due at the same time the lowest id comes first",
        text=_ORDER,
        level=Level.CORE,
        cause="ORDER BY run_at without the id, or ids that are ordered as texts (10 before 9)",
        needs=(
            "CLM-04",
            "CLM-20",
        ),
    )
    def test_records_due_at_the_same_time_come_in_order_of_their_ids(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        records = [bench.insert(run_at=PAST) for _ in range(12)]
        assert_in_order(claim_all(bench, len(records)), records)

    @rule(
        "CLM-06",
        "the order holds over all the queues of a claim together",
        text="over all those queues together, the one with the smallest `(due time, id)` is taken. … their order means "
        "nothing",
        level=Level.CORE,
        cause="the queues are asked one after the other, or in turn, and the first that has something wins",
        needs=(
            "CLM-04",
            "CLM-11",
        ),
    )
    def test_the_order_holds_over_all_queues_together(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        names = ["b", "a", "a", "c", "b", "a", "c", "b"]
        records = [bench.insert(queue=name, run_at=PAST + hour * HOUR) for hour, name in enumerate(names)]
        orders = [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a"), ("a", "c", "b")]
        claimed = [bench.claim_due(queues=queues) for queues in orders * 2]
        assert_in_order(claimed, records)

    @rule(
        "CLM-07",
        "retrying records and ended leases take their place in the order by their own due times",
        text=_DUE,
        level=Level.CORE,
        cause="ended leases are collected before or after everything else, or ordered by their old run_at",
        needs=(
            "CLM-05",
            "TRN-16",
            "TIM-02",
            "LSE-08",
        ),
    )
    def test_an_ended_lease_is_due_at_its_end_and_a_retried_record_at_its_run_at(self, bench: Bench) -> None:
        needs_strict_ordering(bench)
        retried = bench.claimed(run_at=PAST, lease=HOUR)
        bench.backend.retry(RetryParams(id=retried.id, attempt=retried.attempt, run_at=PAST + 2 * HOUR))
        ended = bench.claimed(run_at=PAST + 0.75 * HOUR, now=PAST + HOUR, lease=3 * HOUR)
        earlier, later, last = (bench.insert(run_at=PAST + hours * HOUR) for hours in (0.5, 3, 5))
        claimed = claim_all(bench, 5)
        names = {
            earlier.id: "pending",
            retried.id: "retrying",
            later.id: "pending",
            ended.id: "running, by the end of its lease",
            last.id: "pending",
        }
        expected = ", ".join(f"{id} ({name})" for id, name in names.items())
        shown = [record.id for record in claimed]
        assert shown == [*names], f"expected records {expected}, in this order of their due times; claimed {shown}"

    @rule(
        "CLM-08",
        "a record is due at its due time exactly",
        text="is not after now",
        level=Level.CORE,
        cause="`run_at < now` instead of `run_at <= now`",
        needs=("CLM-09",),
    )
    def test_a_record_is_due_at_its_due_time_exactly(self, bench: Bench) -> None:
        record = bench.insert(run_at=PAST)
        claim_again(bench, record, now=record.run_at)


def needs_strict_ordering(bench: Bench) -> None:
    """Ends the test for a backend that takes any due record."""
    if bench.traits.ordering != "strict":
        bench.not_applicable(f"ordering is declared {bench.traits.ordering}")


def assert_in_order(claimed: list[Record], inserted: list[Record]) -> None:
    """Fails unless all were claimed, by the run_at that insert returned and then by id."""
    due = {record.id: (record.run_at, record.id) for record in inserted}
    waiting = sorted(due, key=due.__getitem__)
    for record in claimed:
        assert record.id in waiting, f"claimed record {record.id} twice"
        first = waiting[0]
        assert record.id == first, (
            f"claimed id {record.id} (run_at {describe(due[record.id][0])}, queue {record.queue}) "
            f"before id {first} (run_at {describe(due[first][0])})"
        )
        waiting.remove(record.id)
