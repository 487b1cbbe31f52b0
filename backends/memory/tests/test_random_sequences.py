"""Random sequences of calls, compared with a model that is as simple as the contract reads."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
    RetryParams,
    State,
    Stats,
    WaitParams,
)
from lazyjobs_memory import MemoryBackend

RETENTION = 3
START = datetime(2030, 1, 1, tzinfo=UTC)
OUTCOMES = {CompleteParams: State.SUCCEEDED, RetryParams: State.RETRYING, DiscardParams: State.DISCARDED}
FINISHED = (State.SUCCEEDED, State.DISCARDED)

times = st.integers(-20, 20).map(lambda seconds: START + timedelta(seconds=seconds))
maybe_times = st.none() | times
durations = st.integers(1, 15).map(lambda seconds: timedelta(seconds=seconds))
names = st.sampled_from(["a", "b", "c"])
queues = st.lists(names, min_size=1, max_size=3).map(tuple)
inserts = st.builds(InsertParams, kind=names, queue=names, run_at=maybe_times)
claims = st.builds(ClaimParams, queues=queues, now=maybe_times, lease=durations, worker=st.sampled_from(["", "w", "v"]))
states = st.none() | st.frozensets(st.sampled_from(State))
some_names = st.none() | st.frozensets(names)
ids = st.integers(1, 8)
places = st.none() | st.tuples(times, ids)
attempts = st.integers(1, 3)
texts = st.sampled_from(["", "boom"])
finishes = st.one_of(
    st.builds(CompleteParams, id=ids, attempt=attempts),
    st.builds(RetryParams, id=ids, attempt=attempts, run_at=maybe_times, last_error=texts, spare=st.booleans()),
    st.builds(DiscardParams, id=ids, attempt=attempts, last_error=texts),
)


class Model:
    """A list of records, in the order in which they were last changed, and a clock."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.inserted = 0
        self.now = datetime.min.replace(tzinfo=UTC)

    def insert(self, params: InsertParams) -> Record:
        self.inserted += 1
        record = Record(
            id=self.inserted,
            kind=params.kind,
            queue=params.queue,
            payload=params.payload,
            state=State.PENDING,
            attempt=0,
            max_attempts=params.max_attempts,
            run_at=params.run_at or self.now,
            created_at=self.now,
            updated_at=self.now,
        )
        self.records.append(record)
        return record

    def waiting(self, names: tuple[str, ...]) -> list[tuple[datetime, int]]:
        """What is due sooner or later, in order."""
        unfinished = [record for record in self.records if record.queue in names and record.state not in FINISHED]
        return sorted((record.lease_expires_at or record.run_at, record.id) for record in unfinished)

    def claim(self, params: ClaimParams) -> Record | None:
        now = params.now or self.now
        due = [id for time, id in self.waiting(params.queues) if time <= now]
        if not due:
            return None
        (before,) = (record for record in self.records if record.id == due[0])
        record = replace(
            before,
            state=State.RUNNING,
            attempt=before.attempt + 1,
            updated_at=self.now,
            lease_expires_at=now + params.lease,
            claimed_by=params.worker,
            taken_from=before.claimed_by if before.state is State.RUNNING else None,
            abandoned=before.abandoned + (before.state is State.RUNNING),
        )
        self.change(before, record)
        return record

    def change(self, before: Record, record: Record) -> None:
        self.records.remove(before)
        self.records.append(record)
        alike = [other for other in self.records if other.state == record.state]
        if record.state in FINISHED and len(alike) > RETENTION:
            self.records.remove(alike[0])

    def find(self, params: FinishParams | ExtendParams, states: tuple[State, ...]) -> Record:
        for record in self.records:
            if (record.id, record.attempt) == (params.id, params.attempt) and record.state in states:
                return record
        raise ClaimLostError(params.id, params.attempt, "by the model")

    def finish(self, params: FinishParams) -> None:
        outcome = OUTCOMES[type(params)]
        before = self.find(params, (State.RUNNING, outcome))
        if before.state == outcome:
            return
        record = replace(before, state=outcome, updated_at=self.now, lease_expires_at=None)
        if not isinstance(params, CompleteParams):
            record = replace(record, last_error=params.last_error)
        if isinstance(params, RetryParams):
            record = replace(record, run_at=params.run_at or self.now, spared=before.spared + params.spare)
        self.change(before, record)

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        self.finish(finish)
        return self.claim(params)

    def extend(self, params: ExtendParams) -> None:
        before = self.find(params, (State.RUNNING,))
        end = (params.now or self.now) + params.lease
        self.records[self.records.index(before)] = replace(before, lease_expires_at=end)

    def prune(self, params: PruneParams) -> int:
        old = [
            record for record in self.records if record.state in FINISHED and record.updated_at < params.finished_before
        ]
        for record in old[: params.limit]:
            self.records.remove(record)
        return len(old[: params.limit])

    def list(self, options: ListOptions) -> list[Record]:
        found = [
            record
            for record in self.records
            if (options.states is None or record.state in options.states)
            and (options.kinds is None or record.kind in options.kinds)
            and (options.queues is None or record.queue in options.queues)
            and (options.before is None or (record.updated_at, record.id) < options.before)
        ]
        return sorted(found, key=lambda record: (record.updated_at, record.id), reverse=True)[: options.limit]

    def stats(self) -> Stats:
        by_queue_state: dict[str, Counter[State]] = {}
        for record in self.records:
            by_queue_state.setdefault(record.queue, Counter())[record.state] += 1
        return Stats(
            total=len(self.records),
            by_state=Counter(record.state for record in self.records),
            by_kind=Counter(record.kind for record in self.records),
            by_queue=Counter(record.queue for record in self.records),
            by_queue_state=by_queue_state,
        )


