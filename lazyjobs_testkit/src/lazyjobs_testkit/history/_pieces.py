"""Taking a history apart: what each call did to each record."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from lazyjobs import InsertParams, ListOptions, Record
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history._operation import FOREVER, History, Operation, to_nanoseconds

Change = m.Insert | m.Claim | m.Complete | m.Retry | m.Discard | m.Extend


class Piece(Struct, frozen=True, kw_only=True, gc=False):
    """What one call did to one record, or what it saw of it."""

    operation: int
    """The call's place in the history."""
    id: int
    change: Change | None
    """None for a look at the record."""
    record: Record | None = None
    """What was shown of the record; None if nothing was."""
    refused: bool = False
    unknown: bool = False
    """Whether it may have happened or not."""
    loose: bool = False
    """Whether a look may show any state that the record ever had."""
    options: ListOptions | None = None
    """What was looked for."""
    last: tuple[datetime, int] | None = None
    """The place of the last record that was shown, if the limit may have cut off what is older."""
    called: int
    settled: int
    window: m.Window

    @property
    def changes(self) -> bool:
        """Whether the record may be another afterwards."""
        return self.change is not None and not self.refused

    @property
    def names(self) -> bool:
        """Whether the call is about this record, be it refused or not: a claim that overlaps it may pass it over."""
        return self.change is not None


class Partition(Struct, frozen=True, kw_only=True):
    """A history by records."""

    pieces: Mapping[int, Sequence[Piece]]
    """What happened to each record, by id."""
    unknown_claims: Sequence[Piece]
    """Claims without an answer, which may have taken any record; their id is 0."""
    strangers: Mapping[int, int]
    """The ids that were shown although no insert accounts for them, with the first call that showed each."""


def partition(history: History) -> Partition:
    """Takes a history apart, and attributes what unknown inserts may have stored to them."""
    pieces: dict[int, list[Piece]] = defaultdict(list)
    unknown_claims: list[Piece] = []
    for index, operation in enumerate(history.operations):
        for piece in _take_apart(index, operation):
            if piece.id:
                pieces[piece.id].append(piece)
            elif isinstance(piece.change, m.Claim):
                unknown_claims.append(piece)
    strangers = _attribute(history, pieces)
    _add_looks(history, pieces)
    for id in strangers:
        del pieces[id]
    return Partition(pieces=pieces, unknown_claims=unknown_claims, strangers=strangers)


def _take_apart(index: int, operation: Operation) -> Iterator[Piece]:
    unknown = isinstance(operation.answer, m.Unknown)

    def piece(id: int, change: Change, record: Record | None = None, *, refused: bool = False) -> Piece:
        return Piece(
            operation=index,
            id=id,
            change=change,
            record=record,
            refused=refused,
            unknown=unknown,
            called=operation.called,
            settled=operation.settled,
            window=operation.window,
        )

    match operation.request, operation.answer:
        case (m.Insert() | m.Claim()) as request, m.One(record):
            yield piece(record.id, request, record)
        case m.InsertMany(many), m.Many(records):
            for params, record in zip(many, records, strict=False):
                yield piece(record.id, m.Insert(params), record)
        case m.ClaimMany(params, _), m.Many(records):
            for record in records:
                yield piece(record.id, m.Claim(params), record)
        case (m.Complete() | m.Retry() | m.Discard() | m.Extend()) as request, answer:
            yield piece(request.params.id, request, refused=isinstance(answer, m.Lost))
        case m.FinishAndClaim(finish, params), answer:
            yield piece(finish.params.id, finish, refused=isinstance(answer, m.Lost))
            if isinstance(answer, m.One):
                yield piece(answer.record.id, m.Claim(params), answer.record)
            elif unknown:
                yield piece(0, m.Claim(params))
        case m.Claim() as request, m.Unknown():
            yield piece(0, request)
        case m.ClaimMany(params, limit), m.Unknown():
            for _ in range(limit):
                yield piece(0, m.Claim(params))


