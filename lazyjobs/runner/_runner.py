"""The runner: enqueues jobs and runs what is due."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar

from lazyjobs.contract import Backend, Record, State
from lazyjobs.jobs import Definition, FindJob, Job, Registry, show_given
from lazyjobs.runner._clock import DelayClock
from lazyjobs.runner._due import Attempt
from lazyjobs.runner._enqueuing import Enqueuing
from lazyjobs.runner._errors import RunnerStateError
from lazyjobs.runner._fork import call_in_child
from lazyjobs.runner._observer import Observer
from lazyjobs.runner._observers import make_observers
from lazyjobs.runner._options import (
    UnknownKind,
    check_backend,
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
from lazyjobs.runner._params import Params
from lazyjobs.runner._running import Running
from lazyjobs.runner._snapshot import Snapshot
from lazyjobs.runner._source import BackendSource
from lazyjobs.runner._standin import StandIn
from lazyjobs.runner._state import RunnerState

J = TypeVar("J", bound=Job)


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
        find = None if find_job is None else check_function("find_job", find_job, "is given a kind and gives its class")
        tell = None if clock is None else check_function("clock", clock, "tells aware UTC")
        registry, lease = Registry(find), check_lease(lease)
        self._state = RunnerState(
            registry,
            Params(registry, queues=check_queues(queues), lease=lease, name=check_name(name)),
            BackendSource(backend),
            DelayClock(tell, lease),
            make_observers(observers),
            workers=check_workers(workers),
            poll_interval=check_poll_interval(poll_interval),
            lease=lease,
            unknown_kind=check_unknown_kind(unknown_kind),
        )
        self._enqueuing = Enqueuing(self._state)
        self._running = Running(self._state, self)
        for job in check_several("jobs", jobs, "job classes"):
            self.register(job)
        call_in_child(self._state, RunnerState.after_fork)

    @property
    def backend(self) -> Backend:
        """The backend, opened now if it was given by URL."""
        return self._state.backend

    @property
    def backend_url(self) -> str | None:
        """The URL of its backend, given or from the environment, whether opened yet or not; None if it was no URL."""
        return self._state.source.url

    @property
    def running(self) -> bool:
        """Whether this runner claims records: it was started, and neither stopped nor drained since."""
        return self._state.running

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What is registered, in the order of registration."""
        return self._state.registry.definitions()

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues it watches; raises `RunnerStateError` if there are none."""
        return self._state.params.unnamed.queues

    @property
    def workers(self) -> int:
        """How many jobs it runs at once."""
        return self._state.workers

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Who watches it."""
        observers = self._state.observers
        return () if observers is None else observers.all

    def register(self, job: type[J]) -> type[J]:
        """Lets this runner enqueue and run jobs of the class; returns it, so it can be a decorator.

        Raises `InvalidJobError` or `DuplicateKindError`, now and not at run time, for a class that could not work.
        """
        self._state.params.register(job)
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
        state = self._state
        with state.lock:
            state.refuse_if_running("configured")
            if backend is not None:
                if state.source.opened:
                    raise RunnerStateError(
                        "the runner has already opened its backend; choose another before anything is enqueued, so not "
                        "in a module that enqueues when it is imported"
                    )
                state.source = BackendSource(backend)
            if workers is not None:
                state.workers = check_workers(workers)
            if queues is not None and (checked := check_queues(queues)) is not None:
                state.params.watch(checked)
            if observers is not None:
                state.observers = make_observers(observers)

    def enqueue(self, job: Job, *, queue: str | None = None) -> Record:
        """Stores `job`, due now, and returns its record once it is stored.

        Raises `EncodeError`, naming the field, for a job that a worker could not read back; `UnknownKindError` or
        `InvalidJobError` for a class that is not registered; a `BackendError` when the storage fails. Blocks, so
        asyncio code calls it by `asyncio.to_thread`.
        """
        return self._enqueuing.insert(job, queue, None)

    def enqueue_in(self, job: Job, delay: timedelta, *, queue: str | None = None) -> Record:
        """As `enqueue`, due after `delay` by the backend's clock; a delay that is not above zero is now."""
        return self._enqueuing.insert_in(job, queue, delay)

    def enqueue_at(self, job: Job, run_at: datetime, *, queue: str | None = None) -> Record:
        """As `enqueue`, due at `run_at`, which is aware; one that has passed is due at once."""
        return self._enqueuing.insert_at(job, queue, run_at)

    def decode(self, record: Record) -> Job:
        """The job whose fields `record` holds; raises `UnknownKindError` or `DecodeError`."""
        if not isinstance(record, Record):
            raise TypeError(f"record must be a Record, such as enqueue returns, not {show_given(record)}")
        return self._state.registry.find(record.kind).codec.decode(record.payload)

    def start(self, *, until_idle: bool = False) -> None:
        """Starts the workers and returns; with `until_idle` they end by themselves when nothing is due any more.

        Raises `RunnerStateError` if they run already, or have no queue to watch.
        """
        self._running.start(until_idle=check_flag("until_idle", until_idle))

    def drain(self, timeout: timedelta | None = None) -> bool:
        """Runs all that is due, and what those jobs enqueue that is due too, then stops.

        Returns True when nothing is due any more, False when the timeout passed first; then the jobs in flight are
        waited for as in `stop`. What is due later, such as a retry, is left. When the backend fails, it gives up and
        raises the error, once the jobs in flight have ended: at once, unless the error is a `BackendUnavailableError`,
        which may pass and is given 30 seconds.
        """
        return self._running.drain(check_optional_timeout(timeout))

    @property
    def drain_failure(self) -> BaseException | None:
        """What the backend raised when the last drain was given up, also one that `start` began; else None."""
        return self._running.failure

    def run_due(self, *, queues: Iterable[str] | None = None) -> Generator[Attempt, None, None]:
        """Runs what is due in the calling thread, a job each time the next attempt is asked for, until nothing is.

        For tests, and for scripts and functions that are called now and then. The rules are those of a worker: leases
        are kept, retries and logs are the same, `work` sees none of the caller's context variables, and async jobs run
        on a loop in a thread of its own. `queues` replaces those that the runner watches. Raises what the backend
        raises, and a record whose outcome was not written comes back when its lease has ended. Close the iterator
        if you leave it early.
        """
        return self._running.run_due(check_queues(queues))

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
        checked = StandIn(
            backend=check_backend(backend),
            clock=check_function("clock", clock, "tells aware UTC"),
            drain=check_function("drain", drain, "runs what is due"),
        )
        with self._running.overridden(checked):
            yield self

    def join(self, timeout: timedelta | None = None) -> bool:
        """Waits until no worker is left, because of `stop` or at the end of a drain; returns whether that is so."""
        return self._running.join(check_optional_timeout(timeout))

    def stop(self, timeout: timedelta = timedelta(seconds=30)) -> bool:
        """Claims nothing more, lets the jobs in flight end within `timeout` and writes their outcomes.

        What still runs then is cancelled: it sees `current_job().cancelled`, an async job gets CancelledError, and a
        second later this returns False. Such a job keeps its lease as long as its thread lives, so that it never runs
        twice at once, and its outcome is still written; when the process ends first, it comes back once the lease has
        ended. Returns True when no job is left. Stopping again, or a runner that does not run, does no harm.
        """
        return self._running.stop(check_timeout(timeout))

    def close(self) -> None:
        """Closes the backend if this runner opened it, once no job is left; enqueuing then raises.

        Call it after `stop`. A backend that was given is left alone.
        """
        self._running.close()

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
