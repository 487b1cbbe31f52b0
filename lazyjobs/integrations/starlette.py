"""A runner for the life of a Starlette or FastAPI application; needs the extra `lazyjobs[starlette]`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from anyio import CancelScope, CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from lazyjobs.jobs import Job
from lazyjobs.runner import JobRunner, hand_over, use_runner

logger = logging.getLogger("lazyjobs")

T = TypeVar("T")


def lifespan(
    runner: JobRunner | Callable[[], JobRunner] | None = None,
    *,
    jobs: Iterable[type[Job]] = (),
    inner: Lifespan[Any] | None = None,
    start: bool = True,
    stop_timeout: timedelta = timedelta(seconds=30),
) -> Lifespan[Any]:
    """The `lifespan=` of an application that runs jobs: they run in its process, beside its requests.

    Without `runner` it makes `JobRunner(jobs=jobs)` at each startup, so LAZYJOBS_BACKEND names the storage, and without
    that it is memory. A function that makes a runner is called at each startup. Either is closed at shutdown, and in a
    test with the fixture `jobs` it is the fixture's at once; a runner that is given is stopped and left open, for
    whoever made it. With `start=False` nothing runs here: a worker process
    does it.

    The runner is the current one (`current_runner()`) in every request and websocket of the application and of those
    mounted in it, in plain functions too, and while `inner`, the application's own lifespan, starts and ends. Workers
    run only between those two, so that jobs may use what it opens; its state is handed on.

    At shutdown jobs in flight have `stop_timeout` to end, as in `JobRunner.stop`. The event loop is never blocked. An
    error of that shutdown is raised, but logged instead where it would hide one of the application.
    """
    if runner is not None and jobs:
        raise TypeError("give jobs=, or a runner that knows its jobs; not both")
    given = runner if isinstance(runner, JobRunner) else None
    make: Callable[[], JobRunner] = runner if callable(runner) else partial(JobRunner, jobs=tuple(jobs))

    @asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[Any]:
        if not isinstance(app, Starlette):
            raise TypeError(f"lifespan() is for a Starlette or FastAPI application, not {type(app).__name__}")
        current = given if given is not None else await run_sync(make, limiter=_one())
        if given is None:
            hand_over(current)
        async with (
            _cleanly(current.close if given is None else _nothing),
            _SeenBy(current, inner(app) if inner is not None else _no_lifespan()) as state,
        ):
            with _installed(app, current):
                if start:
                    await _in_thread(current.start)
                async with _cleanly(partial(current.stop, stop_timeout) if start else _nothing):
                    yield state

    return live


class RunnerMiddleware:
    """ASGI middleware: `runner` is the current one in what `app` does for each request.

    `lifespan` needs none; this is for an application that starts and stops its runner by itself.
    """

    def __init__(self, app: ASGIApp, runner: JobRunner) -> None:
        self.app = app
        self._runner = runner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        with use_runner(self._runner):
            await self.app(scope, receive, send)


@contextmanager
def _installed(app: Starlette, runner: JobRunner) -> Iterator[None]:
    # The lifespan itself came through the stack as it was; every connection after it comes through this one.
    before = app.middleware_stack
    app.middleware_stack = installed = RunnerMiddleware(before or app.build_middleware_stack(), runner)
    try:
        yield
    finally:
        if app.middleware_stack is installed:
            app.middleware_stack = before


class _SeenBy(AbstractAsyncContextManager[T]):
    """`inner`, with a current runner while it is entered and left, and not between: those may be two contexts."""

    def __init__(self, runner: JobRunner, inner: AbstractAsyncContextManager[T]) -> None:
        self._runner = runner
        self._inner = inner

    async def __aenter__(self) -> T:
        with use_runner(self._runner):
            return await self._inner.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        with use_runner(self._runner):
            return await self._inner.__aexit__(kind, error, traceback)


@asynccontextmanager
async def _no_lifespan() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _cleanly(ending: Callable[[], object]) -> AsyncIterator[None]:
    """Calls `ending` in a thread at the end, even when cancelled; its error gives way to one that is under way."""
    try:
        yield
    except BaseException:
        try:
            await _in_thread(ending)
        except Exception:
            logger.exception("an application failed, and so did the shutdown of its runner")
        raise
    await _in_thread(ending)


async def _in_thread(function: Callable[[], object]) -> None:
    with CancelScope(shield=True):
        await run_sync(function, limiter=_one())


def _one() -> CapacityLimiter:
    """A thread beside those of the pool, all of which may be held by requests that block."""
    return CapacityLimiter(1)


def _nothing() -> None: ...
