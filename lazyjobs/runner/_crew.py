"""The threads of one start of a runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import Context
from datetime import timedelta
from threading import Event, Lock, Thread, current_thread
from time import monotonic

from lazyjobs.contract import Backend, SupportsExtend
from lazyjobs.runner._attempt import Attempts, Handling
from lazyjobs.runner._claims import Claims
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._leases import LeaseKeeper
from lazyjobs.runner._log import LOG
from lazyjobs.runner._loop import EventLoop
from lazyjobs.runner._observers import Observers
from lazyjobs.runner._outcomes import Outcomes


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


_GRACE = timedelta(seconds=1)


class Crew:
    """Workers, the keeper of their leases and their event loop; whichever worker ends last ends the others too.

    A job that outlives `stop` keeps its worker, its lease and the loop until it returns, and its outcome is written.
    """

    def __init__(
        self,
        backend: Backend,
        claims: Claims,
        make_attempts: Callable[[EventLoop], Attempts],
        observers: Observers | None,
        context: Context,
        *,
        workers: int,
        lease: timedelta,
    ) -> None:
        self._claims = claims
        self._loop = EventLoop()
        self._given_up = Event()
        self._ended = Event()
        self._starter = current_thread()
        self._started = Event()
        self._lock = Lock()
        self._left = workers
        self._on_end: list[Callable[[], None]] = []
        outcomes = Outcomes(backend, claims, self._given_up)
        handling = Handling(make_attempts(self._loop), observers, context, outcomes.write)
        self._workers = [
            Worker(f"lazyjobs-worker-{number}", claims, handling, self._leave) for number in range(1, workers + 1)
        ]
        self._keeper = LeaseKeeper(backend, lease, self.running) if isinstance(backend, SupportsExtend) else None

    @property
    def active(self) -> bool:
        """Whether new records are still being claimed."""
        return not self._claims.halted.is_set()

    @property
    def failure(self) -> BaseException | None:
        """What a drain gave up on."""
        return self._claims.patience.failure

    def start(self) -> None:
        """Starts every thread; when the system has none for it, ends those that were started, and raises."""
        missing = len(self._workers)
        try:
            if self._keeper is not None:
                self._keeper.start()
            for worker in self._workers:
                worker.thread.start()
                missing -= 1
        except BaseException:
            self._claims.halt()
            for _ in range(missing):
                self._leave()
            raise
        finally:
            self._started.set()

    def nudge(self) -> None:
        """Says that something may be due."""
        self._claims.nudge()

    def running(self) -> Iterator[CurrentJob]:
        """The jobs in flight."""
        for worker in self._workers:
            if (job := worker.current) is not None:
                yield job

    def join(self, timeout: timedelta | None) -> bool:
        """Waits until every worker has ended; returns whether they have.

        The first job may ask before the last worker is started; an observer may in the middle of the start, which then
        waits for it, so that it gets no for an answer.
        """
        deadline = None if timeout is None else monotonic() + timeout.total_seconds()
        if not self._started.is_set():
            if current_thread() is self._starter:
                return False
            self._started.wait(_left_until(deadline))
        for worker in self._workers:
            if worker.thread.ident is not None and worker.thread is not current_thread():
                worker.thread.join(_left_until(deadline))
        return self._ended.is_set()

    def stop(self, timeout: timedelta) -> bool:
        """Halts claiming, waits for the jobs in flight, cancels what is left; returns whether every worker ended."""
        self._claims.halt()
        if self.join(timeout):
            return True
        self._given_up.set()
        for worker in self._workers:
            worker.given_up = True
        stopped = list(self.running())
        for job in stopped:
            job.stop()
        for job in stopped:  # only now, as a log may be slow
            LOG.warning("%s id=%d still runs after the stop and is cancelled", job.record.kind, job.record.id)
        return self.join(_GRACE)

    def when_ended(self, action: Callable[[], None]) -> None:
        """Calls `action` once no worker is left: now, or in the thread of the last one."""
        with self._lock:
            if self._left:
                self._on_end.append(action)
                return
        action()

    def _leave(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left:
                return
        if self._keeper is not None:
            self._keeper.stop()
        self._loop.stop()
        for action in self._on_end:
            self._end_with(action)
        self._ended.set()

    def _end_with(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            LOG.error("a runner has ended, but what was to be done then failed", error=error)


def _left_until(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - monotonic())