def _attribute(history: History, pieces: dict[int, list[Piece]]) -> dict[int, int]:
    """Gives unknown inserts the ids of records that were shown but never acknowledged; the ids that remain."""
    known = {entry.id for entry in history.initial}
    known |= {id for id, some in pieces.items() if any(isinstance(piece.change, m.Insert) for piece in some)}
    candidates = list(_unknown_inserts(history.operations))
    strangers: dict[int, int] = {}
    for index, record in _shown(history.operations):
        if record.id in known or record.id in strangers:
            continue
        origin = _origin(history, [each for each in candidates if _accounts_for(each[1], record)], record)
        if origin is None:
            strangers[record.id] = index
            pieces[record.id] = []
            continue
        candidates.remove(origin)
        known.add(record.id)
        operation = history.operations[origin[0]]
        pieces[record.id].append(
            Piece(
                operation=origin[0],
                id=record.id,
                change=m.Insert(origin[1]),
                unknown=True,
                called=operation.called,
                settled=FOREVER,
                window=operation.window,
            )
        )
    return strangers


def _origin(
    history: History, candidates: Sequence[tuple[int, InsertParams]], record: Record
) -> tuple[int, InsertParams] | None:
    """Which of several inserts that are alike made the record: the last that had begun by the time it was created."""
    created = record.created_at + history.terms.clock_skew
    begun = [each for each in candidates if history.operations[each[0]].began <= created]
    return max(begun, key=lambda each: history.operations[each[0]].began, default=next(iter(candidates), None))


def _unknown_inserts(operations: Iterable[Operation]) -> Iterator[tuple[int, InsertParams]]:
    for index, operation in enumerate(operations):
        if isinstance(operation.answer, m.Unknown):
            if isinstance(operation.request, m.Insert):
                yield index, operation.request.params
            elif isinstance(operation.request, m.InsertMany):
                for params in operation.request.params:
                    yield index, params


def _shown(operations: Sequence[Operation]) -> Iterator[tuple[int, Record]]:
    """Every record that a claim or a list showed, in the order of the returns."""
    for index in sorted(range(len(operations)), key=lambda index: operations[index].returned):
        request, answer = operations[index].request, operations[index].answer
        if isinstance(request, m.Insert | m.InsertMany):
            continue
        if isinstance(answer, m.One):
            yield index, answer.record
        elif isinstance(answer, m.Many):
            for record in answer.records:
                yield index, record


def _accounts_for(params: InsertParams, record: Record) -> bool:
    fields = ("kind", "queue", "max_attempts")
    # A list that was not asked for payloads may show none.
    return params.payload == (record.payload or params.payload) and all(
        getattr(params, name) == getattr(record, name) for name in fields
    )


def _add_looks(history: History, pieces: dict[int, list[Piece]]) -> None:
    changes = {id: [piece for piece in some if piece.changes] for id, some in pieces.items()}
    for index, operation in enumerate(history.operations):
        if not isinstance(operation.request, m.ListRecords) or not isinstance(operation.answer, m.Many):
            continue
        shown = {record.id: record for record in operation.answer.records}
        options = operation.request.options
        last = None if m.is_whole(options, len(shown)) else _place_of_last(operation.answer.records)
        quiet = _is_quiet(history, operation)
        for id in list(pieces):
            oldest = operation.called if quiet else _oldest_view(history, operation, changes[id])
            pieces[id].append(
                Piece(
                    operation=index,
                    id=id,
                    change=None,
                    record=shown.get(id),
                    loose=oldest is None,
                    options=options,
                    last=last,
                    called=operation.called if oldest is None else oldest,
                    settled=operation.settled,
                    window=operation.window,
                )
            )


def _place_of_last(records: Sequence[Record]) -> tuple[datetime, int]:
    return records[-1].updated_at, records[-1].id


def _is_quiet(history: History, look: Operation) -> bool:
    """Whether no other call overlapped a list or stats, nor what it may be behind by."""
    begin = look.called - to_nanoseconds(history.terms.staleness)
    return not any(
        other.called < look.returned and begin < other.settled < FOREVER
        for other in history.operations
        if not isinstance(other.request, m.ListRecords | m.CountRecords)
    )


def _oldest_view(history: History, look: Operation, changes: Sequence[Piece]) -> int | None:
    """As of when a list shows a record at the latest: what its caller had been told of it before; None if nothing.

    Nothing is promised about the writes of other callers while they are at it.
    """
    told = [
        piece.settled
        for piece in changes
        if piece.settled <= look.called and history.operations[piece.operation].caller == look.caller
    ]
    return max(0, max(told) + 1 - to_nanoseconds(history.terms.staleness)) if told else None
