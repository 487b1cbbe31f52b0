"""What concerns several records at once: the order of claims, and None as an answer.

Strict order is global, so it cannot be checked record by record; deciding it in full would take a search over all
records together. Checked instead is what must be wrong whatever order the calls took effect in, and nothing that
might be right: a record that lay untouched and due throughout a claim must not be passed over by it, neither for a
record of greater (due time, id) nor for None. So a claim that overlaps every other is never judged; with many claims
some stand out.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from lazyjobs import ClaimParams, Record
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history._linearize import Trace
from lazyjobs_testkit.history._operation import History, Operation, claimed
from lazyjobs_testkit.history._verdict import Violation

_Key = tuple[datetime, int]
_LAST_ID = 2**63


class _Waiting(Struct, frozen=True, gc=False, order=True):
    """A record that lies untouched for a while, and when it is due at the latest."""

    due: datetime
    id: int
    begin: int
    end: int
    queue: str


class _Taking(Struct, frozen=True, gc=False):
    """A claim, by what it took."""

    operation: int
    called: int
    returned: int
    params: ClaimParams
    id: int | None
    limit: _Key
    """What was due before this, and lay untouched all the while, was passed over."""


class _Streak(Struct, frozen=True, gc=False):
    """How many times running one caller's claims on some queues were wrongly answered with None, and since when."""

    caller: str
    queues: frozenset[str]
    times: int
    begin: int


def check_order(history: History, traces: Mapping[int, Trace], doubt: int) -> Iterator[Violation]:
    """The claims that passed over a record; nothing is certain of what happened after `doubt`."""
    waiting = sorted(_waiting(traces, doubt), key=lambda item: item.begin)
    lying: dict[str, list[_Waiting]] = defaultdict(list)
    streak = _Streak("", frozenset(), 0, 0)
    position = 0
    for taking in sorted(_takings(history, traces), key=lambda taking: taking.called):
        while position < len(waiting) and waiting[position].begin < taking.called:
            insort(lying[waiting[position].queue], waiting[position])
            position += 1
        passed = _passed_over(taking, lying)
        streak = _continued(streak, history.operations[taking.operation], taking, passed)
        if passed is not None:
            yield from _judge(history, taking, passed, streak)


def _waiting(traces: Mapping[int, Trace], doubt: int) -> Iterator[_Waiting]:
    for id, trace in traces.items():
        for calm in trace.calms:
            states = [state for state in calm.states if state is not None]
            dues = [state.due.latest for state in states if state.due is not None]
            if calm.begin < doubt and dues and len(dues) == len(calm.states):
                yield _Waiting(max(dues), id, calm.begin, min(calm.end, doubt), states[0].queue)


def _takings(history: History, traces: Mapping[int, Trace]) -> Iterator[_Taking]:
    for index, operation in enumerate(history.operations):
        match operation.request:
            case m.Claim(params) | m.ClaimMany(params, _) | m.FinishAndClaim(_, params):
                for id in _taken(operation):
                    limit = _limit(history.terms, traces, index, operation, params, id)
                    if limit is not None:
                        yield _Taking(index, operation.called, operation.returned, params, id, limit)


def _taken(operation: Operation) -> Sequence[int | None]:
    match operation.answer:
        case m.One(record):
            return [record.id]
        case m.Many(records) if records:
            return [record.id for record in records]
        case m.Nothing() | m.Many():
            return [None]
    return []


def _limit(
    terms: m.Terms, traces: Mapping[int, Trace], index: int, operation: Operation, params: ClaimParams, id: int | None
) -> _Key | None:
    if id is None:
        now = m.transitions.given_or_clock(params.now, operation.window, terms)
        return now.earliest, _LAST_ID
    origins = traces[id].origins.get(index, ()) if id in traces else ()
    dues = [state.due.earliest for state in origins if state.due is not None]
    return (min(dues), id) if dues else None


def _passed_over(taking: _Taking, lying: Mapping[str, list[_Waiting]]) -> _Waiting | None:
    """The first record that lay untouched and due throughout the claim; forgets those that no longer do."""
    for queue in taking.params.queues:
        items = lying.get(queue, [])
        position = 0
        while position < len(items) and (items[position].due, items[position].id) < taking.limit:
            if items[position].end > taking.returned:
                return items[position]
            if items[position].end <= taking.called:
                del items[position]
            else:
                position += 1
    return None


def _continued(streak: _Streak, operation: Operation, taking: _Taking, passed: _Waiting | None) -> _Streak:
    """Goes on with the streak of wrong answers, or begins another: any other claim ends one."""
    asked = operation.caller, frozenset(taking.params.queues)
    if taking.id is not None or passed is None:
        return _Streak(*asked, 0, taking.called)
    if (streak.caller, streak.queues) == asked and streak.times:
        return replace(streak, times=streak.times + 1)
    return _Streak(*asked, 1, taking.called)


def _judge(history: History, taking: _Taking, passed: _Waiting, streak: _Streak) -> Iterator[Violation]:
    operation = history.operations[taking.operation]
    untouched = f"record {passed.id} (due {m.tell_time(passed.due)}) was due and lay untouched all the while"
    if taking.id is None and streak.times > history.terms.wrong_empties:
        meanwhile = list(_other_claims(history, operation, streak.begin))
        if meanwhile and streak.times > 1:
            return
        running = f" {streak.times} times running" if streak.times > 1 else ""
        other = f"; meanwhile record {meanwhile[0].id} went to another caller" if meanwhile else ""
        reason = f"{operation.request.method} found nothing{running}, though {untouched}{other}"
        yield Violation(m.Fault.EMPTY, reason, (taking.operation,), (passed.id,))
    elif taking.id is not None and history.terms.strict:
        due = m.tell_time(taking.limit[0])
        reason = f"{operation.request.method} took record {taking.id} (due {due}), though {untouched}"
        yield Violation(m.Fault.PASSED_OVER, reason, (taking.operation,), (passed.id, taking.id))


def _other_claims(history: History, operation: Operation, begin: int) -> Iterator[Record]:
    """What other callers claimed from then until the end of a call: they may have had the answers between."""
    for other in history.operations:
        if other.caller != operation.caller and other.called < operation.returned and begin < other.returned:
            yield from claimed(other)
