"""Runs what is due, in the thread that asks."""

from collections.abc import Sequence
from contextlib import closing
from threading import Lock

from lazyjobs import Attempt, JobRunner
from lazyjobs_testkit.jobs._failure import failure_of

Tolerated = type[BaseException] | tuple[type[BaseException], ...]

MOST = 10_000


class Driver:
    """Runs the due records of several runners, one at a time and in one thread at a time."""

    def __init__(self, runners: Sequence[JobRunner]) -> None:
        self._runners = runners
        self._lock = Lock()

    def run(
        self, queues: Sequence[str] | None = None, tolerate: Tolerated = (), limit: int = MOST
    ) -> list[Attempt] | None:
        """Every attempt, until nothing is due; None, with nothing run, if this is called by what runs already.

        What that run finds due it runs itself, also what was enqueued from another thread in the meantime. Raises the
        first failure that is not tolerated, once its outcome is written; RuntimeError after more than `limit` attempts.
        """
        __tracebackhide__ = True
        ran: list[Attempt] | None = None
        while self._lock.acquire(blocking=False):
            before = len(ran := ran or [])
            try:
                self._run_once(ran, queues, tolerate, limit)
            finally:
                self._lock.release()
            if len(ran) == before:
                break
        return ran

    def _run_once(self, ran: list[Attempt], queues: Sequence[str] | None, tolerate: Tolerated, limit: int) -> None:
        __tracebackhide__ = True
        for runner in self._runners:
            with closing(runner.run_due(queues=queues)) as attempts:
                for attempt in attempts:
                    ran.append(attempt)
                    failure = failure_of(attempt, runner)
                    if failure is not None and not isinstance(failure, tolerate):
                        raise failure
                    if len(ran) > limit:
                        raise RuntimeError(_explain_limit(attempt, limit))


def _explain_limit(last: Attempt, limit: int) -> str:
    return (
        f"more than {limit} attempts were made and there is no end, the last one at {last.record.kind} "
        f"id={last.record.id}; does a job enqueue itself, or retry at once, for ever? If not, raise limit="
    )