def outcome_of(call: Callable[[], object]) -> object:
    try:
        return call()
    except ClaimLostError as lost:
        return "lost", lost.id, lost.attempt


class BackendAndModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = START
        self.backend = MemoryBackend(retention=RETENTION, clock=lambda: self.clock)
        self.model = Model()

    @rule(seconds=st.integers(-3, 10))
    def turn_the_clock(self, seconds: int) -> None:
        self.clock += timedelta(seconds=seconds)

    @rule(params=inserts)
    def insert(self, params: InsertParams) -> None:
        self.read_the_clock()
        assert self.backend.insert(params) == self.model.insert(params)

    @rule(params=st.lists(inserts, min_size=1, max_size=4))
    def insert_many(self, params: list[InsertParams]) -> None:
        self.read_the_clock()
        assert self.backend.insert_many(params) == [self.model.insert(each) for each in params]

    @rule(params=claims)
    def claim(self, params: ClaimParams) -> None:
        self.read_the_clock()
        assert self.backend.claim(params) == self.model.claim(params)

    @rule(params=claims, limit=st.integers(1, 4))
    def claim_many(self, params: ClaimParams, limit: int) -> None:
        self.read_the_clock()
        claimed = [self.model.claim(params) for _ in range(limit)]
        assert self.backend.claim_many(params, limit) == [record for record in claimed if record is not None]

    @rule(params=finishes)
    def finish(self, params: FinishParams) -> None:
        self.read_the_clock()
        assert outcome_of(lambda: self.call_verb(params)) == outcome_of(lambda: self.model.finish(params))

    @rule(finish=finishes, params=claims)
    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> None:
        self.read_the_clock()
        expected = outcome_of(lambda: self.model.finish_and_claim(finish, params))
        assert outcome_of(lambda: self.backend.finish_and_claim(finish, params)) == expected

    @rule(params=st.builds(ExtendParams, id=ids, attempt=attempts, lease=durations, now=maybe_times))
    def extend(self, params: ExtendParams) -> None:
        self.read_the_clock()
        assert outcome_of(lambda: self.backend.extend(params)) == outcome_of(lambda: self.model.extend(params))

    @rule(params=st.builds(PruneParams, finished_before=times, limit=st.integers(1, 3)))
    def prune(self, params: PruneParams) -> None:
        assert self.backend.prune(params) == self.model.prune(params)

    @rule(names=queues)
    def look_for_something_due(self, names: tuple[str, ...]) -> None:
        self.read_the_clock()
        due = any(time <= self.model.now for time, _ in self.model.waiting(names))
        assert self.backend.wait(WaitParams(queues=names, timeout=timedelta(0))) == due

    @rule(
        options=st.builds(
            ListOptions,
            limit=st.none() | st.integers(1, 5),
            states=states,
            kinds=some_names,
            queues=some_names,
            before=places,
        )
    )
    def list(self, options: ListOptions) -> None:
        assert self.backend.list(options) == self.model.list(options)

    @invariant()
    def both_hold_the_same(self) -> None:
        everything = ListOptions(limit=None)
        assert self.backend.list(everything) == self.model.list(everything)
        assert self.backend.stats() == self.model.stats()

    def call_verb(self, params: FinishParams) -> None:
        match params:
            case CompleteParams():
                self.backend.complete(params)
            case RetryParams():
                self.backend.retry(params)
            case DiscardParams():
                self.backend.discard(params)

    def read_the_clock(self) -> None:
        self.model.now = max(self.model.now, self.clock)


TestRandomSequences = BackendAndModel.TestCase
TestRandomSequences.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, print_blob=True)
