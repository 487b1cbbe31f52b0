"""LST: what list shows, in which order, and how much of it."""

import time
from collections.abc import Sequence
from datetime import datetime
from itertools import combinations, pairwise

from lazyjobs import ClaimParams, CompleteParams, ListOptions, Record, State, SupportsFinishAndClaim
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
    tick,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import finish_params, insert_in_state

_LIST = "At most `options.limit` of the records that pass `options`: newest `updated_at` first, then the highest id."

_KILOBYTE = b'"' + b"x" * 1022 + b'"'
_TYPES = {
    "id": int,
    "kind": str,
    "queue": str,
    "state": State,
    "attempt": int,
    "max_attempts": int,
    "run_at": datetime,
    "created_at": datetime,
    "updated_at": datetime,
    "last_error": str,
    "abandoned": int,
    "claimed_by": str,
    "spared": int,
}


class ListTests:
    @rule(
        "LST-01",
        "list shows the newest updated_at first",
        text=_LIST,
        level=Level.CORE,
        cause="ordering by id or created_at, which looks right until a record is claimed",
        needs=(
            "TIM-06",
            "CLM-16",
        ),
    )
    def test_list_shows_the_newest_updated_at_first(self, bench: Bench) -> None:
        records = shuffled_by_claims(bench)
        expected = newest_first(records)
        assert_listed(settled_list(bench), expected)

    @rule(
        "LST-02",
        "of records updated at the same time the highest id comes first",
        text=_LIST,
        level=Level.CORE,
        cause="ORDER BY updated_at DESC alone, or a stable sort of records in ascending ids",
        needs=(
            "LST-01",
            "CLM-11",
        ),
    )
    def test_of_records_updated_at_the_same_time_the_highest_id_comes_first(self, bench: Bench) -> None:
        update_in_pairs(bench)
        fill(bench, 60, least=60)
        listed = settled_list(bench)
        ties = [(one, other) for one, other in pairwise(listed) if one.updated_at == other.updated_at]
        if not ties:
            bench.not_applicable("of 60 records, inserted as fast as can be, no two were updated at the same time")
        for one, other in ties:
            assert one.id > other.id, (
                f"list shows id {one.id} before id {other.id}, both updated at {describe(one.updated_at)}"
            )

    @rule(
        "LST-03",
        "list shows no more than the limit, and of all records the newest",
        text=_LIST,
        level=Level.CORE,
        cause="the limit is applied before the order, or to each state, shard or page",
        needs=("LST-01",),
    )
    def test_list_shows_no_more_than_the_limit_and_of_all_records_the_newest(self, bench: Bench) -> None:
        records = shuffled_by_claims(bench)
        expected = newest_first(records)
        for limit in (1, 2, len(records), len(records) + 1, 1000):
            assert_listed(settled_list(bench, limit=limit), expected[:limit])

    @rule(
        "LST-04",
        "with limit=None list shows every record, however many there are",
        text="At least 1; None is all.",
        level=Level.CORE,
        cause="the first page of a query is taken for all of it, or None becomes the default of 100",
        needs=("INS-11",),
    )
    def test_without_a_limit_list_shows_every_record(self, bench: Bench) -> None:
        size = min(len(_KILOBYTE), bench.traits.max_payload or len(_KILOBYTE))
        payload = _KILOBYTE if size == len(_KILOBYTE) else b"7"
        count = fill(bench, 2_100, payload, least=250)
        ids = [record.id for record in settled_list(bench)]
        assert len(ids) == count, f"list(limit=None) shows {len(ids)} records of {count}"
        assert len(set(ids)) == count, f"list(limit=None) shows {len(ids) - len(set(ids))} records more than once"

    @rule(
        "LST-05",
        "list shows only records of the given states",
        text="Only these; None is every state.",
        level=Level.CORE,
        cause="a set of several states is asked for as if it were one, or retrying is counted as pending",
        needs=("TRN-12",),
    )
    def test_list_shows_only_records_of_the_given_states(self, bench: Bench) -> None:
        keeps_finished(bench)
        of_state = {state: insert_in_state(bench, state).id for state in State}
        for size in range(1, len(State) + 1):
            for states in combinations(State, size):
                listed = {record.id for record in settled_list(bench, states=states)}
                expected = {of_state[state] for state in states}
                assert listed == expected, f"list of {', '.join(states)} shows {listed} instead of {expected}"

    @rule(
        "LST-06",
        "an empty set of states shows nothing",
        text="Only these; None is every state.",
        level=Level.CORE,
        cause="`if options.states:` takes the empty set for None, or `IN ()` is an error of syntax",
        needs=("LST-11",),
    )
    def test_an_empty_set_of_states_shows_nothing(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        shown = [record.id for record in settled_list(bench, states=())]
        assert not shown, f"list of no states at all shows the records {shown}"

    @rule(
        "LST-07",
        "the limit counts records of the given states only",
        text=_LIST,
        level=Level.CORE,
        cause="the newest are fetched first and filtered afterwards (a DynamoDB Limit with a FilterExpression)",
        needs=("LST-05",),
    )
    def test_the_limit_counts_records_of_the_given_states_only(self, bench: Bench) -> None:
        held = {bench.claimed(run_at=PAST, lease=HOUR).id for _ in range(3)}
        for _ in range(5):
            bench.insert(run_at=FUTURE)
            tick(bench)
        for limit in (2, 3, 4):
            listed = [record.id for record in settled_list(bench, limit=limit, states=(State.RUNNING,))]
            assert len(listed) == min(limit, 3), f"with limit {limit} list shows {len(listed)} of 3 running records"
            assert held.issuperset(listed), f"list of running records shows {listed}; running are {held}"

    @rule(
        "LST-08",
        "without options list shows the newest hundred of every state",
        text="At least 1; None is all. … Only these; None is every state.",
        level=Level.CORE,
        cause="a default of the backend's own: everything, the unfinished, or another number",
        needs=(
            "LST-11",
            "CLM-11",
            "LST-03",
        ),
    )
    def test_without_options_list_shows_the_newest_hundred(self, bench: Bench) -> None:
        fill(bench, 100, least=100)
        bench.claimed(queue="held", run_at=PAST, lease=HOUR)
        everything = settled_list(bench)
        assert_listed(bench.backend.list(), everything[:100])

    @rule(
        "LST-09",
        "list reads and changes nothing",
        text="Read-only.",
        level=Level.CORE,
        cause="expired leases are put back, or times are touched, on the way",
        needs=(
            "CLM-02",
            "LSE-02",
        ),
    )
    def test_list_changes_nothing(self, bench: Bench) -> None:
        ended = claim_ended(bench)
        waiting = bench.insert(queue="other", run_at=PAST)
        for states in (None, (State.RUNNING,), (State.PENDING,)):
            settled_list(bench, states=states)
        before = {record.id: record for record in (ended, waiting)}
        assert_all_same(before, bench.records(), "listing")

    @rule(
        "LST-10",
        "list shows what the caller has just been told is done",
        text="Sees every write that was acknowledged to the caller before, or declares by how much it may be behind.",
        level=Level.CORE,
        cause="a cache, a replica, an index or a second connection that is behind, without a declared staleness",
        needs=(
            "TRN-01",
            "LST-11",
        ),
    )
    def test_list_shows_at_once_what_was_done(self, bench: Bench) -> None:
        keeps_finished(bench)
        assert not settled_list(bench), "a new namespace is not empty"
        inserted = bench.insert(run_at=PAST)
        assert_shows(bench, inserted.id, State.PENDING, "insert")
        claimed = bench.claim_due()
        assert_shows(bench, inserted.id, State.RUNNING, "claim")
        bench.backend.complete(CompleteParams(id=claimed.id, attempt=claimed.attempt))
        assert_shows(bench, inserted.id, State.SUCCEEDED, "complete")

    @rule(
        "LST-11",
        "list returns a sequence of records",
        text="The sequence is the caller's own.",
        level=Level.CORE,
        cause="a generator or a cursor, which has no length and reads after the method returned",
        needs=("CLM-01",),
    )
    def test_list_returns_a_sequence_of_records(self, bench: Bench) -> None:
        bench.claimed(run_at=PAST)
        bench.insert(run_at=FUTURE)
        listed = settled_list(bench)
        assert isinstance(listed, Sequence), f"list returned a {type(listed).__name__}, which is no sequence"
        for record in listed:
            assert isinstance(record, Record), f"list shows a {type(record).__name__}, which is no Record"
            for name, expected in _TYPES.items():
                value = getattr(record, name)
                assert isinstance(value, expected), f"{name} of record {record.id} is {value!r}, no {expected.__name__}"


def settled(bench: Bench, options: ListOptions) -> Sequence[Record]:
    """What list answers once it may no longer be behind."""
    time.sleep(bench.traits.staleness.total_seconds())
    return bench.backend.list(options)


def settled_list(
    bench: Bench, *, limit: int | None = None, states: tuple[State, ...] | None = None
) -> Sequence[Record]:
    """The same, by limit and states."""
    return settled(bench, ListOptions(limit=limit, states=None if states is None else frozenset(states)))


def assert_ids(shown: Sequence[Record], expected: Sequence[Record], options: ListOptions) -> None:
    """Fails unless list with these options showed these records in this order."""
    got, wanted = [record.id for record in shown], [record.id for record in expected]
    assert got == wanted, f"list with {describe(options)} shows the ids {describe(got)} instead of {describe(wanted)}"


def shuffled_by_claims(bench: Bench) -> list[Record]:
    """Four records, as they are: updated one after the other, and neither in the order of ids nor against it."""
    records: dict[int, Record] = {}
    for number in range(4):
        record = bench.insert(run_at=PAST + number * HOUR)
        records[record.id] = record
        tick(bench)
    for _ in range(2):
        claimed = bench.claim_due(lease=HOUR)
        records[claimed.id] = claimed
        tick(bench)
    return [*records.values()]


def update_in_pairs(bench: Bench) -> None:
    """Lets finish_and_claim, where it is offered, update two records at a time: it may read the clock once for both."""
    if not isinstance(bench.backend, SupportsFinishAndClaim):
        return
    for name, hours in (("lower-first", (0, 1)), ("higher-first", (1, 0))):
        for hour in hours:
            bench.insert(queue=name, run_at=PAST + hour * HOUR)
        first = bench.claim_due(queues=(name,))
        bench.backend.finish_and_claim(finish_params("retry", first, run_at=FUTURE), ClaimParams(queues=(name,)))


def newest_first(records: Sequence[Record]) -> Sequence[Record]:
    return sorted(records, key=lambda record: (record.updated_at, record.id), reverse=True)


def assert_listed(listed: Sequence[Record], expected: Sequence[Record]) -> None:
    """Fails unless list showed these records in this order."""
    got, wanted = [record.id for record in listed], [record.id for record in expected]
    times = ", ".join(f"{record.id} updated at {describe(record.updated_at)}" for record in expected[:10])
    assert got == wanted, f"list shows the ids {describe(got)} instead of {describe(wanted)} ({times})"


def assert_shows(bench: Bench, id: int, state: State, verb: str) -> None:
    states = {record.id: record.state for record in settled_list(bench)}
    assert states == {id: state}, f"after {verb} list shows {states or 'nothing'} instead of {{{id}: {state}}}"
