"""Keeps the leases of long jobs."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from threading import Condition, Event, Thread
from time import monotonic

from lazyjobs.contract import ClaimLostError, ExtendParams, SupportsExtend
from lazyjobs.jobs import brief_of
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._log import LOG

_TICKS = 6
_RENEW_AFTER = 3
_SIDE_BY_SIDE = 8


class LeaseKeeper:
    """Extends the lease of every job that has run for a third of it, from daemon threads of its own.

    It looks six times a lease at what runs, so a job that is done sooner costs nothing, and an extension that fails is
    tried again several times before the lease ends. A busy job cannot starve it unless it holds the interpreter's lock.

    A backend that takes long to answer for one job keeps no other from being extended: up to eight are asked for side
    by side, those whose leases end first before the others. There are as many threads as were once needed at a time.
    """

    def __init__(self, backend: SupportsExtend, lease: timedelta, running: Callable[[], Iterable[CurrentJob]]) -> None:
        self._backend = backend
        self._lease = lease
        self._seconds = lease.total_seconds()
        self._running = running
        self._done = Event()
        self._thread = Thread(target=self._keep, name="lazyjobs-leases", daemon=True)
        self._turn = Condition()
        self._waiting: list[CurrentJob] = []
        self._extending: set[CurrentJob] = set()
        self._helpers: list[Thread] = []
        self._idle = 0

    def start(self) -> None:
        """Begins to keep the leases of what `running` gives, asked anew each time."""
        self._add_helper()
        self._thread.start()

    def stop(self) -> None:
        """Ends its threads; what is still running loses its lease in time."""
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._turn:
            self._waiting.clear()
            self._turn.notify_all()
        for helper in self._helpers:
            helper.join()

    def _keep(self) -> None:
        while not self._done.wait(self._seconds / _TICKS):
            with self._turn:
                self._waiting = [job for job in self._running() if self._is_due(job)]
                self._waiting.sort(key=_renewed_at, reverse=True)
                self._call_helpers(len(self._waiting))

    def _is_due(self, job: CurrentJob) -> bool:
        old_enough = monotonic() - job.renewed_at >= self._seconds / _RENEW_AFTER
        return old_enough and not job.lost and job not in self._extending

    def _call_helpers(self, wanted: int) -> None:
        for _ in range(min(wanted - self._idle, _SIDE_BY_SIDE - len(self._helpers))):
            with suppress(RuntimeError):  # the system has no more threads; those that there are go on
                self._add_helper()
        self._turn.notify(wanted)

    def _add_helper(self) -> None:
        helper = Thread(target=self._help, name=f"lazyjobs-leases-{len(self._helpers) + 1}", daemon=True)
        helper.start()
        self._helpers.append(helper)

    def _help(self) -> None:
        while (job := self._take()) is not None:
            try:
                self._extend(job)
            finally:
                with self._turn:
                    self._extending.discard(job)

    def _take(self) -> CurrentJob | None:
        """The job whose lease ends first; None when there will be no more."""
        with self._turn:
            self._idle += 1
            while not self._waiting and not self._done.is_set():
                self._turn.wait()
            self._idle -= 1
            if not self._waiting:
                return None
            job = self._waiting.pop()
            self._extending.add(job)
            return job

    def _extend(self, job: CurrentJob) -> None:
        record, asked_at = job.record, monotonic()
        try:
            self._backend.extend(ExtendParams(id=record.id, attempt=record.attempt, lease=self._lease))
        except ClaimLostError as error:
            if job.working:
                job.lost = True
                job.cancel()
                LOG.warning("%s id=%d is cancelled: %s", record.kind, record.id, error)
        except Exception as error:
            LOG.error(
                "the lease of %s id=%d could not be extended; trying again: %s",
                record.kind,
                record.id,
                brief_of(error),
                error=error,
            )
        else:
            job.renewed_at = asked_at


def _renewed_at(job: CurrentJob) -> float:
    return job.renewed_at
