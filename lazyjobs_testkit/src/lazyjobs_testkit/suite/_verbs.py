"""Finishing by a verb's name, for tests that try all three, and records in a given state."""

from datetime import datetime
from typing import Literal

import pytest

from lazyjobs import Backend, ClaimLostError, CompleteParams, DiscardParams, FinishParams, Record, RetryParams, State
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import FUTURE, HOUR, PAST
from lazyjobs_testkit.suite._trail import describe

Verb = Literal["complete", "retry", "discard"]

VERBS: tuple[Verb, ...] = ("complete", "retry", "discard")
OUTCOMES: dict[Verb, State] = {
    "complete": State.SUCCEEDED,
    "retry": State.RETRYING,
    "discard": State.DISCARDED,
}

each_verb = pytest.mark.parametrize("verb", VERBS)
"""Runs a test once with each of the three verbs."""


def finish_params(
    verb: Verb,
    record: Record,
    *,
    id: int | None = None,
    attempt: int | None = None,
    last_error: str = "",
    run_at: datetime | None = None,
    spare: bool = False,
) -> FinishParams:
    """What to finish `record` with, or another id or attempt; what a verb has no use for is left out."""
    id = record.id if id is None else id
    attempt = record.attempt if attempt is None else attempt
    if verb == "complete":
        return CompleteParams(id=id, attempt=attempt)
    if verb == "retry":
        return RetryParams(id=id, attempt=attempt, last_error=last_error, run_at=run_at, spare=spare)
    return DiscardParams(id=id, attempt=attempt, last_error=last_error)


def finish(backend: Backend, params: FinishParams) -> None:
    """Calls the verb that the parameters belong to."""
    if isinstance(params, CompleteParams):
        backend.complete(params)
    elif isinstance(params, RetryParams):
        backend.retry(params)
    else:
        backend.discard(params)


def assert_refused(backend: Backend, params: FinishParams, reason: str) -> None:
    """Fails unless the finish raises `ClaimLostError`."""
    try:
        finish(backend, params)
    except ClaimLostError:
        return
    raise AssertionError(f"{describe(params)} was accepted, although {reason}")


def insert_in_state(bench: Bench, state: State) -> Record:
    """A record brought to that state and not due soon, as it was before its last step; nothing else may be due."""
    if state is State.PENDING:
        return bench.insert(run_at=FUTURE)
    record = bench.claimed(run_at=PAST, lease=HOUR)
    for verb, outcome in OUTCOMES.items():
        if outcome is state:
            finish(bench.backend, finish_params(verb, record, run_at=FUTURE, last_error="why it is so"))
    return record
