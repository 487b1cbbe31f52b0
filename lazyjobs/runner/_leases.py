"""Keeps the leases of long jobs."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from threading import Event, Thread
from time import monotonic

from lazyjobs.contract import ClaimLostError, ExtendParams, SupportsExtend
from lazyjobs.jobs import brief_of
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._log import LOG

_TICKS = 6
_RENEW_AFTER = 3


class LeaseKeeper:
    """Extends the lease of every job that has run for a third of it, from a daemon thread of its own.

    It looks six times a lease at what runs, so a job that is done sooner costs nothing, and an extension that fails is
    tried again several times before the lease ends. A busy job cannot starve it unless it holds the interpreter's lock.
    """

    def __init__(self, backend: SupportsExtend, lease: timedelta, running: Callable[[], Iterable[CurrentJob]]) -> None:
        self._backend = backend
        self._lease = lease
        self._seconds = lease.total_seconds()
        self._running = running
        self._done = Event()
        self._thread = Thread(target=self._keep, name="lazyjobs-leases", daemon=True)

    def start(self) -> None:
        """Begins to keep the leases of what `running` gives, asked anew each time."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; what is still running loses its lease in time."""
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _keep(self) -> None:
        while not self._done.wait(self._seconds / _TICKS):
            for job in self._running():
                if monotonic() - job.renewed_at >= self._seconds / _RENEW_AFTER and not job.lost:
                    self._extend(job)

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
