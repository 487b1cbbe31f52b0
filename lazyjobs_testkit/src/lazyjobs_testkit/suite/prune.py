"""PRU: what prune promises, where it is offered."""

from collections.abc import Sequence

import pytest

from lazyjobs import PruneParams, Record, State, SupportsPrune
from lazyjobs_testkit.suite._bench import Bench, rule
from lazyjobs_testkit.suite._support import (
    DAY,
    PAST,
    assert_all_same,
    keeps_finished,
    stored,
    wait_past,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import Verb, assert_refused, each_verb, finish, finish_params, insert_in_state

FINISHED = (State.SUCCEEDED, State.DISCARDED)


class PruneTests:
    @rule("PRU-01")
    @pytest.mark.parametrize("state", FINISHED, ids=str)
    def test_prune_deletes_finished_records(self, bench: Bench, state: State) -> None:
        pruning = pruning_bench(bench)
        record = insert_in_state(bench, state)
        pruning.prune(PruneParams(finished_before=bench.now() + DAY))
        assert record.id not in bench.records(), f"prune left {state} record {record.id}"

    @rule("PRU-02")
    def test_prune_deletes_nothing_that_is_not_finished(self, bench: Bench) -> None:
        pruning = pruning_bench(bench)
        for state in State:
            if state not in FINISHED:
                insert_in_state(bench, state)
        before = bench.records()
        pruning.prune(PruneParams(finished_before=bench.now() + DAY))
        assert_all_same(before, bench.records(), "pruning unfinished records")

    @rule("PRU-03")
    @pytest.mark.parametrize("state", FINISHED, ids=str)
    def test_prune_keeps_what_was_updated_at_that_time_or_later(self, bench: Bench, state: State) -> None:
        pruning = pruning_bench(bench)
        record = insert_in_state(bench, state)
        finished = stored(bench, record.id)
        for before in (PAST, finished.updated_at):
            pruning.prune(PruneParams(finished_before=before))
            kept = record.id in bench.records()
            assert kept, f"prune before {describe(before)} deleted what was updated at {describe(finished.updated_at)}"

    @rule("PRU-04")
    def test_prune_deletes_no_more_than_the_limit(self, bench: Bench) -> None:
        pruning = pruning_bench(bench)
        for state in FINISHED * 3:
            insert_in_state(bench, state)
        for left in (4, 2, 0):
            pruning.prune(PruneParams(finished_before=bench.now() + DAY, limit=2))
            shown = len(bench.records())
            assert shown == left, f"pruning 2 at the most of {left + 2} finished records left {shown}"

    @rule("PRU-05")
    def test_prune_deletes_what_was_updated_longest_ago_first(self, bench: Bench) -> None:
        pruning = pruning_bench(bench)
        order = finish_out_of_order(bench)
        for number, id in enumerate(order, start=1):
            pruning.prune(PruneParams(finished_before=bench.now() + DAY, limit=1))
            left = set(bench.records())
            assert left == set(order[number:]), (
                f"records were finished in the order {order}; after {number} were pruned, {sorted(left)} are left"
            )
            assert id not in left

    @rule("PRU-06")
    def test_prune_returns_how_many_it_deleted(self, bench: Bench) -> None:
        pruning = pruning_bench(bench)
        insert_in_state(bench, State.RUNNING)
        for state in FINISHED * 2:
            insert_in_state(bench, state)
        tomorrow = bench.now() + DAY
        params = [PruneParams(finished_before=PAST), *[PruneParams(finished_before=tomorrow, limit=3)] * 3]
        counts = [pruning.prune(each) for each in params]
        assert counts == [0, 3, 1, 0], f"four records were pruned, three at the most at a time, in counts of {counts}"

    @rule("PRU-07")
    @each_verb
    def test_a_pruned_record_is_unknown_to_every_verb(self, bench: Bench, verb: Verb) -> None:
        pruning = pruning_bench(bench)
        record = insert_in_state(bench, State.SUCCEEDED)
        pruning.prune(PruneParams(finished_before=bench.now() + DAY))
        assert_refused(bench.backend, finish_params(verb, record), f"record {record.id} was pruned")

    @rule("PRU-08")
    def test_pruned_records_are_gone_from_stats(self, bench: Bench) -> None:
        pruning = pruning_bench(bench)
        insert_in_state(bench, State.PENDING)
        for state in FINISHED:
            insert_in_state(bench, state)
        pruning.prune(PruneParams(finished_before=bench.now() + DAY))
        stats = bench.stats()
        assert stats.total == 1
        assert {state: count for state, count in stats.by_state.items() if count} == {State.PENDING: 1}


def pruning_bench(bench: Bench) -> SupportsPrune:
    """The backend as one that prunes and drops nothing by itself meanwhile."""
    keeps_finished(bench)
    return bench.supports(SupportsPrune)


def finish_out_of_order(bench: Bench) -> Sequence[int]:
    """Four ids in the order in which they were finished, which is neither the one of ids nor the reverse."""
    claims: list[Record] = [bench.claimed(run_at=PAST) for _ in range(4)]
    order = [claims[place] for place in (2, 0, 3, 1)]
    for number, record in enumerate(order):
        finish(bench.backend, finish_params("discard" if number % 2 else "complete", record))
        wait_past(bench, stored(bench, record.id).updated_at)
    return [record.id for record in order]
