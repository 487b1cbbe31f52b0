"""Shrinking a history to what shows a violation."""

from collections.abc import Sequence

from msgspec.structs import replace

from lazyjobs_testkit import model as m
from lazyjobs_testkit.history._check import check, trace_record
from lazyjobs_testkit.history._minimize import minimize
from lazyjobs_testkit.history._operation import History, Operation
from lazyjobs_testkit.history._project import project
from lazyjobs_testkit.history._verdict import Violation

_ENOUGH = 8

Shrunk = tuple[History, Violation]


def shrink(history: History, violation: Violation) -> Shrunk:
    """The history with little left but what shows the violation, and the violation as it is found there.

    Only what cannot make a legal history illegal is left out: other records, what came later, calls that changed
    nothing, and, for a single record, everything before it last lay untouched, of which its state is kept.
    """
    shrunk = (history, violation)
    for narrow in (_drop_later, _drop_other_records, _drop_idle, _drop_earlier):
        shrunk = narrow(*shrunk) or shrunk
    return shrunk


def _find_again(history: History, violation: Violation) -> Shrunk | None:
    for found in check(history).violations:
        if found.fault is violation.fault and set(found.records) == set(violation.records):
            return history, found
    return None


def _drop_later(history: History, violation: Violation) -> Shrunk | None:
    end = max(history.operations[place].returned for place in violation.operations)
    operations = tuple(operation for operation in history.operations if operation.called <= end)
    return _find_again(replace(history, operations=operations), violation)


def _drop_other_records(history: History, violation: Violation) -> Shrunk | None:
    if not violation.records:
        return None
    return _find_again(project(history, set(violation.records), violation.operations), violation)


def _drop_idle(history: History, violation: Violation) -> Shrunk | None:
    shown = [history.operations[place] for place in violation.operations]
    idle = [each for each in history.operations if _is_idle(each) and each not in shown]

    def without(some: Sequence[Operation]) -> Shrunk | None:
        dropped = {id(each) for each in idle} - {id(each) for each in some}
        operations = tuple(each for each in history.operations if id(each) not in dropped)
        return _find_again(replace(history, operations=operations), violation)

    return without([]) or without(minimize(idle, lambda some: without(some) is not None))


def _is_idle(operation: Operation) -> bool:
    """Whether the call changed nothing, by its answer."""
    if isinstance(operation.request, m.ListRecords | m.CountRecords) or isinstance(operation.answer, m.Lost):
        return True
    return isinstance(operation.request, m.Claim) and isinstance(operation.answer, m.Nothing)


def _drop_earlier(history: History, violation: Violation) -> Shrunk | None:
    if len(violation.records) != 1 or len(history.operations) <= _ENOUGH:
        return None
    blamed = history.operations[violation.operations[-1]]
    calms = [
        calm
        for calm in trace_record(history, violation.records[0]).calms
        if calm.begin < blamed.called and len(calm.states) == 1
    ]
    for calm in reversed(calms):
        initial = tuple(state for state in calm.states if state is not None)
        operations = tuple(each for each in history.operations if each.settled > calm.begin)
        found = _find_again(replace(history, operations=operations, initial=initial), violation)
        if found is not None:
            return found
    return None
