"""What was enqueued, as lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import TypeVar, overload

from lazyjobs import Job, JobRunner, ListOptions, Record, RunnerStateError, State, UnknownKindError
from lazyjobs_testkit.jobs._clock import Clock
from lazyjobs_testkit.jobs._entry import Enqueued
from lazyjobs_testkit.jobs._store import Store

J = TypeVar("J", bound=Job)

NO_RUNNER = (
    "no runner is used, so nothing can be enqueued here; call jobs.use(runner) with that of the application, or start "
    "the application whose lifespan makes one"
)

_WAITING = frozenset({State.PENDING, State.RETRYING})
_in_order = attrgetter("id")


class Listing:
    """Lists of jobs as a worker would read them back, of one class or of all, in the order of enqueuing."""

    def __init__(self, clock: Clock, backend: Store) -> None:
        self._clock = clock
        self._backend = backend
        self._runners: list[JobRunner] = []
        self._cleared = 0

    @overload
    def enqueued(self) -> list[Job]: ...
    @overload
    def enqueued(self, kind: type[J]) -> list[J]: ...
    def enqueued(self, kind: type[Job] | None = None) -> Sequence[Job]:
        """All that were enqueued, whatever has become of them since."""
        return self._jobs(kind)

    @overload
    def waiting(self) -> list[Job]: ...
    @overload
    def waiting(self, kind: type[J]) -> list[J]: ...
    def waiting(self, kind: type[Job] | None = None) -> Sequence[Job]:
        """Those that are still to run, now or later, for the first time or again."""
        return self._jobs(kind, _WAITING)

    @overload
    def retrying(self) -> list[Job]: ...
    @overload
    def retrying(self, kind: type[J]) -> list[J]: ...
    def retrying(self, kind: type[Job] | None = None) -> Sequence[Job]:
        """Those that failed and are to run again."""
        return self._jobs(kind, {State.RETRYING})

    @overload
    def succeeded(self) -> list[Job]: ...
    @overload
    def succeeded(self, kind: type[J]) -> list[J]: ...
    def succeeded(self, kind: type[Job] | None = None) -> Sequence[Job]:
        """Those that ran to their end."""
        return self._jobs(kind, {State.SUCCEEDED})

    @overload
    def discarded(self) -> list[Job]: ...
    @overload
    def discarded(self, kind: type[J]) -> list[J]: ...
    def discarded(self, kind: type[Job] | None = None) -> Sequence[Job]:
        """Those that were given up."""
        return self._jobs(kind, {State.DISCARDED})

    def records(self, kind: type[Job] | None = None) -> list[Record]:
        """The records of all that were enqueued, as they now are.

        As every list and assertion it raises `RunnerStateError` when no runner is used, and `UnknownKindError` for a
        class that none of them has: nothing could ever be found.
        """
        __tracebackhide__ = True
        self._check_can_be_found(kind)
        listed = self._backend.list(ListOptions(limit=None))
        found = (record for record in listed if record.id > self._cleared)
        return sorted((each for each in found if kind is None or each.kind == kind.kind), key=_in_order)

    def _check_can_be_found(self, kind: type[Job] | None) -> None:
        __tracebackhide__ = True
        if not self._runners:
            raise RunnerStateError(NO_RUNNER)
        known = tuple(definition.kind for runner in self._runners for definition in runner.definitions)
        if kind is not None and kind.kind not in known:
            raise UnknownKindError(kind.kind, known)

    def _entries(self, kind: type[Job] | None = None) -> list[Enqueued[Job]]:
        due = self._backend.first_due  # which a record that another thread is inserting has not reached yet
        return [
            Enqueued(self._decode(record), record, due.get(record.id, record.run_at)) for record in self.records(kind)
        ]

    def _jobs(self, kind: type[Job] | None, states: Collection[State] = frozenset(State)) -> Sequence[Job]:
        return [self._decode(record) for record in self.records(kind) if record.state in states]

    def _decode(self, record: Record) -> Job:
        for runner in self._runners:
            if record.kind in (definition.kind for definition in runner.definitions):
                return runner.decode(record)
        raise UnknownKindError(record.kind, ())
