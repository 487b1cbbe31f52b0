"""How a runner runs what is due: by workers that are started and stopped, or in the thread that asks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import timedelta
from typing import TYPE_CHECKING

from lazyjobs.contract import Backend, SupportsExtend
from lazyjobs.runner._attempt import Attempts
from lazyjobs.runner._claims import Claims
from lazyjobs.runner._clock import DelayClock
from lazyjobs.runner._context import RUNNER
from lazyjobs.runner._crew import Crew
from lazyjobs.runner._due import Attempt, DueRecords
from lazyjobs.runner._errors import RunnerStateError
from lazyjobs.runner._log import LOG
from lazyjobs.runner._loop import EventLoop
from lazyjobs.runner._standin import IdleCrew, StandIn
from lazyjobs.runner._state import RunnerState
from lazyjobs.runner._verdicts import Verdicts

if TYPE_CHECKING:
    from lazyjobs.runner._runner import JobRunner


class Running:
    """Starts and stops the workers of one runner; the methods promise what those of `JobRunner` do."""

    def __init__(self, state: RunnerState, runner: JobRunner) -> None:
        self._state = state
        self._context = Context()
        self._context.run(RUNNER.set, runner)
        self._runner = runner

    def start(self, *, until_idle: bool) -> None:
        """Starts the workers; a test that stands in for them drains, or does nothing."""
        state = self._state
        if until_idle and (stand_in := state.stand_in) is not None:
            state.refuse_if_running("started")
            stand_in.drain()
            return
        with state.lock:
            state.refuse_if_running("started")
            _ = state.params.unnamed
            if state.stand_in is not None:
                state.crew = IdleCrew()
                return
            backend = state.source.get()
            if not isinstance(backend, SupportsExtend):
                LOG.warning(
                    "%s cannot extend a lease: a job that runs longer than %s will be run a second time beside itself",
                    type(backend).__name__,
                    state.lease,
                )
            state.crew = crew = self._make_crew(backend, until_idle=until_idle)
            if state.observers is not None:
                try:
                    state.observers.started(self._runner)
                except BaseException:
                    state.crew = None
                    raise
            crew.start()

    def drain(self, timeout: timedelta | None) -> bool:
        """Runs all that is due; raises what it gave up on."""
        self.start(until_idle=True)
        ended = self.join(timeout)
        if not ended:
            self._runner.stop()
        if (failure := self.failure) is not None:
            try:
                raise failure
            finally:
                del failure  # its traceback holds this frame
        return ended

    @property
    def failure(self) -> BaseException | None:
        """What the last drain gave up on."""
        crew = self._state.crew
        return crew.failure if crew is not None else None

    def run_due(self, queues: tuple[str, ...] | None) -> Generator[Attempt, None, None]:
        """Runs what is due in the calling thread."""
        state = self._state
        params, backend = state.params.on(queues), state.backend
        make_attempts = self._attempts_on(backend, state.clock)
        return DueRecords(backend, params, make_attempts, state.observers, self._context, state.lease).run()

    def join(self, timeout: timedelta | None) -> bool:
        """Waits until no worker is left; returns whether that is so."""
        crew = self._state.crew
        return crew is None or crew.join(timeout)

    def stop(self, timeout: timedelta) -> bool:
        """Stops the workers; returns whether no job is left."""
        crew = self._state.crew
        return crew is None or crew.stop(timeout)

    def close(self) -> None:
        """Closes what was opened, once no job is left."""
        crew, source = self._state.crew, self._state.source
        if self._state.stand_in is not None:
            return
        if crew is None:
            source.close()
        else:
            crew.when_ended(source.close)

    @contextmanager
    def overridden(self, stand_in: StandIn) -> Iterator[None]:
        """Something else takes the place of backend, clock and workers for the code inside."""
        state = self._state
        with state.lock:
            if state.stand_in is not None:
                raise RunnerStateError("the runner is overridden already; one test at a time can have it")
            crew = state.crew
            state.crew = IdleCrew() if state.running else None
            state.stand_in = stand_in
        try:
            yield
        finally:
            with state.lock:
                state.stand_in = None
                state.crew = crew

    def _make_crew(self, backend: Backend, *, until_idle: bool) -> Crew:
        state = self._state
        claims = Claims(backend, state.params, state.poll_interval, workers=state.workers, until_idle=until_idle)
        attempts = self._attempts_on(backend, state.own_clock)
        return Crew(backend, claims, attempts, state.observers, self._context, workers=state.workers, lease=state.lease)

    def _attempts_on(self, backend: Backend, clock: DelayClock) -> Callable[[EventLoop], Attempts]:
        verdicts, registry = Verdicts(backend, clock, self._state.unknown_kind), self._state.registry
        return lambda loop: Attempts(registry, loop, verdicts)
