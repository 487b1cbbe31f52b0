"""The runner: enqueues jobs and runs what is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextvars import Context
from datetime import UTC, datetime, timedelta
from threading import RLock
from types import TracebackType
from typing import Self, TypeVar, get_args

from lazyjobs.contract import Backend, ClaimParams, InsertParams, ListOptions, Record, SupportsExtend, WaitParams
from lazyjobs.jobs import Definition, Job, Registry
from lazyjobs.runner._attempt import Attempts, UnknownKind
from lazyjobs.runner._claims import Claims
from lazyjobs.runner._context import RUNNER
from lazyjobs.runner._crew import Crew
from lazyjobs.runner._errors import RunnerStateError
from lazyjobs.runner._fork import call_in_child
from lazyjobs.runner._snapshot import RecordSummary, Snapshot
from lazyjobs.runner._source import BackendSource

logger = logging.getLogger("lazyjobs")

J = TypeVar("J", bound=Job)

_NO_TIME = timedelta(0)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class JobRunner:
    """Enqueues typed jobs on a backend and, once started, runs those that are due in worker threads.

    `backend` is a Backend, which stays its opener's to close; or a URL, opened at first use and closed by `close`; or
    None for the URL in the environment variable LAZYJOBS_BACKEND, and `memory://` without it. `queues=None` watches the
    queues of the registered jobs. A job of an unknown kind is discarded, or retried if `unknown_kind` is "retry", which
    deploys want in which old workers meet new jobs. `lease` is how long a claim outlives a crash; `poll_interval` is
    how often an idle runner asks a backend that cannot tell it, and bounds how long an idle worker takes to stop.

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
        unknown_kind: UnknownKind = "discard",
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._lock = RLock()
        self._source = BackendSource(backend)
        self._registry = Registry()
        self._workers = _check_workers(workers)
        self._queues = _check_queues(queues)
        self._poll_interval = _check_poll_interval(poll_interval)
        self._lease = ClaimParams(lease=lease).lease
        self._unknown_kind = _check_unknown_kind(unknown_kind)
        self._clock = clock
        self._claim_params: ClaimParams | None = None
        self._crew: Crew | None = None
        for job in jobs:
            self.register(job)
        call_in_child(self, JobRunner._after_fork)

    @property
    def backend(self) -> Backend:
        """The backend, opened now if it was given by URL."""
        return self._source.get()

    @property
    def running(self) -> bool:
        """Whether this runner claims records: it was started, and neither stopped nor drained since."""
        crew = self._crew
        return crew is not None and crew.active

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What is registered, in the order of registration."""
        return self._registry.definitions()

    def register(self, job: type[J]) -> type[J]:
        """Lets this runner enqueue and run jobs of the class; returns it, so it can be a decorator.

        Raises `InvalidJobError` or `DuplicateKindError`, now and not at run time, for a class that could not work.
        """
        with self._lock:
            self._registry.register(job)
            self._claim_params = None
        return job

    def configure(
        self,
        *,
        backend: Backend | str | None = None,
        workers: int | None = None,
        queues: Iterable[str] | None = None,
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
                self._workers = _check_workers(workers)
            if queues is not None:
                self._queues = _check_queues(queues)
                self._claim_params = None

    def enqueue(self, job: Job, *, queue: str | None = None) -> Record:
        """Stores `job`, due now, and returns its record once it is stored.

        Raises `EncodeError`, naming the field, for a job that a worker could not read back; `UnknownKindError` or
        `InvalidJobError` for a class that is not registered; a `BackendError` when the storage fails. Blocks, so
        asyncio code calls it by `asyncio.to_thread`.
        """
        return self._insert(job, queue, None)

    def enqueue_in(self, job: Job, delay: timedelta, *, queue: str | None = None) -> Record:
        """As `enqueue`, due after `delay`; a delay that is not above zero is now."""
        return self._insert(job, queue, self._clock() + delay if delay > _NO_TIME else None)

    def enqueue_at(self, job: Job, run_at: datetime, *, queue: str | None = None) -> Record:
        """As `enqueue`, due at `run_at`, which is aware; one that has passed is due at once."""
        return self._insert(job, queue, run_at)

    def _insert(self, job: Job, queue: str | None, run_at: datetime | None) -> Record:
        registration = self._registry.find_for(job)
        definition = registration.definition
        record = self._source.get().insert(
            InsertParams(
                kind=definition.kind,
                queue=definition.queue if queue is None else queue,
                payload=registration.codec.encode(job),
                max_attempts=definition.max_attempts,
                run_at=run_at,
            )
        )
        if (crew := self._crew) is not None:
            crew.nudge()
        return record

    def start(self, *, until_idle: bool = False) -> None:
        """Starts the workers and returns; with `until_idle` they end by themselves when nothing is due any more.

        Raises `RunnerStateError` if they run already, or have no queue to watch.
        """
        with self._lock:
            self._refuse_if_running("started")
            self._params()
            backend = self._source.get()
            if not isinstance(backend, SupportsExtend):
                logger.warning(
                    "%s cannot extend a lease: a job that runs longer than %s will be run a second time beside itself",
                    type(backend).__name__,
                    self._lease,
                )
            self._crew = crew = self._make_crew(backend, until_idle=until_idle)
            crew.start()

    def drain(self, timeout: timedelta | None = None) -> bool:
        """Runs all that is due, and what those jobs enqueue that is due too, then stops.

        Returns True when nothing is due any more, False when the timeout passed first; then the jobs in flight are
        waited for as in `stop`. What is due later, such as a retry, is left.
        """
        self.start(until_idle=True)
        if self.join(timeout):
            return True
        self.stop()
        return False

    def join(self, timeout: timedelta | None = None) -> bool:
        """Waits until no worker is left, because of `stop` or at the end of a drain; returns whether that is so."""
        crew = self._crew
        return crew is None or crew.join(timeout)

    def stop(self, timeout: timedelta = timedelta(seconds=30)) -> bool:
        """Claims nothing more, lets the jobs in flight end within `timeout` and writes their outcomes.

        What still runs then is cancelled: it sees `current_job().cancelled`, an async job gets CancelledError, and a
        second later this returns False. Such a job keeps its lease as long as its thread lives, so that it never runs
        twice at once, and its outcome is still written; when the process ends first, it comes back once the lease has
        ended. Returns True when no job is left. Stopping again, or a runner that does not run, does no harm.
        """
        crew = self._crew
        return crew is None or crew.stop(timeout)

    def close(self) -> None:
        """Closes the backend if this runner opened it, once no job is left; enqueuing then raises.

        Call it after `stop`. A backend that was given is left alone.
        """
        crew, source = self._crew, self._source
        if crew is None:
            source.close()
        else:
            crew.when_ended(source.close)

    def snapshot(self) -> Snapshot:
        """The runner, its jobs, the counts, and the 100 most recently updated records without their payloads."""
        backend = self._source.get()
        return Snapshot(
            running=self.running,
            definitions=self.definitions,
            stats=backend.stats(),
            recent=tuple(RecordSummary.of(record) for record in backend.list(ListOptions(limit=100))),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        self.close()

    def _make_crew(self, backend: Backend, *, until_idle: bool) -> Crew:
        claims = Claims(backend, self._params, self._poll_interval, workers=self._workers, until_idle=until_idle)
        context = Context()
        context.run(RUNNER.set, self)
        return Crew(
            backend,
            claims,
            lambda loop: Attempts(self._registry, loop, self._clock, self._unknown_kind),
            context,
            workers=self._workers,
            lease=self._lease,
        )

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

    def _refuse_if_running(self, verb: str) -> None:
        if self.running:
            raise RunnerStateError(f"the runner is running and cannot be {verb}; stop it first")

    def _after_fork(self) -> None:
        self._lock = RLock()
        self._crew = None
        self._source.forget()


def _check_workers(workers: object) -> int:
    if not isinstance(workers, int) or isinstance(workers, bool):
        raise TypeError(f"workers must be an int, not {type(workers).__name__}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    return workers


def _check_queues(queues: Iterable[str] | None) -> tuple[str, ...] | None:
    if queues is None:
        return None
    if isinstance(queues, str):
        raise TypeError(f"queues must be several names, not the string {queues!r}; write [{queues!r}]")
    return ClaimParams(queues=tuple(queues)).queues


def _check_poll_interval(interval: object) -> timedelta:
    if not isinstance(interval, timedelta):
        raise TypeError(f"poll_interval must be a timedelta, not {type(interval).__name__}")
    if interval <= _NO_TIME:
        raise ValueError(f"poll_interval must be more than 0, not {interval}")
    return WaitParams(timeout=interval).timeout


def _check_unknown_kind(choice: UnknownKind) -> UnknownKind:
    if choice not in get_args(UnknownKind):
        raise ValueError(f'unknown_kind must be "discard" or "retry", not {choice!r}')
    return choice
