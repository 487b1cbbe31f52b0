"""ISO: what two namespaces know of one another: nothing."""

from lazyjobs import (
    Backend,
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
    SupportsExtend,
    SupportsPrune,
)
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._support import DAY, FUTURE, HOUR, PAST, assert_all_same, keeps_finished, stored
from lazyjobs_testkit.suite._verbs import Verb, each_verb, finish, finish_params

_APART = "Two namespaces (files, prefixes, schemas) never see one another, in any method."


class IsolationTests:
    @rule(
        "ISO-01",
        "list, stats and claim see nothing of another namespace",
        text=_APART,
        level=Level.CORE,
        cause="a prefix that is missing from one key, topic or query, or state kept in the module or class",
        namespaces=2,
        needs=(
            "CLM-14",
            "STA-01",
        ),
    )
    def test_list_and_stats_see_nothing_of_another_namespace(self, bench: Bench) -> None:
        other = bench.elsewhere()
        record = bench.insert(run_at=PAST)
        stored(bench, record.id)
        seen = [record.id for record in other.list(ListOptions(limit=None))]
        assert not seen, f"a namespace into which nothing was inserted lists the records {seen}"
        total = other.stats().total
        assert total == 0, f"a namespace into which nothing was inserted counts {total} records"

    @rule("ISO-01")
    def test_claim_finds_nothing_of_another_namespace(self, bench: Bench) -> None:
        other = bench.elsewhere()
        record = bench.insert(run_at=PAST)
        for _ in range(1 + bench.traits.empty_answers):
            claimed = other.claim(ClaimParams())
            assert claimed is None, f"a claim in another namespace got record {claimed.id}"
        assert_all_same({record.id: record}, bench.records(), "a claim in another namespace")

    @rule(
        "ISO-02",
        "no verb reaches a record of another namespace",
        text=_APART,
        level=Level.CORE,
        cause="a finish finds its record by the id alone, and ids are counted for all namespaces together",
        namespaces=2,
        needs=(
            "TRN-03",
            "CLM-02",
            "FEN-03",
        ),
    )
    @each_verb
    def test_finishing_does_not_reach_into_another_namespace(self, bench: Bench, verb: Verb) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        other = bench.elsewhere()
        try:
            finish(other, finish_params(verb, record, last_error="boom", run_at=FUTURE))
        except ClaimLostError:
            assert_all_same({record.id: record}, bench.records(), f"{verb} in another namespace")
        else:
            raise AssertionError(f"{verb} of record {record.id} was accepted in a namespace without records")

    @rule("ISO-02")
    @each_verb
    def test_finishing_leaves_the_same_id_in_another_namespace(self, bench: Bench, verb: Verb) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        other = bench.elsewhere()
        twin = claimed_elsewhere(bench, other)
        finish(other, finish_params(verb, twin, last_error="boom", run_at=FUTURE))
        assert_all_same({record.id: record}, bench.records(), f"{verb} in another namespace")

    @rule("ISO-02")
    def test_extending_does_not_reach_into_another_namespace(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        other = bench.elsewhere()
        if not isinstance(other, SupportsExtend):
            bench.not_applicable("no extend")
        twin = claimed_elsewhere(bench, other)
        other.extend(ExtendParams(id=twin.id, attempt=twin.attempt, lease=DAY))
        assert_all_same({record.id: record}, bench.records(), "extend in another namespace")

    @rule("ISO-02")
    def test_pruning_does_not_reach_into_another_namespace(self, bench: Bench) -> None:
        keeps_finished(bench)
        other = bench.elsewhere()
        if not isinstance(other, SupportsPrune):
            bench.not_applicable("no prune")
        record = bench.claimed(run_at=PAST)
        bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        before = bench.records()
        other.prune(PruneParams(finished_before=FUTURE))
        assert_all_same(before, bench.records(), "prune in another namespace")


def claimed_elsewhere(bench: Bench, other: Backend) -> Record:
    """A record inserted and claimed through a handle on another namespace."""
    other.insert(InsertParams(kind=KIND, run_at=PAST))
    for _ in range(1 + bench.traits.empty_answers):
        if (record := other.claim(ClaimParams(lease=HOUR))) is not None:
            return record
    raise AssertionError("claim answered None in another namespace, although a record was due there")
