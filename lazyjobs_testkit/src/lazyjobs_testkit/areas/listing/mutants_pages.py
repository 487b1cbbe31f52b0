"""Backends whose list filters, pages or leaves out payloads in a way of its own."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from lazyjobs import ListOptions, Record
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class AnyKind(CorrectBackend):
    """List shows every kind: it was written before there was a filter."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        return super().passes(record, replace(options, kinds=None))


class OneKindOnly(CorrectBackend):
    """Of several kinds list shows the records of one only."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        kinds = None if options.kinds is None else sorted(options.kinds)[:1]
        return super().passes(record, replace(options, kinds=kinds))


class AnyQueue(CorrectBackend):
    """List shows every queue: it was written before there was a filter."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        return super().passes(record, replace(options, queues=None))


class ListsByPrefix(CorrectBackend):
    """A queue stands for every queue whose name begins like it."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        queues = options.queues
        if queues and any(record.queue.startswith(name) for name in queues):
            queues = None
        return super().passes(record, replace(options, queues=queues))


class NoKindIsEveryKind(CorrectBackend):
    """An empty set of kinds is taken for none at all."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        return super().passes(record, replace(options, kinds=options.kinds or None))


class NoQueueIsEveryQueue(CorrectBackend):
    """An empty set of queues is taken for none at all."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        return super().passes(record, replace(options, queues=options.queues or None))


class KindOrQueue(CorrectBackend):
    """Of the filters of kinds and queues one is enough."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        if not options.kinds or not options.queues:
            return super().passes(record, options)
        alone = replace(options, queues=None), replace(options, kinds=None)
        return any(super(KindOrQueue, self).passes(record, each) for each in alone)


class KindInsteadOfState(CorrectBackend):
    """Beside kinds the states do not count."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        return super().passes(record, options if options.kinds is None else replace(options, states=None))


class LimitBeforeQueues(CorrectBackend):
    """The limit is applied before the records of other kinds and queues are left out."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        empty = options.kinds == frozenset() or options.queues == frozenset()
        shown = super().newest([] if empty else records, replace(options, kinds=None, queues=None))
        return super().newest(shown, options)


class BeforeNothing(CorrectBackend):
    """List shows what is not before the place, too: it was written before there was one."""

    def is_before(self, record: Record, place: tuple[datetime, int]) -> bool:  # noqa: ARG002
        return True


class BeforeAndAt(CorrectBackend):
    """What list is to show before is shown itself."""

    def is_before(self, record: Record, place: tuple[datetime, int]) -> bool:
        return (record.updated_at, record.id) <= place


class BeforeByTime(CorrectBackend):
    """Of what list is to show before only the time is compared."""

    def is_before(self, record: Record, place: tuple[datetime, int]) -> bool:
        return record.updated_at < place[0]


class BeforeInEither(CorrectBackend):
    """A record is before a place if its time is earlier, or its id is smaller, whatever its time."""

    def is_before(self, record: Record, place: tuple[datetime, int]) -> bool:
        return record.updated_at < place[0] or record.id < place[1]


