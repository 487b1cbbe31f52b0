"""Narrowing a history to some of its records."""

from collections.abc import Collection, Iterator

from msgspec.structs import replace

from lazyjobs import InsertParams, Record
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history._operation import History, Operation


def project(history: History, ids: Collection[int], kept: Collection[int]) -> History:
    """What the history says of the records in `ids`; operations whose place is in `kept` stay even if they say nothing.

    An operation that concerns other records too is narrowed, so the history stays legal as far as it was.
    """
    origins = list(_origins(history, ids))
    operations: list[Operation] = []
    for place, operation in enumerate(history.operations):
        if (narrowed := _narrow(operation, ids, origins)) is not None:
            operations.append(narrowed)
        elif place in kept:
            operations.append(operation)
    initial = tuple(entry for entry in history.initial if entry.id in ids)
    return replace(history, operations=tuple(operations), initial=initial)


def _origins(history: History, ids: Collection[int]) -> Iterator[tuple[object, ...]]:
    for operation in history.operations:
        match operation.answer:
            case m.One(record) if record.id in ids:
                yield _content(record)
            case m.Many(records):
                yield from (_content(record) for record in records if record.id in ids)


def _content(source: Record | InsertParams) -> tuple[object, ...]:
    return source.kind, source.queue, source.payload, source.max_attempts


def _narrow(operation: Operation, ids: Collection[int], origins: Collection[tuple[object, ...]]) -> Operation | None:
    match operation.request, operation.answer:
        case m.Claim() | m.ClaimMany(), m.Unknown():
            return operation
        case m.Insert(params), m.Unknown():
            return operation if _content(params) in origins else None
        case ((m.Insert() | m.Claim()), m.One(record)):
            return operation if record.id in ids else None
        case m.InsertMany(params), m.Many(records):
            pairs = [pair for pair in zip(params, records, strict=False) if pair[1].id in ids]
            return _some(operation, m.InsertMany(tuple(each for each, _ in pairs)), [record for _, record in pairs])
        case (m.ClaimMany() | m.ListRecords()) as request, m.Many(records):
            shown = [record for record in records if record.id in ids]
            return _some(operation, request, shown, empty=isinstance(request, m.ListRecords))
        case (m.Complete() | m.Retry() | m.Discard() | m.Extend()) as request, _:
            return operation if request.params.id in ids else None
        case m.FinishAndClaim(finish, params), answer:
            return _narrow_both(operation, finish, m.Claim(params), answer, ids)
    return None


def _some(
    operation: Operation, request: m.Request, records: Collection[Record], *, empty: bool = False
) -> Operation | None:
    return replace(operation, request=request, answer=m.Many(tuple(records))) if records or empty else None


def _narrow_both(
    operation: Operation, finish: m.Finish, claim: m.Claim, answer: m.Answer, ids: Collection[int]
) -> Operation | None:
    claimed = isinstance(answer, m.Unknown) or (isinstance(answer, m.One) and answer.record.id in ids)
    if finish.params.id in ids:
        if claimed:
            return operation
        return replace(operation, request=finish, answer=m.Nothing() if isinstance(answer, m.One) else answer)
    return replace(operation, request=claim) if claimed else None
