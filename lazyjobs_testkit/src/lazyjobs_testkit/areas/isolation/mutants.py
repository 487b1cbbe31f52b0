"""Backends that reach from one namespace into another."""

from collections.abc import Sequence
from typing import cast

from lazyjobs import ClaimParams, FinishParams, PruneParams, Record, Stats
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table, TableHarness


class OneTable(CorrectBackend):
    """Stats counts the records of every namespace."""

    def count(self, records: Sequence[Record]) -> Stats:
        return super().count([*records, *(record for table in others(self) for record in table.all())])


class SharedQueues(CorrectBackend):
    """A claim that finds nothing due takes what is due in another namespace."""

    def take(self, params: ClaimParams) -> Record | None:
        record = super().take(params)
        return record or next((found for table in others(self) if (found := CorrectBackend(table).claim(params))), None)


class FinishesNextDoor(CorrectBackend):
    """A finish of an id that is unknown in its own namespace is looked for in the others."""

    def finish(self, params: FinishParams) -> None:
        for table in others(self):
            if self.table.get(params.id) is None and table.get(params.id) is not None:
                with table.changed:
                    return CorrectBackend(table).finish(params)
        return super().finish(params)


class PrunesEverywhere(CorrectBackend):
    """Prune deletes the finished records of every namespace."""

    def prune(self, params: PruneParams) -> int:
        return super().prune(params) + sum(CorrectBackend(table).prune(params) for table in others(self))


def others(backend: CorrectBackend) -> Sequence[Table]:
    """The tables of the other namespaces that are in use."""
    tables = cast(type[TableHarness], backend.Harness).tables
    return [table for table in tables.values() if table is not backend.table]


MUTANTS = (
    Mutant(OneTable.Harness, "ISO-01", r"a namespace into which nothing was inserted counts 1 records"),
    Mutant(SharedQueues.Harness, "ISO-01", r"a claim in another namespace got record 1"),
    Mutant(FinishesNextDoor.Harness, "ISO-02", r"\w+ of record 1 was accepted in a namespace without records"),
    Mutant(PrunesEverywhere.Harness, "ISO-02", r"prune in another namespace: the records were \[1\] and are \[\]"),
)
