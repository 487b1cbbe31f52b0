"""What a test holds: the jobs of an application, to run and to ask about."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Self

from lazyjobs import Attempt, ClaimParams, CompleteParams, JobRunner, RunnerStateError, State
from lazyjobs.runner import taking_made_runners
from lazyjobs_testkit.jobs._assertions import Assertions
from lazyjobs_testkit.jobs._clock import Clock
from lazyjobs_testkit.jobs._driver import MOST, Driver, Tolerated
from lazyjobs_testkit.jobs._listing import NO_RUNNER
from lazyjobs_testkit.jobs._store import Store

_LAST_DAY = datetime(2200, 12, 31, tzinfo=UTC)


class _Mode(NamedTuple):
    inline: bool = False
    tolerate: Tolerated = ()


class Jobs(Assertions):
    """Jobs in memory that run when the test says so, in its own thread, by a clock that only the test moves.

    Everything else is real: payloads are encoded and decoded, classes and fields are checked, attempts, retries and
    discards go by the rules of the runner, `work` has the job and the runner at hand and none of the caller's context
    variables. At first it is *manual*: nothing runs until `drain`, even if the application starts its runner. *Inline*,
    what is due runs before `enqueue` returns.

    Runners that an application has made at its startup, by `lifespan(jobs=…)`, are used without being asked for.

    A context manager, whose end gives every runner back as it was. The fixture `jobs` is one.
    """

    def __init__(self, runner: JobRunner | None = None, *, now: datetime | None = None) -> None:
        clock = Clock(now)
        super().__init__(clock, Store(clock, self._note_insert))
        self._given = runner
        self._at_work: list[JobRunner] = []
        self._driver = Driver(self._at_work)
        self._mode = _Mode()
        self._stack: ExitStack | None = None

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        try:
            self._stack.enter_context(taking_made_runners(self._take_made))
            if self._given is not None:
                self.use(self._given)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._stack is not None:
            self._stack.close()
        self._stack = None

    def __repr__(self) -> str:
        mode = "inline" if self._mode.inline else "manual"
        if not self._runners:
            return f"<Jobs {mode}, no runner>"
        return f"<Jobs {mode}, {len(self.records())} enqueued, {len(self.waiting())} waiting>"

    @property
    def clock(self) -> Clock:
        """The clock of the runner and of the storage; it begins at the present, or at `Jobs(now=…)`."""
        return self._clock

    @property
    def runner(self) -> JobRunner:
        """The runner that was used first, else one of its own, for tests without an application."""
        return self._at_work[0] if self._at_work else self.use(JobRunner(self._backend, clock=self._clock))

    def use(self, runner: JobRunner, *, works: bool = True) -> JobRunner:
        """Stands in for the backend, clock and workers of an application's runner until the end, and returns it.

        Code that enqueues by that runner needs no change, and neither does code that starts, stops, drains or closes
        it: starting starts no worker, and its `drain` is that of the test. Several runners share one storage. A runner
        that runs no jobs in production, such as that of a web process, is told so by `works=False`. Using it again
        changes nothing. Raises `RunnerStateError` if another test has it.
        """
        if runner in self._runners:
            return runner
        if self._stack is None:
            raise RunnerStateError("this Jobs is not entered; write  with Jobs() as jobs:  or take the fixture `jobs`")
        self._stack.enter_context(runner.override(self._backend, clock=self._clock, drain=self._drain_for_runner))
        self._runners.append(runner)
        self._stack.callback(self._runners.remove, runner)
        if works:
            self._at_work.append(runner)
            self._stack.callback(self._at_work.remove, runner)
        return runner

    def _take_made(self, runner: JobRunner) -> None:
        with suppress(RunnerStateError):  # another Jobs has it, which this test put around this one
            self.use(runner)

    def inline(self, *, tolerate: Tolerated = ()) -> AbstractContextManager[object]:
        """From now on `enqueue` runs what is due before it returns; in a `with` statement, only inside that.

        What a job enqueues is run once that job has ended. What a job raises, `enqueue` raises, unless it is tolerated;
        production code never sees that, so test how it ends in manual mode.
        """
        return self._switch(_Mode(inline=True, tolerate=tolerate))

    def manual(self) -> AbstractContextManager[object]:
        """From now on nothing runs until `drain`; in a `with` statement, only inside that."""
        return self._switch(_Mode())

    def drain(
        self, *, queues: Sequence[str] | None = None, tolerate: Tolerated = (), limit: int = MOST
    ) -> list[Attempt]:
        """Runs what is due, and what becomes due on the way, in this thread; returns the attempts that were made.

        The exception of a job is raised here, with its own traceback, once its outcome is stored by the rules; what
        was due after it is left. Exceptions of the classes in `tolerate` are not raised. `queues` replaces those that
        the runners watch; what waits on others is left, as no worker would run it. Raises RuntimeError when, while the
        clock stands still, there is no end after `limit` attempts.
        """
        __tracebackhide__ = True
        if not self._at_work:
            raise RunnerStateError(NO_RUNNER)
        ran = self._driver.run(queues, tolerate, limit)
        if ran is None:
            raise RunnerStateError("jobs are being run already; what this job enqueues is run when it has ended")
        return ran

    def run_for(
        self,
        duration: timedelta,
        *,
        queues: Sequence[str] | None = None,
        tolerate: Tolerated = (),
        limit: int = MOST,
    ) -> list[Attempt]:
        """Lets so much time pass by the test's clock, and runs every job at the moment at which it is due.

        So retries over hours take milliseconds. The arguments are those of `drain`. When a job's exception is raised,
        the clock stands at the moment of that job.
        """
        __tracebackhide__ = True
        end = self._clock.now + duration
        ran = self.drain(queues=queues, tolerate=tolerate, limit=limit)
        while (due := self._next_due(queues)) is not None and due <= end:
            self._clock.move_to(due)
            ran += self.drain(queues=queues, tolerate=tolerate, limit=limit)
        self._clock.move_to(end)
        return ran

    def clear(self) -> None:
        """Forgets all that was enqueued until now: it is neither run nor asked about any more."""
        if queues := tuple(self._backend.stats().by_queue):
            everything = ClaimParams(queues=queues, now=_LAST_DAY)
            while (record := self._backend.claim(everything)) is not None:
                self._backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
            self._cleared = max((record.id for record in self.records()), default=self._cleared)

    def _next_due(self, queues: Sequence[str] | None) -> datetime | None:
        watched = {queue for runner in self._at_work for queue in runner.queues} if queues is None else set(queues)
        unfinished = (each for each in self.records() if each.state not in (State.SUCCEEDED, State.DISCARDED))
        due = (each.lease_expires_at or each.run_at for each in unfinished if each.queue in watched)
        return min(due, default=None)

    def _note_insert(self) -> None:
        __tracebackhide__ = True
        if self._mode.inline:
            self._driver.run(tolerate=self._mode.tolerate)

    def _drain_for_runner(self) -> None:
        __tracebackhide__ = True
        self.drain(tolerate=self._mode.tolerate)

    def _switch(self, mode: _Mode) -> AbstractContextManager[object]:
        undo = ExitStack()
        undo.callback(setattr, self, "_mode", self._mode)
        self._mode = mode
        return undo