class BeforeInMilliseconds(CorrectBackend):
    """The time that list is to show before is rounded up to milliseconds."""

    def is_before(self, record: Record, place: tuple[datetime, int]) -> bool:
        at = any(each.updated_at == place[0] for each in self.table.all())
        rounded = _EPOCH - (-(place[0] - _EPOCH) // _MILLISECOND) * _MILLISECOND
        return super().is_before(record, place if at else (rounded, place[1]))


class BeforeARecordOnly(CorrectBackend):
    """What list is to show before must be the place of a record, or else nothing is shown."""

    def is_before(self, record: Record, place: tuple[datetime, int]) -> bool:
        known = any(place[0] == each.updated_at for each in self.table.all())
        return known and super().is_before(record, place)


class SecondPageUnfiltered(CorrectBackend):
    """Filters are forgotten on a further page."""

    def passes(self, record: Record, options: ListOptions) -> bool:
        if options.before is None:
            return super().passes(record, options)
        return self.is_before(record, options.before)


class LimitBeforePlace(CorrectBackend):
    """The newest are taken first, as many as the limit says and ten more, and of them those before the place."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        if options.limit is None or options.before is None:
            return super().newest(records, options)
        first = super().newest(records, replace(options, before=None, limit=options.limit + 3))
        return super().newest(first, options)


class BeforeWhereItIsNow(CorrectBackend):
    """A further page begins before where the last record of the one before is now."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.shown: dict[int, datetime] = {}

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        page = super().newest(records, options)
        self.shown = {record.id: record.updated_at for record in page[-1:]}
        return page

    def is_before(self, record: Record, place: tuple[datetime, int]) -> bool:
        last = self.table.get(place[1]) if self.shown.get(place[1]) == place[0] else None
        return super().is_before(record, place if last is None else (last.updated_at, last.id))


class BareLooks(CorrectBackend):
    """Without payloads list leaves out the error texts, too."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        shown = super().newest(records, options)
        return shown if options.payloads else [replace(record, payload=b"", last_error="") for record in shown]


class OtherPayloads(CorrectBackend):
    """Without payloads list shows an empty object for each."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        shown = super().newest(records, options)
        return shown if options.payloads else [replace(record, payload=b"{}") for record in shown]


class NeverThePayloadAgain(CorrectBackend):
    """What list has shown without its payload it shows so ever after."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.bare: set[int] = set()

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        shown = super().newest(records, options)
        if not options.payloads:
            self.bare.update(record.id for record in shown)
        return [replace(record, payload=b"") if record.id in self.bare else record for record in shown]


MUTANTS = (
    Mutant(AnyKind.Harness, "LST-12", r"kinds=\{'mail'\}\) shows \{1, 2, 3, 4, 5\} instead of \{1\}"),
    Mutant(OneKindOnly.Harness, "LST-12", r"shows \{\d\} instead of \{\d, \d\}"),
    Mutant(AnyQueue.Harness, "LST-13", r"queues=\{'mail'\}\) shows \{1, 2, 3, 4, 5\} instead of \{1\}"),
    Mutant(ListsByPrefix.Harness, "LST-13", r"queues=\{'mail'\}\) shows \{1, 3, 4\} instead of \{1\}"),
    Mutant(NoKindIsEveryKind.Harness, "LST-14", r"list of no kinds at all shows the records \[1\]"),
    Mutant(NoQueueIsEveryQueue.Harness, "LST-14", r"list of no queues at all shows the records \[1\]"),
    Mutant(KindOrQueue.Harness, "LST-15", r"kinds=\{'a'\}, queues=\{'y'\}\) shows the ids .* instead of"),
    Mutant(KindInsteadOfState.Harness, "LST-15", r"states=\{\w+\}, kinds=\{'a'\}\) shows the ids .* instead of"),
    Mutant(LimitBeforeQueues.Harness, "LST-16", r"limit=1, .*\) shows the ids \[\] instead of \[3\]"),
    Mutant(BeforeNothing.Harness, "LST-17", r"before=\[.*\]\) shows the ids \[2, 1, 4, 3\] instead of"),
    Mutant(BeforeAndAt.Harness, "LST-17", r"before=\[.*, 2\]\) shows the ids \[2, 1, 4, 3\] instead of \[1, 4, 3\]"),
    Mutant(
        BeforeByTime.Harness,
        "LST-17",
        r"before=\[.*, 3\]\) shows the ids \[1, 4, 3\] instead of \[2, 1, 4, 3\]",
    ),
    Mutant(BeforeInEither.Harness, "LST-17", r"before=.*\) shows the ids .* instead of"),
    Mutant(BeforeInMilliseconds.Harness, "LST-18", r"before=.*\) shows the ids .* instead of"),
    Mutant(BeforeARecordOnly.Harness, "LST-18", r"before=.*\) shows the ids \[\] instead of \[2, 1, 4, 3\]"),
    Mutant(SecondPageUnfiltered.Harness, "LST-19", r"limit=1, kinds=.*\) shows the ids .* instead of"),
    Mutant(LimitBeforePlace.Harness, "LST-19", r"limit=1\) shows the ids .* instead of"),
    Mutant(
        BeforeWhereItIsNow.Harness,
        "LST-20",
        r"pages show records .* twice|pages of list still do not end",
    ),
    Mutant(BareLooks.Harness, "LST-21", r"listing without payloads changed record 1: last_error was 'why it is so'"),
    Mutant(OtherPayloads.Harness, "LST-21", r"list shows record \d with the payload b'\{\}'; it may be b'' or"),
    Mutant(NeverThePayloadAgain.Harness, "LST-21", r"listing without payloads changed record \d: payload was"),
)
