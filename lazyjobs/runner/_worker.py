"""One worker: a daemon thread that runs one job at a time."""

import logging
from collections.abc import Callable
from contextvars import Context
from threading import Thread
from time import monotonic

from lazyjobs.runner._attempt import Attempts
from lazyjobs.runner._claims import Claims
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._log import log_attempt
from lazyjobs.runner._observers import Observers
from lazyjobs.runner._outcomes import Outcomes

logger = logging.getLogger("lazyjobs")


class Worker:
    """Claims, runs and finishes records until the claims are halted; no job and no backend error ends it sooner."""

    def __init__(
        self,
        name: str,
        claims: Claims,
        attempts: Attempts,
        outcomes: Outcomes,
        observers: Observers | None,
        context: Context,
        on_end: Callable[[], None],
    ) -> None:
        self.current: CurrentJob | None = None
        self.thread = Thread(target=self._run, name=name, daemon=True)
        self._claims = claims
        self._attempts = attempts
        self._outcomes = outcomes
        self._observers = observers
        self._context = context
        self._on_end = on_end

    def _run(self) -> None:
        try:
            job: CurrentJob | None = None
            while (job := job or self._claims.next()) is not None:
                job = self._handle_safely(job)
        finally:
            self._on_end()

    def _handle_safely(self, job: CurrentJob) -> CurrentJob | None:
        try:
            return self._handle(job)
        except BaseException:
            logger.exception("handling id=%d attempt=%d failed; it comes back", job.record.id, job.attempt)
            return None
        finally:
            self.current = None

    def _handle(self, job: CurrentJob) -> CurrentJob | None:
        self.current = job
        context = self._context.copy()
        watch = None if self._observers is None else self._observers.watch(job.record, context)
        try:
            started_at = monotonic()
            finish, error = self._attempts.run(job, context)
            seconds = monotonic() - started_at
            job.working = False
            fate, following = self._outcomes.write(finish)
        except BaseException as failure:
            if watch is not None:
                watch.abandon(failure)
            raise
        if watch is None:
            log_attempt(job.record, fate, finish, seconds, error)
        else:
            watch.report(fate, finish, seconds, error)
        return following
