"""The runner: enqueues jobs and runs what is due."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import datetime, timedelta
from threading import RLock
from types import TracebackType
from typing import Self, TypeVar

from lazyjobs.contract import Backend, ClaimParams, InsertParams, Record, State, SupportsExtend
from lazyjobs.jobs import Definition, FindJob, InvalidJobError, Job, Registry, UnknownKindError, show_given
from lazyjobs.runner._attempt import Attempts
from lazyjobs.runner._claims import Claims
from lazyjobs.runner._clock import DelayClock
from lazyjobs.runner._context import RUNNER
from lazyjobs.runner._crew import Crew
from lazyjobs.runner._due import Attempt, DueRecords
from lazyjobs.runner._errors import RunnerStateError
from lazyjobs.runner._fork import call_in_child
from lazyjobs.runner._guards import GUARDS, ask_guards
from lazyjobs.runner._log import LOG
from lazyjobs.runner._loop import EventLoop
from lazyjobs.runner._names import NamedParams
from lazyjobs.runner._observer import Observer
from lazyjobs.runner._observers import make_observers
from lazyjobs.runner._options import (
    UnknownKind,
    check_backend,
    check_duration,
    check_flag,
    check_function,
    check_lease,
    check_name,
    check_optional_timeout,
    check_poll_interval,
    check_queues,
    check_several,
    check_timeout,
    check_unknown_kind,
    check_workers,
)
from lazyjobs.runner._snapshot import Snapshot
from lazyjobs.runner._source import BackendSource
from lazyjobs.runner._standin import IdleCrew, StandIn
from lazyjobs.runner._verdicts import Verdicts

J = TypeVar("J", bound=Job)

_NO_TIME = timedelta(0)


class JobRunner:
    """Enqueues typed jobs on a backend and, once started, runs those that are due in worker threads.

    `backend` is a Backend, which stays its opener's to close; or a URL, opened at first use and closed by `close`; or
    None for the URL in the environment variable LAZYJOBS_BACKEND, and `memory://` without it. `queues=None` watches the
    queues of the registered jobs. A job of an unknown kind is tried again after a growing delay, which costs it no
    attempt, since in a deploy another worker may know it; if `unknown_kind` is "discard", it is discarded. `find_job`
    is asked first for the class of such a kind, which is registered then, and gives None, or raises, if there is none.
    `lease` is how long a claim outlives a crash; `poll_interval` is how often an idle runner asks a backend that cannot
    tell it, and bounds how long an idle worker takes to stop. Delays are reckoned by the backend's clock; `clock`,
    which must tell aware UTC, lets a test move time forward. `name` is stored with each claim, in the characters of a
    kind and cut to a hundred; without one it is made of host, process and thread.

    As a context manager it starts, and at the end stops and closes. Every method is safe in any thread. A runner that
    only enqueues is never started. After a fork the child's runner is not running and may be started there.
    """

    def __init__(
        self,
        backend: Backend | str | None = None,
        *,
        jobs: Iterable[type[Job]] = (),
        workers: int = 1,
        queues: Iterable[str] | None = None,
        poll_interval: timedelta = timedelta(seconds=0.5),
        lease: timedelta = timedelta(seconds=60),
        unknown_kind: UnknownKind = "retry",
        find_job: FindJob | None = None,
        clock: Callable[[], datetime] | None = None,
        observers: Iterable[Observer] = (),
        name: str | None = None,
    ) -> None:
        self._lock = RLock()
        self._source = BackendSource(backend)
        find = None if find_job is None else check_function("find_job", find_job, "is given a kind and gives its class")
        self._registry = Registry(find)
        self._workers = check_workers(workers)
        self._queues = check_queues(queues)
        self._poll_interval = check_poll_interval(poll_interval)
        self._lease = check_lease(lease)
        self._unknown_kind = check_unknown_kind(unknown_kind)
        self._clock = DelayClock(
            None if clock is None else check_function("clock", clock, "tells aware UTC"), self._lease
        )
        self._observers = make_observers(observers)
        self._claim_params: ClaimParams | None = None
        self._name = check_name(name)
        self._named_params = NamedParams(self._name, self._params)
        self._crew: Crew | IdleCrew | None = None
        self._stand_in: StandIn | None = None
        for job in check_several("jobs", jobs, "job classes"):
            self.register(job)
        call_in_child(self, JobRunner._after_fork)

    @property
    def backend(self) -> Backend:
        """The backend, opened now if it was given by URL."""
        return self._source.get() if self._stand_in is None else self._stand_in.backend

    @property
    def backend_url(self) -> str | None:
        """The URL of its backend, given or from the environment, whether opened yet or not; None if it was no URL."""
        return self._source.url

    @property
    def running(self) -> bool:
        """Whether this runner claims records: it was started, and neither stopped nor drained since."""
        crew = self._crew
        return crew is not None and crew.active

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What is registered, in the order of registration."""
        return self._registry.definitions()

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues it watches; raises `RunnerStateError` if there are none."""
        return self._params().queues

    @property
    def workers(self) -> int:
        """How many jobs it runs at once."""
        return self._workers

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Who watches it."""
        return () if self._observers is None else self._observers.all

    def register(self, job: type[J]) -> type[J]:
        """Lets this runner enqueue and run jobs of the class; returns it, so it can be a decorator.

        Raises `InvalidJobError` or `DuplicateKindError`, now and not at run time, for a class that could not work.
        """
        with self._lock:
            self._registry.register(job)
            self._forget_params()
        return job

    def configure(
        self,
        *,
        backend: Backend | str | None = None,
        workers: int | None = None,
        queues: Iterable[str] | None = None,
        observers: Iterable[Observer] | None = None,
    ) -> None:
        """Replaces what is given; meant for a command line that overrides what the application chose.

        Raises `RunnerStateError` while it runs, and for a backend when the one before was already opened from a URL.
        """
        with self._lock:
            self._refuse_if_running("configured")
            if backend is not None:
                if self._source.opened:
                    raise RunnerStateError(
                        "the runner has already opened its backend; choose another before anything is enqueued, so not "
                        "in a module that enqueues when it is imported"
                    )
                self._source = BackendSource(backend)
            if workers is not None:
                self._workers = check_workers(workers)
            if queues is not None:
                self._queues = check_queues(queues)
                self._forget_params()
            if observers is not None:
                self._observers = make_observers(observers)

    def enqueue(self, job: Job, *, queue: str | None = None) -> Record:
        """Stores `job`, due now, and returns its record once it is stored.

        Raises `EncodeError`, naming the field, for a job that a worker could not read back; `UnknownKindError` or
        `InvalidJobError` for a class that is not registered; a `BackendError` when the storage fails. Blocks, so
        asyncio code calls it by `asyncio.to_thread`.
        """
        return self._insert(job, queue, None)

    def enqueue_in(self, job: Job, delay: timedelta, *, queue: str | None = None) -> Record:
        """As `enqueue`, due after `delay` by the backend's clock; a delay that is not above zero is now."""
        if check_duration("delay", delay) <= _NO_TIME:
            return self._insert(job, queue, None)
        now = self._delay_clock().now(self.backend)
        try:
            run_at = now + delay
        except OverflowError:
            raise ValueError(f"delay must end before the year 2201, so it cannot be {delay}") from None
        return self._insert(job, queue, run_at)

    def enqueue_at(self, job: Job, run_at: datetime, *, queue: str | None = None) -> Record:
        """As `enqueue`, due at `run_at`, which is aware; one that has passed is due at once."""
        if not isinstance(run_at, datetime):
            raise TypeError(
                f"run_at must be an aware datetime, not {show_given(run_at)}; write datetime(2030, 1, 31, tzinfo=UTC), "
                "or use enqueue_in for a delay"
            )
        return self._insert(job, queue, run_at)

    def _insert(self, job: Job, queue: str | None, run_at: datetime | None) -> Record:
        try:
            registration = self._registry.find_for(job)
        except UnknownKindError:
            if hasattr(job, "work"):
                raise
            told = f"only jobs can be enqueued, not {show_given(job)}; give an instance of a registered class"
            raise InvalidJobError(told) from None
        definition = registration.definition
        params = InsertParams(
            kind=definition.kind,
            queue=definition.queue if queue is None else queue,
            payload=registration.codec.encode(job),
            max_attempts=definition.max_attempts,
            run_at=run_at,
        )
        if GUARDS and self._stand_in is None:
            ask_guards(self._source.url, self._source.at_hand)
        backend, observers = self.backend, self._observers
        record = backend.insert(params) if observers is None else observers.insert(backend, params)
        if (crew := self._crew) is not None:
            crew.nudge()
        return record

    def decode(self, record: Record) -> Job:
        """The job whose fields `record` holds; raises `UnknownKindError` or `DecodeError`."""
        if not isinstance(record, Record):
            raise TypeError(f"record must be a Record, such as enqueue returns, not {show_given(record)}")
        return self._registry.find(record.kind).codec.decode(record.payload)

    def start(self, *, until_idle: bool = False) -> None:
        """Starts the workers and returns; with `until_idle` they end by themselves when nothing is due any more.

        Raises `RunnerStateError` if they run already, or have no queue to watch.
        """
        check_flag("until_idle", until_idle)
        if until_idle and (stand_in := self._stand_in) is not None:
            self._refuse_if_running("started")
            stand_in.drain()
            return
        with self._lock:
            self._refuse_if_running("started")
            self._params()
            if self._stand_in is not None:
                self._crew = IdleCrew()
                return
            backend = self._source.get()
            if not isinstance(backend, SupportsExtend):
                LOG.warning(
                    "%s cannot extend a lease: a job that runs longer than %s will be run a second time beside itself",
                    type(backend).__name__,
                    self._lease,
                )
            self._crew = crew = self._make_crew(backend, until_idle=until_idle)
            if self._observers is not None:
                self._observers.started(self)
            crew.start()

    def drain(self, timeout: timedelta | None = None) -> bool:
        """Runs all that is due, and what those jobs enqueue that is due too, then stops.

        Returns True when nothing is due any more, False when the timeout passed first; then the jobs in flight are
        waited for as in `stop`. What is due later, such as a retry, is left. When the backend fails, it gives up and
        raises the error, once the jobs in flight have ended: at once, unless the error is a `BackendUnavailableError`,
        which may pass and is given 30 seconds.
        """
        check_optional_timeout(timeout)
        self.start(until_idle=True)
        ended = self.join(timeout)
        if not ended:
            self.stop()
        if (failure := self.drain_failure) is not None:
            try:
                raise failure
            finally:
                del failure  # its traceback holds this frame
        return ended

    @property
    def drain_failure(self) -> BaseException | None:
        """What the backend raised when the last drain was given up, also one that `start` began; else None."""
        crew = self._crew
        return crew.failure if crew is not None else None

    def run_due(self, *, queues: Iterable[str] | None = None) -> Generator[Attempt, None, None]:
        """Runs what is due in the calling thread, a job each time the next attempt is asked for, until nothing is.

        For tests, and for scripts and functions that are called now and then. The rules are those of a worker: leases
        are kept, retries and logs are the same, `work` sees none of the caller's context variables, and async jobs run
        on a loop in a thread of its own. `queues` replaces those that the runner watches. Raises what the backend
        raises, and a record whose outcome was not written comes back when its lease has ended. Close the iterator
        if you leave it early.
        """
        chosen = check_queues(queues)
        params = self._params() if chosen is None else ClaimParams(queues=chosen, lease=self._lease)
        backend, named = self.backend, NamedParams(self._name, lambda: params)()
        make_attempts = self._attempts_on(backend, self._delay_clock())
        return DueRecords(backend, named, make_attempts, self._observers, self._make_context(), self._lease).run()

    @contextmanager
    def override(
        self, backend: Backend, *, clock: Callable[[], datetime], drain: Callable[[], object]
    ) -> Iterator[Self]:
        """Puts something else in the place of this runner's backend, clock and workers for the code inside; for tests.

        Nothing runs by itself: `start` starts no worker, but with `until_idle` it calls the function given, as `drain`
        does, and returns when that does; `close` closes nothing. The runner's own backend is neither opened nor used,
        but by workers that run already: they go on with it, and see nothing of what is enqueued meanwhile. `configure`
        says what holds afterwards. Raises `RunnerStateError` if it is overridden already.
        """
        check_backend(backend)
        check_function("clock", clock, "tells aware UTC")
        check_function("drain", drain, "runs what is due")
        with self._lock:
            if self._stand_in is not None:
                raise RunnerStateError("the runner is overridden already; one test at a time can have it")
            crew = self._crew
            self._crew = IdleCrew() if self.running else None
            self._stand_in = StandIn(backend=backend, clock=clock, drain=drain)
        try:
            yield self
        finally:
            with self._lock:
                self._stand_in = None
                self._crew = crew

    def join(self, timeout: timedelta | None = None) -> bool:
        """Waits until no worker is left, because of `stop` or at the end of a drain; returns whether that is so."""
        checked, crew = check_optional_timeout(timeout), self._crew
        return crew is None or crew.join(checked)

    def stop(self, timeout: timedelta = timedelta(seconds=30)) -> bool:
        """Claims nothing more, lets the jobs in flight end within `timeout` and writes their outcomes.

        What still runs then is cancelled: it sees `current_job().cancelled`, an async job gets CancelledError, and a
        second later this returns False. Such a job keeps its lease as long as its thread lives, so that it never runs
        twice at once, and its outcome is still written; when the process ends first, it comes back once the lease has
        ended. Returns True when no job is left. Stopping again, or a runner that does not run, does no harm.
        """
        checked, crew = check_timeout(timeout), self._crew
        return crew is None or crew.stop(checked)

    def close(self) -> None:
        """Closes the backend if this runner opened it, once no job is left; enqueuing then raises.

        Call it after `stop`. A backend that was given is left alone.
        """
        crew, source = self._crew, self._source
        if self._stand_in is not None:
            return
        if crew is None:
            source.close()
        else:
            crew.when_ended(source.close)

    def snapshot(self, *, states: Collection[State] | None = None) -> Snapshot:
        """The runner, its jobs, the counts, and the 100 most recently updated records without their payloads.

        With `states`, only records of those are among the 100.
        """
        return Snapshot.of(self.backend, running=self.running, definitions=self.definitions, states=states)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        self.close()

    def _make_crew(self, backend: Backend, *, until_idle: bool) -> Crew:
        claims = Claims(backend, self._named_params, self._poll_interval, workers=self._workers, until_idle=until_idle)
        attempts, context = self._attempts_on(backend, self._clock), self._make_context()
        return Crew(backend, claims, attempts, self._observers, context, workers=self._workers, lease=self._lease)

    def _attempts_on(self, backend: Backend, clock: DelayClock) -> Callable[[EventLoop], Attempts]:
        verdicts = Verdicts(backend, clock, self._unknown_kind)
        return lambda loop: Attempts(self._registry, loop, verdicts)

    def _make_context(self) -> Context:
        context = Context()
        context.run(RUNNER.set, self)
        return context

    def _delay_clock(self) -> DelayClock:
        stand_in = self._stand_in
        return self._clock if stand_in is None else DelayClock(stand_in.clock, self._lease)

    def _params(self) -> ClaimParams:
        params = self._claim_params
        if params is None:
            with self._lock:
                registered = dict.fromkeys(definition.queue for definition in self.definitions)
                queues = tuple(registered) if self._queues is None else self._queues
                if not queues:
                    raise RunnerStateError("the runner has no queue to watch; register a job, or pass queues=")
                params = self._claim_params = ClaimParams(queues=queues, lease=self._lease)
        return params

    def _forget_params(self) -> None:
        self._claim_params = None
        self._named_params.forget()

    def _refuse_if_running(self, verb: str) -> None:
        if self.running:
            raise RunnerStateError(f"the runner is running and cannot be {verb}; stop it first")

    def _after_fork(self) -> None:
        self._lock = RLock()
        self._crew = None
        self._forget_params()
        self._source.forget()
