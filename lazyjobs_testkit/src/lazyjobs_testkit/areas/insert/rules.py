"""INS: what insert promises."""

from itertools import pairwise

from lazyjobs import CompleteParams, InsertParams, PruneParams, State, SupportsPrune
from lazyjobs_testkit.areas.claim.rules import CLAIMED
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    MICROSECOND,
    PAST,
    assert_clock,
    assert_fields,
    assert_rounded,
    assert_same,
    differences,
    stored,
)
from lazyjobs_testkit.suite._trail import describe

_UNIQUE = "The id is unique among all threads, processes and instances, greater than those this instance gave before"

PERMITTED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/-"
NAMES = (
    PERMITTED,
    PERMITTED[::-1] * 2,
    "a" * 100,
    "x",
    "0",
    ".",
    "..",
    "-",
    "_",
    "/",
    "//",
    ":",
    "a/../b",
    "--",
    "/a/",
)
"""Whatever is permitted: every character, the longest and the shortest, and what means something to a file system."""

MAX_ID = 2**63 - 1


class InsertTests:
    @rule(
        "INS-01",
        "insert stores a record that list shows from then on",
        text="Stores a new record, pending, and returns it once it is stored",
        level=Level.CORE,
        cause="the write is buffered or left in an open transaction when insert returns",
    )
    def test_an_inserted_record_is_in_the_list(self, bench: Bench) -> None:
        record = bench.insert(run_at=PAST)
        records = bench.records()
        assert [*records] == [record.id], f"inserted record {record.id}, and list shows {[*records] or 'nothing'}"

    @rule(
        "INS-02",
        "a new record is pending, at attempt 0, without an error and without a lease",
        text="Stores a new record, pending, and returns it once it is stored: attempt 0, no error, no lease.",
        level=Level.CORE,
        cause="a column's default (NULL, attempt 1) instead of the contract's value",
        needs=("INS-01",),
    )
    def test_a_new_record_is_pending_without_attempt_error_or_lease(self, bench: Bench) -> None:
        record = bench.insert(run_at=PAST)
        assert_fields(record, "insert", state=State.PENDING, attempt=0, last_error="", lease_expires_at=None)

    @rule(
        "INS-03",
        "kind, queue and max_attempts are stored as given, whatever is permitted",
        text="1 to 100 characters of `A-Z a-z 0-9 . _ : / -`. … Set by insert, never changed. … From 1 to 2^31-1.",
        level=Level.CORE,
        cause="a column too short, names that serve as keys or file names and are escaped one way only, a 16-bit "
        "integer, a field left out of the INSERT",
        needs=("INS-01",),
    )
    def test_permitted_kinds_and_queues_are_stored_as_given(self, bench: Bench) -> None:
        names = [name[:100] for name in NAMES]
        given = {
            bench.insert(kind=kind, queue=queue, run_at=PAST).id: (kind, queue)
            for kind, queue in zip(names, reversed(names), strict=True)
        }
        records = bench.records()
        for id, (kind, queue) in given.items():
            assert id in records, f"record {id} of kind {kind!r} on queue {queue!r} is missing from list"
            assert_fields(records[id], "insert", kind=kind, queue=queue)

    @rule("INS-03")
    def test_the_least_and_the_greatest_max_attempts_are_stored_as_given(self, bench: Bench) -> None:
        given = {bench.insert(max_attempts=most, run_at=PAST).id: most for most in (1, 25, 2**15, 2**31 - 1)}
        records = bench.records()
        for id, most in given.items():
            assert_fields(records[id], "insert", max_attempts=most)

    @rule(
        "INS-04",
        "run_at is what was given",
        text="Not to be claimed before. Set by insert and by retry, by nothing else.",
        level=Level.CORE,
        cause="a run_at in the past is moved to now, or a delay is computed from it and added to another clock",
        needs=("INS-01",),
    )
    def test_run_at_is_what_was_given(self, bench: Bench) -> None:
        for run_at in (PAST, bench.now().replace(microsecond=0) + HOUR, FUTURE):
            record = bench.insert(run_at=run_at)
            assert_rounded(bench, f"run_at of record {record.id}", record.run_at, run_at)

    @rule(
        "INS-05",
        "without a run_at it is the clock's now",
        text="`run_at=None` becomes the clock's now.",
        level=Level.CORE,
        cause="None is stored as it is, as the epoch, or as a local time",
        needs=("INS-01",),
    )
    def test_without_a_run_at_it_is_the_clocks_now(self, bench: Bench) -> None:
        began = bench.now()
        record = bench.insert(run_at=None)
        assert_clock(bench, f"run_at of record {record.id}", record.run_at, began, bench.now())

    @rule(
        "INS-06",
        "ids are integers from 1 to 2^63-1",
        text="From 1 to 2^63-1, unique in its namespace for ever, even after the record was pruned. Set by insert.",
        level=Level.CORE,
        cause="ids counted from 0, UUIDs or strings, random numbers of 64 bits",
    )
    def test_ids_are_integers_in_range(self, bench: Bench) -> None:
        for id in [bench.insert(run_at=PAST).id for _ in range(3)]:
            assert type(id) is int, f"id {id!r} is of type {type(id).__name__}"
            assert 1 <= id <= MAX_ID, f"id {id} is not from 1 to 2^63-1"

    @rule(
        "INS-07",
        "the ids that one instance gives grow",
        text=_UNIQUE,
        level=Level.CORE,
        cause="random ids, or a time in front of random bits that do not grow within one millisecond",
    )
    def test_ids_grow_within_an_instance(self, bench: Bench) -> None:
        ids = [bench.insert(run_at=PAST).id for _ in range(50)]
        for before, after in pairwise(ids):
            assert before < after, f"id {after} was given after id {before}"

    @rule(
        "INS-08",
        "two instances never give the same id",
        text=_UNIQUE,
        level=Level.CORE,
        cause="a counter kept in the instance, or a block of ids reserved without writing that down",
        needs=("INS-01",),
    )
    def test_two_instances_never_give_the_same_id(self, bench: Bench) -> None:
        handles = [bench.backend, bench.open()]
        params = InsertParams(kind=KIND, run_at=PAST)
        ids = [handle.insert(params).id for _ in range(10) for handle in handles]
        ids.append(bench.open().insert(params).id)
        twice = sorted({id for id in ids if ids.count(id) > 1})
        assert not twice, f"two instances on one namespace both gave the ids {twice}"

    @rule(
        "INS-09",
        "what insert returns is what list returns later",
        text="What is returned is what `list` and `claim` return later, but for the fields that a transition changes.",
        level=Level.CORE,
        cause="insert answers with its parameters while the storage rounds, trims or defaults them",
        needs=("INS-01",),
    )
    def test_list_shows_what_insert_returned(self, bench: Bench) -> None:
        run_at = PAST + 123_457 * MICROSECOND
        record = bench.insert(kind="Kit.Kind", queue="Kit.Queue", payload=b'{"a":1}', max_attempts=3, run_at=run_at)
        changes = differences(record, stored(bench, record.id))
        assert not changes, f"what insert returned is not what list shows: {changes}"

    @rule(
        "INS-10",
        "what insert returns is what claim returns later, but for what claiming changes",
        text="What is returned is what `list` and `claim` return later, but for the fields that a transition changes.",
        level=Level.CORE,
        cause="insert and claim build the record by two pieces of code that have drifted apart",
        needs=(
            "INS-09",
            "TIM-05",
        ),
    )
    def test_claim_returns_what_insert_returned(self, bench: Bench) -> None:
        run_at = PAST + 123_457 * MICROSECOND
        record = bench.insert(kind="Kit.Kind", queue="Kit.Queue", payload=b'{"a":1}', max_attempts=3, run_at=run_at)
        claimed = bench.claim_due(queues=("Kit.Queue",))
        assert_same(record, claimed, "claiming", but=CLAIMED)

    @rule(
        "INS-11",
        "inserting the same again stores a second record",
        text="Stores a new record, pending, and returns it once it is stored",
        level=Level.CORE,
        cause="a unique key over kind and payload, or a content hash as the key",
        needs=("INS-01",),
    )
    def test_inserting_the_same_again_stores_a_second_record(self, bench: Bench) -> None:
        first, second = (bench.insert(payload=b'{"a":1}', run_at=PAST) for _ in range(2))
        assert first.id != second.id, f"inserting the same again answered with record {first.id} again"
        ids = sorted(bench.records())
        assert ids == sorted((first.id, second.id)), f"after two inserts of the same list shows the records {ids}"

    @rule(
        "INS-12",
        "the id of a pruned record is never given again",
        text="The id is unique among all threads, processes and instances, greater than those this instance gave "
        "before, and never used again, not even after the record was pruned.",
        level=Level.CAPABILITY,
        cause="the next id is the highest stored one plus one (SQLite without AUTOINCREMENT, max(id)+1)",
        capability=SupportsPrune,
        needs=(
            "PRU-01",
            "INS-08",
        ),
    )
    def test_the_id_of_a_pruned_record_is_never_given_again(self, bench: Bench) -> None:
        pruning = bench.supports(SupportsPrune)
        used = set()
        for _ in range(3):
            record = bench.claimed(run_at=PAST)
            bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
            used.add(record.id)
        pruning.prune(PruneParams(finished_before=bench.now() + DAY))
        instances = [bench.backend] if bench.traits.single_instance else [bench.backend, bench.open()]
        for instance in instances:
            again = instance.insert(InsertParams(kind=KIND, run_at=PAST))
            assert again.id not in used, f"id {again.id} was given again; records {describe(sorted(used))} were pruned"
            used.add(again.id)
