"""Records as rows, and rows as records."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from lazyjobs import InsertParams, Record, State, Stats
from lazyjobs_sqlite._clock import to_micros, to_time

_STATES = {state.value: state for state in State}


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


def read_record(row: Sequence[Any], *, claimed_at: int | None = None, lease: int | None = None) -> Record:
    """The record of a row of `COLUMNS`; with `claimed_at`, as the claim that was made then has left it."""
    id, kind, queue, payload, state, attempt, max_attempts, run_at, created_at, updated_at, until, last_error = row
    if claimed_at is not None:
        state, attempt, updated_at, until = State.RUNNING, attempt + 1, max(updated_at, claimed_at), lease
    return Record(
        id=id,
        kind=kind,
        queue=queue,
        payload=payload,
        state=_STATES[state],
        attempt=attempt,
        max_attempts=max_attempts,
        run_at=to_time(run_at),
        created_at=to_time(created_at),
        updated_at=to_time(updated_at),
        lease_expires_at=None if until is None else to_time(until),
        last_error=last_error,
    )


def read_stats(rows: Iterable[Sequence[Any]]) -> Stats:
    """The stats of rows of kind, queue, total, retrying, succeeded, discarded, running."""
    kinds: Counter[str] = Counter()
    queues: dict[str, Counter[State]] = {}
    for kind, queue, total, retrying, succeeded, discarded, running in rows:
        kinds[kind] += total
        states = queues.setdefault(queue, Counter())
        states[State.PENDING] += total - retrying - succeeded - discarded - running
        states[State.RUNNING] += running
        states[State.RETRYING] += retrying
        states[State.SUCCEEDED] += succeeded
        states[State.DISCARDED] += discarded
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
