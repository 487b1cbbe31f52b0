"""Backends whose list shows the wrong records, or too few, or in the wrong order."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from lazyjobs import InsertParams, ListOptions, Record, State
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class ListedById(CorrectBackend):
    """List shows the highest id first, whatever was updated last."""

    def list_order(self, record: Record) -> tuple[object, ...]:
        return (record.id,)


class LowestIdFirst(CorrectBackend):
    """Of records updated at the same time, as those of one batch are, list shows the lowest id first."""

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        with self.exclusive("insert_many"):
            for each in params:
                self.check_size(each)
            now = self.now()
            records = [self.new_record(self.next_id(), each, now) for each in params]
            for record in records:
                self.table.put(record)
            return records

    def list_order(self, record: Record) -> tuple[object, ...]:
        return record.updated_at, -record.id


class LimitBeforeOrder(CorrectBackend):
    """List takes as many records as it is to show and only then sorts them."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        shown = super().newest(records, replace(options, limit=None))
        first = sorted(shown, key=lambda record: record.id)[: options.limit]
        return super().newest(first, options)


class AThousandIsAll(CorrectBackend):
    """A list without a limit ends after a thousand records."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        return super().newest(records, replace(options, limit=options.limit or 1000))


class OneStateOnly(CorrectBackend):
    """Of several states list shows the records of one only."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        states = None if options.states is None else sorted(options.states)[:1]
        return super().newest(records, replace(options, states=states))


class NoStateIsEveryState(CorrectBackend):
    """An empty set of states is taken for none at all, and everything is shown."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        return super().newest(records, replace(options, states=options.states or None))


class LimitBeforeStates(CorrectBackend):
    """The limit is applied before the records of other states are left out."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        shown = super().newest(records, replace(options, states=None))
        return super().newest(shown, options)


class FiftyByDefault(CorrectBackend):
    """Without options list shows fifty records."""

    def list(self, options: ListOptions = ListOptions(limit=50)) -> Sequence[Record]:  # noqa: B008
        return super().list(options)


class ListReaps(CorrectBackend):
    """Listing puts the records whose leases have ended back to pending."""

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008
        with self.exclusive("list"):
            reap(self, self.table)
            return super().list(options)


class RemembersEmptiness(CorrectBackend):
    """A list that found nothing is remembered, and answers the next list, too."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.was_empty = False

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        answer = [] if self.was_empty else super().newest(records, options)
        self.was_empty = not self.was_empty and options == ListOptions(limit=None) and not answer
        return answer


class ListsAView(CorrectBackend):
    """List returns a view of its records that can be gone through, but is no sequence."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        return {record.id: record for record in super().newest(records, options)}.values()  # type: ignore[return-value]


def reap(backend: CorrectBackend, table: Table) -> None:
    """Puts back to pending what is running and due."""
    for record in table.all():
        if record.state is State.RUNNING and backend.is_due(record, backend.now()):
            table.put(replace(record, state=State.PENDING, lease_expires_at=None))


MUTANTS = (
    Mutant(ListedById.Harness, "LST-01", r"list shows the ids \[4, 3, 2, 1\] instead of \[2, 1, 4, 3\]"),
    Mutant(LowestIdFirst.Harness, "LST-02", r"list shows id \d+ before id \d+, both updated at"),
    Mutant(LimitBeforeOrder.Harness, "LST-03", r"list shows the ids \[1\] instead of \[2\]"),
    Mutant(AThousandIsAll.Harness, "LST-04", r"list\(limit=None\) shows 1000 records of 2100"),
    Mutant(OneStateOnly.Harness, "LST-05", r"list of \w+, \w+ shows \{\d\} instead of \{\d, \d\}"),
    Mutant(NoStateIsEveryState.Harness, "LST-06", r"list of no states at all shows the records \[1\]"),
    Mutant(LimitBeforeStates.Harness, "LST-07", r"with limit 2 list shows 0 of 3 running records"),
    Mutant(FiftyByDefault.Harness, "LST-08", r"list shows the ids|list shows 50"),
    Mutant(ListReaps.Harness, "LST-09", r"listing changed record 1: state was running and is pending"),
    Mutant(RemembersEmptiness.Harness, "LST-10", r"after insert list shows nothing instead of"),
    Mutant(ListsAView.Harness, "LST-11", r"list returned a dict_values, which is no sequence"),
)
