"""How a job becomes a record."""

from __future__ import annotations

from datetime import datetime, timedelta

from lazyjobs.contract import InsertParams, Record
from lazyjobs.jobs import InvalidJobError, Job, UnknownKindError, show_given
from lazyjobs.runner._hooks import GUARDS, ask_guards
from lazyjobs.runner._options import check_duration
from lazyjobs.runner._state import RunnerState

_NO_TIME = timedelta(0)


class Enqueuing:
    """Inserts the jobs of one runner, and tells its workers of them."""

    def __init__(self, state: RunnerState) -> None:
        self._state = state

    def insert(self, job: Job, queue: str | None, run_at: datetime | None) -> Record:
        """Due at `run_at`, or now; raises what `JobRunner.enqueue` raises."""
        state = self._state
        try:
            registration = state.registry.find_for(job)
        except UnknownKindError:
            if hasattr(job, "work"):
                raise
            told = f"only jobs can be enqueued, not {show_given(job)}; give an instance of a registered class"
            raise InvalidJobError(told) from None
        definition = registration.definition
        params = InsertParams(
            kind=definition.kind,
            queue=definition.queue if queue is None else queue,
            payload=registration.codec.encode(job),
            max_attempts=definition.max_attempts,
            run_at=run_at,
        )
        if GUARDS and state.stand_in is None:
            ask_guards(state.source.url, state.source.at_hand)
        backend, observers = state.backend, state.observers
        record = backend.insert(params) if observers is None else observers.insert(backend, params)
        if (crew := state.crew) is not None:
            crew.nudge()
        return record

    def insert_in(self, job: Job, queue: str | None, delay: timedelta) -> Record:
        """Due after `delay`."""
        if check_duration("delay", delay) <= _NO_TIME:
            return self.insert(job, queue, None)
        now = self._state.clock.now(self._state.backend)
        try:
            run_at = now + delay
        except OverflowError:
            raise ValueError(f"delay must end before the year 2201, so it cannot be {delay}") from None
        return self.insert(job, queue, run_at)

    def insert_at(self, job: Job, queue: str | None, run_at: datetime) -> Record:
        """Due at `run_at`, which must be a time."""
        if not isinstance(run_at, datetime):
            raise TypeError(
                f"run_at must be an aware datetime, not {show_given(run_at)}; write datetime(2030, 1, 31, tzinfo=UTC), "
                "or use enqueue_in for a delay"
            )
        return self.insert(job, queue, run_at)
