"""Tells observers what happens, and keeps their failures from the jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Context
from time import monotonic
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from msgspec import structs

from lazyjobs.contract import Backend, InsertParams, PayloadTooLargeError, Record
from lazyjobs.jobs import add_trace
from lazyjobs.runner._log import LOG, is_interrupt
from lazyjobs.runner._observer import EnqueueWatch, Observer
from lazyjobs.runner._options import check_several
from lazyjobs.runner._reports import Watch

if TYPE_CHECKING:
    from lazyjobs.runner._runner import JobRunner

P = ParamSpec("P")
T = TypeVar("T")

_SILENCE = 60.0
"""Seconds between two complaints."""


def make_observers(observers: Iterable[Observer]) -> Observers | None:
    """None if there are none, which then cost nothing; raises `TypeError` for what is no observer."""
    found = check_several("observers", observers, "observers")
    for observer in found:
        if not isinstance(observer, Observer):
            raise TypeError(f"an observer has the methods started, enqueuing and attempting; {observer!r} has not")
    return Observers(found) if found else None


class Observers:
    """The observers of one runner, at least one, in order; what they began is ended in the opposite order."""

    def __init__(self, observers: tuple[Observer, ...]) -> None:
        self.all = observers
        self._silent_until = 0.0

    def started(self, runner: JobRunner) -> None:
        """Tells that the runner begins to run jobs."""
        for observer in self.all:
            self.call(observer.started, runner)

    def insert(self, backend: Backend, params: InsertParams) -> Record:
        """Inserts, watched, with the trace context that is to travel along; raises what the backend raises."""
        watches = [watch for each in self.all if (watch := self.call(each.enqueuing, params)) is not None]
        try:
            record = _insert_either(backend, self._carry(params, watches), params)
        except BaseException as error:
            self._end_enqueue(watches, None, error)
            raise
        self._end_enqueue(watches, record, None)
        return record

    def watch(self, record: Record, context: Context) -> Watch:
        """Begins to watch an attempt whose work is going to run in `context`."""
        watches = [watch for each in self.all if (watch := self.call(each.attempting, record)) is not None]
        for watch in watches:
            self.call(context.run, watch.begin)
        return Watch(record, context, watches, self.call)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What the function returns, or None if it raised, which is logged once in a while."""
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            if is_interrupt(error):
                raise
            self._complain(error)
            return None

    def _complain(self, error: BaseException) -> None:
        now = monotonic()
        if now >= self._silent_until:
            self._silent_until = now + _SILENCE
            LOG.error("an observer failed; no job is harmed, but what it tells has gaps", error=error)

    def _carry(self, params: InsertParams, watches: Sequence[EnqueueWatch]) -> InsertParams:
        trace: dict[str, str] = {}
        for watch in watches:
            self.call(lambda watch=watch: trace.update(watch.trace))  # type: ignore[misc]
        return self.call(_carry, params, trace) or params

    def _end_enqueue(self, watches: Sequence[EnqueueWatch], record: Record | None, error: BaseException | None) -> None:
        for watch in reversed(watches):
            self.call(watch.ended, record, error)


def _carry(params: InsertParams, trace: Mapping[str, str]) -> InsertParams:
    carried = add_trace(params.payload, trace)
    return params if carried is params.payload else structs.replace(params, payload=carried)


def _insert_either(backend: Backend, carrying: InsertParams, plain: InsertParams) -> Record:
    try:
        return backend.insert(carrying)
    except PayloadTooLargeError:
        if carrying is plain:
            raise
        return backend.insert(plain)  # it may well fit without the trace
