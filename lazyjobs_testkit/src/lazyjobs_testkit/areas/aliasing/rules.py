"""ALI: what a caller may do with the objects it gave and got."""

from collections.abc import MutableMapping, MutableSequence

from msgspec import structs

from lazyjobs import CompleteParams, Record, RetryParams, Stats, SupportsInsertMany
from lazyjobs_testkit.areas.listing.rules import settled_list
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    FUTURE,
    PAST,
    assert_all_same,
    claim_again,
    differences,
    keeps_finished,
    plain_params,
)

_SHARE = "Objects passed in and handed out share no mutable state with the store."


class AliasingTests:
    @rule(
        "ALI-01",
        "a record handed out stays as it was, whatever becomes of the stored one",
        text=f"One stored piece of work, as it was at one moment; an immutable value. … {_SHARE}",
        level=Level.CORE,
        cause="the store hands out the object that it goes on to change",
        needs=(
            "TRN-01",
            "TRN-16",
        ),
    )
    def test_a_record_handed_out_stays_as_it_was(self, bench: Bench) -> None:
        keeps_finished(bench)
        handed_out = [bench.insert(run_at=PAST)]
        as_they_were = [structs.asdict(handed_out[0])]

        def keep(record: Record) -> Record:
            handed_out.append(record)
            as_they_were.append(structs.asdict(record))
            return record

        first = keep(bench.claim_due())
        bench.backend.retry(RetryParams(id=first.id, attempt=first.attempt, run_at=PAST, last_error="boom"))
        keep(bench.records()[first.id])
        second = keep(claim_again(bench, first))
        bench.backend.complete(CompleteParams(id=second.id, attempt=second.attempt))
        for record, before in zip(handed_out, as_they_were, strict=True):
            changes = differences(Record(**before), record)
            assert not changes, f"a record that was handed out as {before['state']} changed later: {changes}"

    @rule(
        "ALI-02",
        "what is done to a list that was handed out changes nothing else",
        text=f"The sequence is the caller's own. … {_SHARE}",
        level=Level.CORE,
        cause="list answers with the store's own list, or with one it keeps for the next call",
        needs=(
            "INS-09",
            "LST-10",
        ),
    )
    def test_what_is_done_to_a_list_changes_nothing_else(self, bench: Bench) -> None:
        before = {record.id: record for record in (bench.insert(run_at=PAST) for _ in range(3))}
        for limit in (100, None):
            listed = settled_list(bench, limit=limit)
            if isinstance(listed, MutableSequence):
                listed.clear()
            after = {record.id: record for record in settled_list(bench, limit=limit)}
            assert_all_same(before, after, "clearing a list that was handed out")

    @rule(
        "ALI-03",
        "what is done to stats that were handed out changes nothing else",
        text=f"The mappings are the caller's own: changing them changes nothing else. … {_SHARE}",
        level=Level.CORE,
        cause="stats answers with the counters themselves, at least in the inner mappings",
        needs=(
            "STA-02",
            "STA-10",
        ),
    )
    def test_what_is_done_to_stats_changes_nothing_else(self, bench: Bench) -> None:
        for number in range(3):
            bench.insert(queue=f"queue-{number}", kind=f"kind-{number}", run_at=FUTURE)
        before = thawed(bench.stats())
        given = bench.stats()
        for mapping in (*given.by_queue_state.values(), given.by_state, given.by_kind, given.by_queue):
            clear(mapping)
        clear(given.by_queue_state)
        after = thawed(bench.stats())
        assert after == before, f"clearing the mappings of stats changed them from {before} to {after}"

    @rule(
        "ALI-04",
        "what is done to the sequences of insert_many changes nothing else",
        text=_SHARE,
        level=Level.CAPABILITY,
        cause="the sequence is kept to be written later, or the one handed out is the store's own",
        capability=SupportsInsertMany,
        needs=(
            "BLK-01",
            "INS-09",
        ),
    )
    def test_what_is_done_to_the_sequences_of_insert_many_changes_nothing_else(self, bench: Bench) -> None:
        inserting = bench.supports(SupportsInsertMany)
        params = plain_params(3)
        records = inserting.insert_many(params)
        before = {record.id: record for record in records}
        params.clear()
        if isinstance(records, MutableSequence):
            records.clear()
        assert_all_same(before, bench.records(), "clearing the sequences of insert_many")


def clear(mapping: object) -> None:
    if isinstance(mapping, MutableMapping):
        mapping.clear()


def thawed(stats: Stats) -> dict[str, object]:
    """The content of stats as dictionaries of its own."""
    return {
        "total": stats.total,
        "by_state": dict(stats.by_state),
        "by_kind": dict(stats.by_kind),
        "by_queue": dict(stats.by_queue),
        "by_queue_state": {queue: dict(states) for queue, states in stats.by_queue_state.items()},
    }
