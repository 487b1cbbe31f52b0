"""One claimed record from its claim to its report: what a worker does, and `run_due` in the calling thread."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from time import monotonic

from lazyjobs.contract import FinishParams
from lazyjobs.runner._attempt import Attempts
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._ending import Ending
from lazyjobs.runner._observers import Observers
from lazyjobs.runner._outcomes import Fate
from lazyjobs.runner._report import log_attempt, log_takeover

Write = Callable[[FinishParams], tuple[Fate, CurrentJob | None]]


class Handling:
    """Runs claimed records, writes how they ended by `write`, and tells the log and the observers."""

    def __init__(self, attempts: Attempts, observers: Observers | None, context: Context, write: Write) -> None:
        self._attempts = attempts
        self._observers = observers
        self._context = context
        self._write = write

    def handle(self, job: CurrentJob) -> tuple[Ending, Fate, CurrentJob | None]:
        """How the attempt ended, what became of its outcome, and the next job if one was claimed along with that.

        Raises what `write` raises.
        """
        context = self._context.copy()
        if job.record.taken_from is not None:
            log_takeover(job.record)
        watch = None if self._observers is None else self._observers.watch(job.record, context)
        try:
            started_at = monotonic()
            ending = self._attempts.run(job, context)
            seconds = monotonic() - started_at
            job.working = False
            fate, following = self._write(ending.finish)
        except BaseException as failure:
            if watch is not None:
                watch.abandon(failure)
            raise
        if watch is None:
            log_attempt(job.record, fate, ending, seconds)
        else:
            watch.report(fate, ending, seconds)
        return ending, fate, following
