"""PRU: what prune promises, where it is offered."""

import pytest

from lazyjobs import PruneParams, Record, State, SupportsPrune
from lazyjobs_testkit.suite._bench import Bench, rule
from lazyjobs_testkit.suite._support import (
    DAY,
    PAST,
    assert_all_same,
    keeps_finished,
    stored,
    tick,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import Verb, assert_refused, each_verb, finish, finish_params, insert_in_state
from lazyjobs_testkit.suite.stats import assert_counts

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
        left = finish_out_of_order(bench)
        for _ in range(len(left)):
            pruning.prune(PruneParams(finished_before=bench.now() + DAY, limit=1))
            shown = bench.records()
            for record in [left.pop(id) for id in set(left) - set(shown)]:
                older = [each for each in left.values() if each.updated_at < record.updated_at]
                assert not older, (
                    f"prune deleted record {record.id}, updated at {describe(record.updated_at)}, before record "
                    f"{older[0].id}, updated at {describe(older[0].updated_at)}"
                )

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
        assert stats.total == 1, f"of three records two were pruned, and stats counts {stats.total}"
        assert_counts("by_state", stats.by_state, {State.PENDING: 1})


def pruning_bench(bench: Bench) -> SupportsPrune:
    """The backend as one that prunes and drops nothing by itself meanwhile."""
    keeps_finished(bench)
    return bench.supports(SupportsPrune)


def finish_out_of_order(bench: Bench) -> dict[int, Record]:
    """Four records as they are, finished one after the other, neither in the order of ids nor against it."""
    claims: list[Record] = [bench.claimed(run_at=PAST) for _ in range(4)]
    for number, place in enumerate((2, 0, 3, 1)):
        finish(bench.backend, finish_params("discard" if number % 2 else "complete", claims[place]))
        tick(bench)
    return bench.records()
