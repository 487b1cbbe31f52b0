"""Whether the calls that touched one record can be put into an order that explains their answers.

The algorithm is Lowe's just-in-time linearization (Gavin Lowe, "Testing for Linearizability", Concurrency and
Computation: Practice and Experience 29(4), 2017), which follows Wing and Gong ("Testing and Verifying Concurrent
Objects", Journal of Parallel and Distributed Computing 17, 1993): the events of a history are walked through in time,
and at each return every order of the calls then open is tried that lets the returning one take effect. What is kept is
the set of all states the record may be in, each with the open calls that have already taken effect; configurations seen
before are not tried again. Applying it to each record by itself is sound because linearizability is local (Herlihy and
Wing 1990), and is what makes it fast (Horn and Kroening, "Faster linearizability checking via P-compositionality",
2015, as in the checker Porcupine).
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec import Struct

from lazyjobs import State
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history._operation import FOREVER
from lazyjobs_testkit.history._pieces import Piece

_State = m.Entry | None
_Configuration = tuple[_State, frozenset[int]]


class Calm(Struct, frozen=True, gc=False):
    """A stretch of time in which no call was open that took or named the record: what it then may have been."""

    begin: int
    end: int
    states: frozenset[m.Entry | None]


class Failure(Struct, frozen=True):
    """The first answer that no order of the calls explains, and why each one tried fails."""

    piece: Piece
    faults: tuple[m.DisallowedError, ...]
    """Why the answer is wrong in each order tried."""
    others: tuple[m.DisallowedError, ...]
    """Why calls that it overlapped cannot have come after it."""


class Trace(Struct, frozen=True):
    """What a record went through."""

    calms: Sequence[Calm]
    origins: dict[int, frozenset[m.Entry]]
    """By the operation of each claim that took the record: what the record may have been just before."""
    failure: Failure | None

    def calm_during(self, begin: int, end: int) -> Calm | None:
        """The calm that covers all of that time, if there is one."""
        return next((calm for calm in self.calms if calm.begin < begin and end < calm.end), None)


def linearize(pieces: Sequence[Piece], terms: m.Terms, initial: m.Entry | None = None) -> Trace:
    """Walks through the events of one record; stops at the first answer that nothing explains."""
    return _Walk(pieces, terms, initial).walk()


class _Walk:
    def __init__(self, pieces: Sequence[Piece], terms: m.Terms, initial: m.Entry | None) -> None:
        self._pieces = pieces
        self._terms = terms
        self._configurations: set[_Configuration] = {(initial, frozenset())}
        self._open: set[int] = set()
        self._changing = 0
        self._calm_since = -1
        self._calms: list[Calm] = []
        self._origins: dict[int, set[m.Entry]] = {}
        self._faults: dict[tuple[int, str], m.DisallowedError] = {}
        self._past: dict[_State, None] = {initial: None}

    def walk(self) -> Trace:
        for time, returning, number in _events(self._pieces):
            if self._pieces[number].loose:
                if returning and not self._was_seen(number):
                    return self._trace(self._failure(number))
            elif not returning:
                self._begin(number, time)
            elif not self._settle(number):
                return self._trace(self._failure(number))
            elif self._pieces[number].names:
                self._end(time)
        if not self._changing:
            self._add_calm(FOREVER)
        return self._trace(None)

    def _failure(self, number: int) -> Failure:
        own = [fault for (failed, _), fault in self._faults.items() if failed == number]
        others = [fault for (failed, _), fault in self._faults.items() if failed != number]
        return Failure(self._pieces[number], tuple(own), tuple(others))

    def _trace(self, failure: Failure | None) -> Trace:
        origins = {number: frozenset(states) for number, states in self._origins.items()}
        return Trace(self._calms, origins, failure)

    def _begin(self, number: int, time: int) -> None:
        self._open.add(number)
        if self._pieces[number].names:
            if not self._changing:
                self._add_calm(time)
                self._faults.clear()
            self._changing += 1

    def _end(self, time: int) -> None:
        self._changing -= 1
        if not self._changing:
            self._calm_since = time

    def _add_calm(self, end: int) -> None:
        self._calms.append(Calm(self._calm_since, end, frozenset(state for state, _ in self._configurations)))

    def _settle(self, number: int) -> bool:
        """Keeps the configurations in which that call has taken effect; whether there are any."""
        found: set[_Configuration] = set()
        seen = set(self._configurations)
        waiting = list(seen)
        while waiting:
            state, done = waiting.pop()
            if number in done:
                found.add((state, done - {number}))
                continue
            for following in self._following(state, done):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        self._open.remove(number)
        self._past.update((state, None) for state, _ in seen)
        if found:
            self._configurations = found
        return bool(found)

    def _was_seen(self, number: int) -> bool:
        """Whether a loose look shows a state that the record has, had, or may have reached by now."""
        piece = self._pieces[number]
        for state in chain(reversed(self._past), self._reachable()):
            try:
                apply(state, piece, self._terms)
            except m.DisallowedError as error:
                self._faults[number, error.reason] = error
            else:
                return True
        return False

    def _reachable(self) -> Iterator[_State]:
        """Every state that some order of the open calls may have led to."""
        seen = set(self._configurations)
        waiting = list(seen)
        while waiting:
            state, done = waiting.pop()
            yield state
            for following in self._following(state, done):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)

    def _following(self, state: _State, done: frozenset[int]) -> Sequence[_Configuration]:
        """The configurations after one more open call; only one if that call leaves the record as it is.

        A call that changes nothing may as well take effect at once: whatever else is tried can be tried after it.
        """
        following: list[_Configuration] = []
        tried: set[object] = set()
        for number in sorted(self._open - done):
            piece = self._pieces[number]
            if not piece.id:
                # Of equal claims that may have taken any record the first will do.
                if piece.change in tried:
                    continue
                tried.add(piece.change)
            try:
                after = apply(state, piece, self._terms)
            except m.DisallowedError as error:
                self._faults.setdefault((number, error.reason), error)
                continue
            if isinstance(piece.change, m.Claim) and state is not None:
                self._origins.setdefault(piece.operation, set()).add(state)
            if after == state:
                return [(after, done | {number})]
            following.append((after, done | {number}))
        return following


def _events(pieces: Sequence[Piece]) -> Sequence[tuple[int, bool, int]]:
    """The calls and returns in time, calls first; what is unknown never returns."""
    events = [(piece.called, False, number) for number, piece in enumerate(pieces)]
    events += [(piece.settled, True, number) for number, piece in enumerate(pieces) if piece.settled < FOREVER]
    return sorted(events)


def apply(state: _State, piece: Piece, terms: m.Terms) -> _State:
    """What the record is after a call took effect; raises `DisallowedError` if the call cannot be answered so."""
    if piece.refused:
        return _refuse(state, piece, terms)
    match piece.change:
        case None:
            return _look(state, piece, terms)
        case m.Insert(params):
            if state is not None:
                raise m.DisallowedError(m.Fault.REUSED_ID, f"record {piece.id} exists already")
            return m.transitions.insert(piece.id, params, piece.window, terms, piece.record)
        case m.Claim(params):
            return m.transitions.claim(state, params, piece.window, terms, piece.record)
        case m.Complete(params) | m.Retry(params) | m.Discard(params):
            return m.transitions.finish(state, params, piece.window, terms)
        case m.Extend(params):
            return m.transitions.extend(state, params, piece.window, terms)


def _refuse(state: _State, piece: Piece, terms: m.Terms) -> _State:
    if not _may_be_gone(state, terms) and isinstance(piece.change, m.Complete | m.Retry | m.Discard | m.Extend):
        m.transitions.refuse(state, piece.change.params)
    return state


def _look(state: _State, piece: Piece, terms: m.Terms) -> _State:
    if piece.record is None:
        if state is not None and not _may_be_gone(state, terms) and _belongs(state, piece):
            raise m.DisallowedError(m.Fault.LOST, f"list does not show record {piece.id}, which is {state}")
        return state
    if state is None:
        raise m.DisallowedError(m.Fault.INVENTED, f"list shows record {piece.id} before it was inserted")
    return state.seen(piece.record, payloads=piece.options is None or piece.options.payloads)


def _belongs(state: m.Entry, piece: Piece) -> bool:
    """Whether a list certainly had to show the record."""
    if piece.options is not None and not m.passes(state, piece.options):
        return False
    return piece.last is None or (state.updated_at.earliest, state.id) > piece.last


def _may_be_gone(state: _State, terms: m.Terms) -> bool:
    return state is not None and state.finished and terms.retention is not None


def recovered(trace: Trace) -> Iterator[int]:
    """The operations that claimed the record when the lease of another claim had ended."""
    for operation, states in trace.origins.items():
        if all(state.state is State.RUNNING for state in states):
            yield operation
