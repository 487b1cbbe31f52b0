"""Backends that share what they hand out, or were given, with their store."""

from collections.abc import Iterable, Sequence

from msgspec.structs import asdict, force_setattr

from lazyjobs import CompleteParams, FinishParams, InsertParams, ListOptions, Record, Stats
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class CompletesInPlace(CorrectBackend):
    """Complete changes the very object that claim has handed out."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        if not isinstance(params, CompleteParams):
            return outcome
        for name, value in asdict(outcome).items():
            force_setattr(record, name, value)
        return record


class HandsOutItsCache(CorrectBackend):
    """List answers with the list that it keeps until something changes, instead of a copy."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.cache: tuple[object, list[Record]] = ((), [])

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        key = (options, [*records])
        if self.cache[0] != key:
            self.cache = (key, [*super().newest(key[1], options)])
        return self.cache[1]


class HandsOutItsCounts(CorrectBackend):
    """Stats answers with the counts that it keeps until something changes, instead of a copy."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.counted: Sequence[Record] = ()
        self.counts = super().count(())

    def count(self, records: Sequence[Record]) -> Stats:
        if self.counted != records:
            self.counted, self.counts = records, super().count(records)
        return self.counts


class BatchTable(Table):
    """A table that keeps the last batch as the list in which it was handed out, until the next call."""

    def __init__(self) -> None:
        super().__init__()
        self.batch: list[Record] = []

    def write_batch(self) -> None:
        for record in self.batch:
            self.put(record)
        self.batch = []


class WritesTheBatchLater(CorrectBackend):
    """The list that insert_many has handed out is what the next call writes."""

    table_class = BatchTable
    table: BatchTable

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        records = [*super().insert_many(params)]
        with self.table.changed:
            for record in records:
                self.table.delete(record.id)
            self.table.batch = records
        return records

    def check_open(self, method: str) -> None:
        super().check_open(method)
        self.table.write_batch()


MUTANTS = (
    Mutant(CompletesInPlace.Harness, "ALI-01", r"a record that was handed out as running changed later: state was"),
    Mutant(
        HandsOutItsCache.Harness,
        "ALI-02",
        r"clearing a list that was handed out: the records were \[1, 2, 3\] and are \[\]",
    ),
    Mutant(HandsOutItsCounts.Harness, "ALI-03", r"clearing the mappings of stats changed them from"),
    Mutant(
        WritesTheBatchLater.Harness, "ALI-04", r"clearing the sequences of insert_many: the records were \[1, 2, 3\]"
    ),
)
