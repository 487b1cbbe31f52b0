"""What each call does to one record.

Every function takes the record as it is before and answers what it must be afterwards, or raises `DisallowedError`
when the contract does not let the call succeed. None stands for a record that does not exist.
"""

from datetime import datetime
from typing import TypeGuard

from msgspec.structs import replace

from lazyjobs import ClaimParams, CompleteParams, DiscardParams, ExtendParams, FinishParams, InsertParams, Record, State
from lazyjobs_testkit.model._entry import Entry
from lazyjobs_testkit.model._errors import DisallowedError, Fault
from lazyjobs_testkit.model._span import Span, Window
from lazyjobs_testkit.model._terms import Terms


def insert(id: int, params: InsertParams, window: Window, terms: Terms, answer: Record | None = None) -> Entry:
    """The new record: pending, attempt 0, no error, no lease. `answer` is what the insert returned, if known."""
    clock = window.clock(terms.clock_skew).rounded_up(terms.precision)
    entry = Entry(
        id=id,
        kind=params.kind,
        queue=params.queue,
        payload=params.payload,
        max_attempts=params.max_attempts,
        state=State.PENDING,
        attempt=0,
        created_at=clock,
        run_at=given_or_clock(params.run_at, window, terms).rounded_up(terms.precision),
        updated_at=clock,
    )
    return entry if answer is None else entry.seen(answer)


def claim(
    entry: Entry | None, params: ClaimParams, window: Window, terms: Terms, answer: Record | None = None
) -> Entry:
    """The record running, one attempt on, with a lease from now; only if it may be due, and on one of the queues.

    `answer` is what the claim returned, if that is known.
    """
    if entry is None:
        raise DisallowedError(Fault.INVENTED, "nobody had inserted it")
    now = given_or_clock(params.now, window, terms)
    _check_claimable(entry, params, now)
    if answer is not None and answer.attempt <= entry.attempt:
        raise DisallowedError(
            Fault.DUPLICATED,
            f"record {entry.id} was claimed with attempt {answer.attempt}, but {entry.attempt} was given before",
        )
    superseding = entry.state is State.RUNNING
    claimed = replace(
        entry,
        state=State.RUNNING,
        attempt=entry.attempt + 1,
        lease=now.shifted(params.lease).rounded_up(terms.precision),
        updated_at=_moved_on(entry, window, terms),
        claimed_by=params.worker,
        taken_from=entry.claimed_by if superseding else None,
        abandoned=entry.abandoned + superseding,
    )
    return claimed if answer is None else claimed.seen(answer)


def _check_claimable(entry: Entry, params: ClaimParams, now: Span) -> None:
    if entry.queue not in params.queues:
        raise DisallowedError(
            Fault.EARLY, f"record {entry.id} is on queue {entry.queue!r}, which the claim did not name"
        )
    if entry.due is None:
        raise DisallowedError(Fault.REVIVED, f"record {entry.id} is {entry} and cannot be claimed again")
    if entry.due.earliest <= now.latest:
        return
    if entry.state is State.RUNNING:
        raise DisallowedError(
            Fault.DUPLICATED,
            f"record {entry.id} is held by attempt {entry.attempt} until {entry.due}, after the claim's now ({now})",
        )
    raise DisallowedError(
        Fault.EARLY, f"record {entry.id} is {entry.state} and due {entry.due}, after the claim's now ({now})"
    )


def finish(entry: Entry | None, params: FinishParams, window: Window, terms: Terms) -> Entry:
    """The record after complete, retry or discard was accepted; unchanged if it already shows that verb's result."""
    target = target_of(params)
    if entry is not None and (entry.state, entry.attempt) == (target, params.attempt):
        return entry
    if not holds(entry, params):
        found = "unknown" if entry is None else str(entry)
        raise DisallowedError(
            Fault.OVERWRITTEN,
            f"{verb_of(params)} of attempt {params.attempt} was accepted, but record {params.id} is {found}",
        )
    finished = replace(entry, state=target, lease=None, updated_at=_moved_on(entry, window, terms))
    if isinstance(params, CompleteParams):
        return finished
    finished = replace(finished, last_error=params.last_error, error_seen=not params.last_error)
    if isinstance(params, DiscardParams):
        return finished
    run_at = given_or_clock(params.run_at, window, terms).rounded_up(terms.precision)
    return replace(finished, run_at=run_at, spared=entry.spared + params.spare)


def extend(entry: Entry | None, params: ExtendParams, window: Window, terms: Terms) -> Entry:
    """The record with its lease ending at now + lease, and nothing else changed."""
    if not holds(entry, params):
        found = "unknown" if entry is None else str(entry)
        raise DisallowedError(
            Fault.OVERWRITTEN, f"extend of attempt {params.attempt} was accepted, but record {params.id} is {found}"
        )
    now = given_or_clock(params.now, window, terms)
    return replace(entry, lease=now.shifted(params.lease).rounded_up(terms.precision))


def refuse(entry: Entry | None, params: FinishParams | ExtendParams) -> None:
    """Raises unless `ClaimLostError` is the right answer to a finish or an extension."""
    if entry is None:
        return
    repeated = not isinstance(params, ExtendParams) and entry.state is target_of(params)
    if entry.attempt == params.attempt and (repeated or entry.state is State.RUNNING):
        raise DisallowedError(
            Fault.REFUSED,
            f"{verb_of(params)} of attempt {params.attempt} was refused, but record {entry.id} is {entry}",
        )


def holds(entry: Entry | None, params: FinishParams | ExtendParams) -> TypeGuard[Entry]:
    """Whether that claim is the record's current one."""
    return entry is not None and entry.state is State.RUNNING and entry.attempt == params.attempt


def target_of(params: FinishParams) -> State:
    """The state that a finish leads to."""
    if isinstance(params, CompleteParams):
        return State.SUCCEEDED
    return State.DISCARDED if isinstance(params, DiscardParams) else State.RETRYING


def verb_of(params: FinishParams | ExtendParams) -> str:
    """The name of the method that takes these parameters."""
    return type(params).__name__.removesuffix("Params").lower()


def given_or_clock(given: datetime | None, window: Window, terms: Terms) -> Span:
    """The time a caller gave, or else what the backend's clock may have shown."""
    return window.clock(terms.clock_skew) if given is None else Span.at(given)


def _moved_on(entry: Entry, window: Window, terms: Terms) -> Span:
    clock = window.clock(terms.clock_skew).rounded_up(terms.precision)
    return entry.updated_at.later_of(clock)
