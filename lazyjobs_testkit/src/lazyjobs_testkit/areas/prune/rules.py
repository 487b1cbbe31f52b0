"""PRU: what prune promises, where it is offered."""

from functools import partial

import pytest

from lazyjobs import PruneParams, Record, State, SupportsPrune
from lazyjobs_testkit.areas.stats.rules import assert_counts
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
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

_DELETES = "Deletes succeeded and discarded records not updated since `params.finished_before`, and nothing else."
_LIMIT = "Deletes `params.limit` of them at the most, those updated longest ago first, and returns how many it deleted."
_prune_rule = partial(rule, level=Level.CAPABILITY, capability=SupportsPrune)

FINISHED = (State.SUCCEEDED, State.DISCARDED)


class PruneTests:
    @_prune_rule(
        "PRU-01",
        "prune deletes finished records",
        text=_DELETES,
        cause="only succeeded records are deleted, or finished_before is compared with created_at or run_at",
        needs=(
            "CLM-19",
            "LST-10",
            "TRN-12",
        ),
    )
    @pytest.mark.parametrize("state", FINISHED, ids=str)
    def test_prune_deletes_finished_records(self, bench: Bench, state: State) -> None:
        pruning = pruning_bench(bench)
        record = insert_in_state(bench, state)
        pruning.prune(PruneParams(finished_before=bench.now() + DAY))
        assert record.id not in bench.records(), f"prune left {state} record {record.id}"

    @_prune_rule(
        "PRU-02",
        "prune deletes nothing that is not finished, however old",
        text=_DELETES,
        cause="the time alone decides",
        needs=(
            "CLM-19",
            "LST-10",
            "TRN-12",
        ),
    )
    def test_prune_deletes_nothing_that_is_not_finished(self, bench: Bench) -> None:
        pruning = pruning_bench(bench)
        for state in State:
            if state not in FINISHED:
                insert_in_state(bench, state)
        before = bench.records()
        pruning.prune(PruneParams(finished_before=bench.now() + DAY))
        assert_all_same(before, bench.records(), "pruning unfinished records")

    @_prune_rule(
        "PRU-03",
        "prune keeps what was updated at finished_before or after it",
        text="Only those not updated at or after this time.",
        cause="`<=` instead of `<`, or created_at in the place of updated_at",
        needs=(
            "PRU-01",
            "TIM-06",
        ),
    )
    @pytest.mark.parametrize("state", FINISHED, ids=str)
    def test_prune_keeps_what_was_updated_at_that_time_or_later(self, bench: Bench, state: State) -> None:
        pruning = pruning_bench(bench)
        record = insert_in_state(bench, state)
        finished = stored(bench, record.id)
        for before in (PAST, finished.updated_at):
            pruning.prune(PruneParams(finished_before=before))
            kept = record.id in bench.records()
            assert kept, f"prune before {describe(before)} deleted what was updated at {describe(finished.updated_at)}"

    @_prune_rule(
        "PRU-04",
        "prune deletes no more than the limit",
        text=_LIMIT,
        cause="the limit bounds a batch, and batches go on until nothing is left",
        needs=("PRU-01",),
    )
    def test_prune_deletes_no_more_than_the_limit(self, bench: Bench) -> None:
        pruning = pruning_bench(bench)
        for state in FINISHED * 3:
            insert_in_state(bench, state)
        for left in (4, 2, 0):
            pruning.prune(PruneParams(finished_before=bench.now() + DAY, limit=2))
            shown = len(bench.records())
            assert shown == left, f"pruning 2 at the most of {left + 2} finished records left {shown}"

    @_prune_rule(
        "PRU-05",
        "prune deletes what was updated longest ago first",
        text=_LIMIT,
        cause="a limit without an order, or the order of ids",
        needs=(
            "PRU-04",
            "TIM-06",
        ),
    )
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

    @_prune_rule(
        "PRU-06",
        "prune returns how many records it deleted",
        text=_LIMIT,
        cause="the count of what matched, or of the last batch",
        needs=("PRU-04",),
    )
    def test_prune_returns_how_many_it_deleted(self, bench: Bench) -> None:
        pruning = pruning_bench(bench)
        insert_in_state(bench, State.RUNNING)
        for state in FINISHED * 2:
            insert_in_state(bench, state)
        tomorrow = bench.now() + DAY
        params = [PruneParams(finished_before=PAST), *[PruneParams(finished_before=tomorrow, limit=3)] * 3]
        counts = [pruning.prune(each) for each in params]
        assert counts == [0, 3, 1, 0], f"four records were pruned, three at the most at a time, in counts of {counts}"

    @_prune_rule(
        "PRU-07",
        "a pruned record is unknown to every verb",
        text="Anything else (an unknown id, another attempt, another state) raises `ClaimLostError`",
        cause="the record is hidden, not deleted, or a repetition is answered from memory",
        needs=(
            "FEN-03",
            "PRU-01",
        ),
    )
    @each_verb
    def test_a_pruned_record_is_unknown_to_every_verb(self, bench: Bench, verb: Verb) -> None:
        pruning = pruning_bench(bench)
        record = insert_in_state(bench, State.SUCCEEDED)
        pruning.prune(PruneParams(finished_before=bench.now() + DAY))
        assert_refused(bench.backend, finish_params(verb, record), f"record {record.id} was pruned")

    @_prune_rule(
        "PRU-08",
        "pruned records are gone from stats",
        text="Counts of all records; when nothing else is running, those of `list` with `limit=None`.",
        cause="counters that prune does not lower",
        needs=(
            "STA-02",
            "PRU-01",
        ),
    )
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
