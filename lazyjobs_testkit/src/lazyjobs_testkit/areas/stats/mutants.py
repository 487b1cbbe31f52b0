"""Backends whose stats count wrongly."""

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from lazyjobs import FinishParams, Record, State, Stats
from lazyjobs_testkit.areas.listing.mutants import reap
from lazyjobs_testkit.zoo._base import FINISHED, CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class NeverZero(CorrectBackend):
    """The total of an empty namespace is 1."""

    def count(self, records: Sequence[Record]) -> Stats:
        stats = super().count(records)
        return replace(stats, total=stats.total or 1)


class CountsToAThousand(CorrectBackend):
    """The total counts no more than a thousand records."""

    def count(self, records: Sequence[Record]) -> Stats:
        stats = super().count(records)
        return replace(stats, total=min(stats.total, 1000))


class TotalOfTheUnfinished(CorrectBackend):
    """The total leaves out what was discarded."""

    def count(self, records: Sequence[Record]) -> Stats:
        stats = super().count(records)
        return replace(stats, total=stats.total - stats.by_state.get(State.DISCARDED, 0))


class RetryingIsPending(CorrectBackend):
    """By state, retrying records are counted as pending."""

    def count(self, records: Sequence[Record]) -> Stats:
        states = Counter(State.PENDING if each.state is State.RETRYING else each.state for each in records)
        return replace(super().count(records), by_state=dict(states))


class RepeatsCount(CorrectBackend):
    """By state, a finish that is repeated is counted once more."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.repeats: Counter[State] = Counter()

    def is_settled(self, record: Record, params: FinishParams) -> bool:
        settled = super().is_settled(record, params)
        self.repeats[record.state] += settled
        return settled

    def count(self, records: Sequence[Record]) -> Stats:
        stats = super().count(records)
        return replace(stats, by_state=dict(Counter(stats.by_state) + self.repeats))


class FoldedKinds(CorrectBackend):
    """Kinds are counted without regard to case."""

    def count(self, records: Sequence[Record]) -> Stats:
        return replace(super().count(records), by_kind=dict(Counter(record.kind.lower() for record in records)))


class QueuesOfTheUnfinished(CorrectBackend):
    """By queue, only unfinished records are counted."""

    def count(self, records: Sequence[Record]) -> Stats:
        unfinished = Counter(record.queue for record in records if record.state not in FINISHED)
        return replace(super().count(records), by_queue=dict(unfinished))


class StatesOfOneQueue(CorrectBackend):
    """By queue and state, every queue shows the counts of all of them together."""

    def count(self, records: Sequence[Record]) -> Stats:
        stats = super().count(records)
        return replace(stats, by_queue_state={queue: dict(stats.by_state) for queue in stats.by_queue})


class EndedLeasesUncounted(CorrectBackend):
    """By state, a running record whose lease has ended is counted nowhere."""

    def count(self, records: Sequence[Record]) -> Stats:
        now = self.now()
        counted = [each for each in records if not (each.state is State.RUNNING and self.is_due(each, now))]
        return replace(super().count(records), by_state=super().count(counted).by_state)


class EveryStateIsThere(CorrectBackend):
    """By state, a state without a record is there, too, with 0."""

    def count(self, records: Sequence[Record]) -> Stats:
        stats = super().count(records)
        by_state: Mapping[State, int] = {state: stats.by_state.get(state, 0) for state in State}
        return replace(stats, by_state=by_state)


class StatsReaps(CorrectBackend):
    """Asking for stats puts the records whose leases have ended back to pending."""

    def stats(self) -> Stats:
        with self.exclusive("stats"):
            reap(self, self.table)
            return super().stats()


class RemembersNothing(CorrectBackend):
    """Stats of an empty namespace are remembered, and are the answer the next time, too."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.was_empty = False

    def count(self, records: Sequence[Record]) -> Stats:
        stats = super().count([] if self.was_empty else records)
        self.was_empty = not self.was_empty and not stats.total
        return stats


MUTANTS = (
    Mutant(NeverZero.Harness, "STA-01", r"total of a namespace without records is 1"),
    Mutant(CountsToAThousand.Harness, "STA-02", r"total is 1000; inserted were 1102 records"),
    Mutant(TotalOfTheUnfinished.Harness, "STA-02", r"total is 11; there are .*discarded: 1"),
    Mutant(RetryingIsPending.Harness, "STA-03", r"by_state counts .*pending: 6.* instead of .*retrying: 2"),
    Mutant(RepeatsCount.Harness, "STA-03", r"by_state counts .*: 2.* instead of .*: 1, .*: 1, .*: 1"),
    Mutant(FoldedKinds.Harness, "STA-04", r"by_kind counts .*'mail': 3.* instead of"),
    Mutant(QueuesOfTheUnfinished.Harness, "STA-05", r"by_queue counts .*'Mail': 1.* instead of .*'Mail': 2"),
    Mutant(StatesOfOneQueue.Harness, "STA-06", r"by_queue_state counts .* instead of"),
    Mutant(EndedLeasesUncounted.Harness, "STA-07", r"total is 33, the groupings sum to \{'by_state': 32"),
    Mutant(EveryStateIsThere.Harness, "STA-08", r"by_state has keys without a record: \['pending'"),
    Mutant(StatsReaps.Harness, "STA-09", r"asking for stats changed record 1: state was running and is pending"),
    Mutant(RemembersNothing.Harness, "STA-10", r"by_state after insert counts \{\} instead of \{pending: 1\}"),
)
