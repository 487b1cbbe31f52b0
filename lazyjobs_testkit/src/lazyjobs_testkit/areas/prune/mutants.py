"""Backends that prune too much, too little, or the wrong records."""

from collections.abc import Sequence

from lazyjobs import FinishParams, PruneParams, Record, State, Stats
from lazyjobs_testkit.zoo._base import FINISHED, CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class KeepsTheDiscarded(CorrectBackend):
    """Prune deletes succeeded records only."""

    def is_old(self, record: Record, params: PruneParams) -> bool:
        return super().is_old(record, params) and record.state is State.SUCCEEDED


class PrunesTheRetrying(CorrectBackend):
    """Prune deletes retrying records, too."""

    def is_old(self, record: Record, params: PruneParams) -> bool:
        retrying = record.state is State.RETRYING and record.updated_at < params.finished_before
        return super().is_old(record, params) or retrying


class PrunesAtTheMoment(CorrectBackend):
    """Prune deletes what was updated at finished_before exactly, too."""

    def is_old(self, record: Record, params: PruneParams) -> bool:
        return record.state in FINISHED and record.updated_at <= params.finished_before


class PrunesWithoutLimit(CorrectBackend):
    """Prune deletes everything that is old, whatever the limit."""

    def prune(self, params: PruneParams) -> int:
        with self.exclusive("prune"):
            return sum([super(PrunesWithoutLimit, self).prune(params) for _ in self.table.all()])


class PrunesById(CorrectBackend):
    """Prune deletes the lowest ids first, whenever they were updated."""

    def prune_order(self, record: Record) -> tuple[object, ...]:
        return (record.id,)


class CountsTheOld(CorrectBackend):
    """Prune answers with how many records were old enough, also when it deletes fewer."""

    def prune(self, params: PruneParams) -> int:
        with self.exclusive("prune"):
            old = sum(self.is_old(record, params) for record in self.table.all())
            super().prune(params)
            return old


class Graveyard(Table):
    """A table that remembers what was deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.buried: dict[int, Record] = {}

    def delete(self, id: int) -> None:
        self.buried[id] = self.records[id]
        super().delete(id)


class Haunted(CorrectBackend):
    """Repeating the finish of a record that was pruned is answered as if the record were there."""

    table_class = Graveyard
    table: Graveyard

    def finish(self, params: FinishParams) -> None:
        buried = self.table.buried.get(params.id)
        if buried is None or not self.is_settled(buried, params):
            super().finish(params)


class CountsThePruned(CorrectBackend):
    """Stats goes on counting what was pruned."""

    table_class = Graveyard
    table: Graveyard

    def count(self, records: Sequence[Record]) -> Stats:
        return super().count([*records, *self.table.buried.values()])


MUTANTS = (
    Mutant(KeepsTheDiscarded.Harness, "PRU-01", r"prune left discarded record 1"),
    Mutant(PrunesTheRetrying.Harness, "PRU-02", r"pruning unfinished records: the records were \[1, 2, 3\] and are"),
    Mutant(PrunesAtTheMoment.Harness, "PRU-03", r"prune before .* deleted what was updated at"),
    Mutant(PrunesWithoutLimit.Harness, "PRU-04", r"pruning 2 at the most of 6 finished records left 0"),
    Mutant(PrunesById.Harness, "PRU-05", r"prune deleted record 1, updated at .*, before record 3"),
    Mutant(CountsTheOld.Harness, "PRU-06", r"in counts of \[0, 4, 1, 0\]"),
    Mutant(Haunted.Harness, "PRU-07", r"was accepted, although record 1 was pruned"),
    Mutant(CountsThePruned.Harness, "PRU-08", r"of three records two were pruned, and stats counts 3"),
)
