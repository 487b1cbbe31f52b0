"""Records as rows, and rows as records."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from lazyjobs import InsertParams, Record, State, Stats
from lazyjobs_sqlite._clock import to_micros, to_time
from lazyjobs_sqlite._damage import HIGHEST_COUNT, UnreadableRowError

_STATES = {state.value: state for state in State}
_IMPOSSIBLE = (LookupError, TypeError, ValueError, ArithmeticError, OSError)
_MAYBE_INT = (type(None), int)
_MAYBE_STR = (type(None), str)
_join = "".join
_COUNTED = (str, str, int, int, int, int, int)


def new_record(params: InsertParams, id: int, run_at: int, now: int) -> Record:
    """The record that an insert of `params` has made."""
    created_at = to_time(now)
    return Record(
        id=id,
        kind=params.kind,
        queue=params.queue,
        payload=params.payload,
        state=State.PENDING,
        attempt=0,
        max_attempts=params.max_attempts,
        run_at=created_at if run_at == now else to_time(run_at),
        created_at=created_at,
        updated_at=created_at,
    )


def due_time(params: InsertParams, now: int) -> int:
    return now if params.run_at is None else to_micros(params.run_at)


def read_record(row: Sequence[Any]) -> Record:
    """The record of a row of `COLUMNS`; raises `UnreadableRowError` for one that lazyjobs did not write."""
    (id, kind, queue, word, attempt, max_attempts, run_at, created_at, updated_at, until, last_error,
     abandoned, claimed_by, taken_from, spared, payload) = row  # fmt: skip
    try:
        _check(row)
        return Record(
            id=id, kind=kind, queue=queue, payload=payload, state=_STATES[word], attempt=attempt,
            max_attempts=max_attempts, run_at=to_time(run_at), created_at=to_time(created_at),
            updated_at=to_time(updated_at),
            lease_expires_at=None if until is None else to_time(until), last_error=last_error, abandoned=abandoned,
            claimed_by=claimed_by, taken_from=taken_from, spared=spared,
        )  # fmt: skip
    except _IMPOSSIBLE as error:
        raise UnreadableRowError(id, str(error)) from error


def read_claimed(row: Sequence[Any], now: int, lease: int, worker: str) -> Record:
    """The same as a claim by `worker` at that time will leave it."""
    (id, kind, queue, _, attempt, max_attempts, run_at, created_at, updated_at, until, last_error,
     abandoned, claimed_by, _, spared, payload) = row  # fmt: skip
    try:
        _check(row)
        run_time = to_time(run_at)
        return Record(
            id=id, kind=kind, queue=queue, payload=payload, state=State.RUNNING, attempt=attempt + 1,
            max_attempts=max_attempts, run_at=run_time,
            created_at=run_time if created_at == run_at else to_time(created_at),
            updated_at=to_time(max(now, updated_at)), lease_expires_at=to_time(lease), last_error=last_error,
            abandoned=abandoned if until is None else abandoned + 1, claimed_by=worker,
            taken_from=None if until is None else claimed_by, spared=spared,
        )  # fmt: skip
    except _IMPOSSIBLE as error:
        raise UnreadableRowError(id, str(error)) from error


def _check(row: Sequence[Any]) -> None:
    """Raises TypeError or ValueError if a value is of a wrong type, or cannot be."""
    (id, kind, queue, word, attempt, max_attempts, run_at, created_at, updated_at, until, last_error,
     abandoned, claimed_by, taken_from, spared, payload) = row  # fmt: skip
    # Both take values of one type alone, and the second is negative if one of them is: quicker than looking at each.
    _join((kind, queue, word, last_error, claimed_by))
    if (id | attempt | max_attempts | run_at | created_at | updated_at | abandoned | spared) < 0:
        raise ValueError("a number is negative")
    if type(payload) is not bytes or type(until) not in _MAYBE_INT or type(taken_from) not in _MAYBE_STR:
        raise TypeError("a value is of a wrong type")
    if attempt > HIGHEST_COUNT or abandoned > HIGHEST_COUNT or spared > HIGHEST_COUNT:
        raise ValueError("a number cannot be raised")
    if (until is None) is (word == "running"):
        raise ValueError("the state contradicts the lease")


def read_stats(rows: Iterable[Sequence[Any]]) -> Stats:
    """The stats of rows of kind, queue, total, retrying, succeeded, discarded, running.

    Raises `UnreadableRowError` if they cannot be right.
    """
    kinds: Counter[str] = Counter()
    queues: dict[str, Counter[State]] = {}
    for row in rows:
        if tuple(map(type, row)) != _COUNTED:
            raise UnreadableRowError(0, "a count is of a wrong type")
        kind, queue, total, retrying, succeeded, discarded, running = row
        kinds[kind] += total
        states = queues.setdefault(queue, Counter())
        states[State.PENDING] += total - retrying - succeeded - discarded - running
        states[State.RUNNING] += running
        states[State.RETRYING] += retrying
        states[State.SUCCEEDED] += succeeded
        states[State.DISCARDED] += discarded
    if (
        any(number < 0 for states in queues.values() for number in states.values())
        or min(kinds.values(), default=0) < 0
    ):
        raise UnreadableRowError(0, "the counts of records contradict one another")
    by_state: Counter[State] = Counter()
    for states in queues.values():
        by_state.update(states)
    return Stats(
        total=by_state.total(),
        by_state=_present(by_state),
        by_kind={kind: number for kind, number in kinds.items() if number},
        by_queue={queue: states.total() for queue, states in queues.items() if states.total()},
        by_queue_state={queue: _present(states) for queue, states in queues.items() if states.total()},
    )


def _present(counts: Counter[State]) -> dict[State, int]:
    return {state: number for state, number in counts.items() if number}
