"""The verdict on a history."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from msgspec.structs import replace

from lazyjobs_testkit import model as m
from lazyjobs_testkit.history._ids import check_ids
from lazyjobs_testkit.history._linearize import Failure, Trace, linearize, recovered
from lazyjobs_testkit.history._operation import FOREVER, History, Operation, claimed, inserted, to_nanoseconds
from lazyjobs_testkit.history._order import check_order
from lazyjobs_testkit.history._pieces import Partition, Piece, partition
from lazyjobs_testkit.history._verdict import Tally, Verdict, Violation

_EQUAL_CLAIMS = 16
_PLAINEST = tuple(m.Fault)


def check(history: History) -> Verdict:
    """Whether the contract allows a history, and what became of its records.

    Claims, finishes and what list shows are checked record by record for linearizability; ids, the order of claims,
    None and stats for all records together.
    """
    history = replace(history, terms=_without_idle_retention(history))
    parts = partition(history)
    initial = {entry.id: entry for entry in history.initial}
    traces = {id: _explain(id, parts, history, initial.get(id)) for id in parts.pieces}
    doubt = min((piece.called for piece in parts.unknown_claims), default=FOREVER)
    violations = [
        *check_ids(history),
        *_strangers(parts),
        *(_violation(id, trace.failure) for id, trace in traces.items() if trace.failure is not None),
        *check_order(history, traces, doubt),
        *_check_stats(history, traces, certain=not parts.unknown_claims),
    ]
    violations.sort(key=lambda violation: history.operations[violation.operations[-1]].returned)
    return Verdict(tuple(violations), _tally(history, traces, violations))


def _without_idle_retention(history: History) -> m.Terms:
    """The terms, with no retention if it cannot have dropped anything in this history."""
    retention, operations = history.terms.retention, history.operations
    if retention is None or not operations:
        return history.terms
    if isinstance(retention, timedelta):
        span = max(operation.ended for operation in operations) - min(operation.began for operation in operations)
        idle = not history.initial and span < retention
    else:
        idle = len(history.initial) + sum(len(inserted(operation)) for operation in operations) <= retention
    return replace(history.terms, retention=None) if idle else history.terms


def trace_record(history: History, id: int) -> Trace:
    """What one record went through."""
    history = replace(history, terms=_without_idle_retention(history))
    initial = {entry.id: entry for entry in history.initial}
    return _explain(id, partition(history), history, initial.get(id))


def _explain(id: int, parts: Partition, history: History, initial: m.Entry | None) -> Trace:
    trace = linearize(parts.pieces[id], history.terms, initial)
    if trace.failure is None or not parts.unknown_claims:
        return trace
    # Claims that got no answer are drawn upon only where nothing else explains a record: few records need one.
    return linearize([*parts.pieces[id], *_some(parts.unknown_claims)], history.terms, initial)


def _some(unknown_claims: Sequence[Piece]) -> Iterator[Piece]:
    """Of equal claims as many as may have taken one record between them."""
    seen: Counter[object] = Counter()
    for piece in sorted(unknown_claims, key=lambda piece: piece.called):
        seen[piece.change] += 1
        if seen[piece.change] <= _EQUAL_CLAIMS:
            yield piece


def _strangers(parts: Partition) -> Iterator[Violation]:
    for id, operation in parts.strangers.items():
        yield Violation(m.Fault.INVENTED, f"record {id} was shown, but nobody inserted it", (operation,), (id,))


def _violation(id: int, failure: Failure) -> Violation:
    plainest = min(failure.faults, key=lambda fault: _PLAINEST.index(fault.fault))
    reasons: dict[m.Fault, str] = {plainest.fault: plainest.reason}
    for fault in (*failure.faults, *failure.others):
        reasons.setdefault(fault.fault, fault.reason)
    reason = "; or, in another order, ".join([*reasons.values()][:3])
    return Violation(plainest.fault, reason, (failure.piece.operation,), (id,))


def _check_stats(history: History, traces: Mapping[int, Trace], *, certain: bool) -> Iterator[Violation]:
    """Where no claim is in doubt, records that no call concerned are as they were."""
    untouched = [entry for entry in history.initial if entry.id not in traces]
    for index, operation in enumerate(history.operations):
        if isinstance(operation.answer, m.Counts):
            try:
                m.check_sums(operation.answer.stats)
                if (certain or not untouched) and (found := _entries_during(operation, history, traces)) is not None:
                    entries = [*untouched, *found]
                    kept = [entry for entry in entries if history.terms.retention is None or not entry.finished]
                    m.check_stats(operation.answer.stats, kept, entries)
            except m.DisallowedError as error:
                yield Violation(error.fault, error.reason, (index,), ())


def _entries_during(operation: Operation, history: History, traces: Mapping[int, Trace]) -> Sequence[m.Entry] | None:
    """All records while a call ran, and for as long before it as it may be behind; None if any of them is uncertain."""
    begin = operation.called - to_nanoseconds(history.terms.staleness)
    entries: list[m.Entry] = []
    for trace in traces.values():
        calm = trace.calm_during(begin, operation.returned)
        if calm is None or len(calm.states) != 1:
            return None
        entries += [state for state in calm.states if state is not None]
    return entries


def _tally(history: History, traces: Mapping[int, Trace], violations: Sequence[Violation]) -> Tally:
    operations = history.operations
    finishes = m.Complete | m.Retry | m.Discard
    ends = [each.answer for each in operations if isinstance(each.request, finishes | m.FinishAndClaim)]
    concerned = {fault: {id for each in violations if each.fault is fault for id in each.records} for fault in m.Fault}
    return Tally(
        inserted=sum(len(inserted(operation)) for operation in operations),
        claims=sum(len(claimed(operation)) for operation in operations),
        recovered=sum(len(list(recovered(trace))) for trace in traces.values()),
        finished=sum(isinstance(answer, m.Nothing | m.One) for answer in ends),
        refused=sum(isinstance(answer, m.Lost) for answer in ends),
        unknown=sum(isinstance(operation.answer, m.Unknown) for operation in operations),
        duplicated=len(concerned[m.Fault.DUPLICATED]),
        lost=len(concerned[m.Fault.LOST]),
        invented=len(concerned[m.Fault.INVENTED]),
    )
