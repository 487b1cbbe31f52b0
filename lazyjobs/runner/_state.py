"""What a runner was given, and what it has at the moment; its parts share it."""

from __future__ import annotations

from datetime import timedelta
from threading import RLock

from lazyjobs.contract import Backend
from lazyjobs.jobs import Registry
from lazyjobs.runner._clock import DelayClock
from lazyjobs.runner._crew import Crew
from lazyjobs.runner._errors import RunnerStateError
from lazyjobs.runner._observers import Observers
from lazyjobs.runner._options import UnknownKind
from lazyjobs.runner._params import Params
from lazyjobs.runner._source import BackendSource
from lazyjobs.runner._standin import IdleCrew, StandIn


class RunnerState:
    """The fields of one runner; what changes while it may run is changed under `lock`."""

    def __init__(
        self,
        registry: Registry,
        params: Params,
        source: BackendSource,
        clock: DelayClock,
        observers: Observers | None,
        *,
        workers: int,
        poll_interval: timedelta,
        lease: timedelta,
        unknown_kind: UnknownKind,
    ) -> None:
        self.lock = RLock()
        self.registry = registry
        self.params = params
        self.source = source
        self.observers = observers
        self.workers = workers
        self.poll_interval = poll_interval
        self.lease = lease
        self.unknown_kind = unknown_kind
        self.own_clock = clock
        self.crew: Crew | IdleCrew | None = None
        self.stand_in: StandIn | None = None

    @property
    def backend(self) -> Backend:
        """That of a test that stands in for it, or its own, which is opened now if it is not yet."""
        return self.source.get() if self.stand_in is None else self.stand_in.backend

    @property
    def clock(self) -> DelayClock:
        """The same of its clock."""
        stand_in = self.stand_in
        return self.own_clock if stand_in is None else DelayClock(stand_in.clock, self.lease)

    @property
    def running(self) -> bool:
        """Whether new records are claimed."""
        crew = self.crew
        return crew is not None and crew.active

    def refuse_if_running(self, verb: str) -> None:
        """Raises `RunnerStateError` if they are."""
        if self.running:
            raise RunnerStateError(f"the runner is running and cannot be {verb}; stop it first")

    def after_fork(self) -> None:
        """In the child of a fork: none of the threads is there, and no connection is shared."""
        self.lock = RLock()
        self.crew = None
        self.params.after_fork()
        self.source.forget()
