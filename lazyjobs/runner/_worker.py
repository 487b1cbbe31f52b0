"""One worker: a daemon thread that runs one job at a time."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from lazyjobs.runner._claims import Claims
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._handling import Handling
from lazyjobs.runner._log import LOG


class Worker:
    """Claims, runs and finishes records until the claims are halted; no job and no backend error ends it sooner."""

    def __init__(self, name: str, claims: Claims, handling: Handling, on_end: Callable[[], None]) -> None:
        self.current: CurrentJob | None = None
        self.given_up = False
        """Whether the time for jobs in flight has passed, so that none begins any more."""
        self.thread = Thread(target=self._run, name=name, daemon=True)
        self._claims = claims
        self._handling = handling
        self._on_end = on_end

    def _run(self) -> None:
        try:
            job: CurrentJob | None = None
            while (job := job or self._claims.next()) is not None:
                job = self._handle(job)
        finally:
            self._on_end()

    def _handle(self, job: CurrentJob) -> CurrentJob | None:
        self.current = job
        if self.given_up:  # after `current` was set, so that a stop meets either the one or the other
            job.stop()
        try:
            ending, _, following = self._handling.handle(job)
        except BaseException as error:
            LOG.error("handling id=%d attempt=%d failed; it comes back", job.record.id, job.attempt, error=error)
            return None
        finally:
            self.current = None
        if ending.error is not None:
            ending.forget()
        return following
