"""The event loop on which all `async def work` of one runner runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Lock, Thread

from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._log import LOG


class EventLoop:
    """One asyncio loop in a daemon thread, started by the first async job, so that pools bound to a loop work.

    The loop is made in that thread, and is no other thread's current one.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._stopping = False

    def run(self, work: Awaitable[object], job: CurrentJob) -> BaseException | None:
        """Awaits `work` on the loop while the calling thread blocks; what it raised is returned.

        The task sees the context variables of the caller. `job.cancel` cancels it.
        """
        call = _Call(work, job)
        try:
            loop = self._running_loop()
            loop.call_soon_threadsafe(call.begin, loop)
        except BaseException:
            call.close()
            raise
        return call.wait()

    def stop(self) -> None:
        """Cancels what jobs left running on the loop and ends its thread."""
        with self._lock:
            self._stopping = True
            loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                made: SimpleQueue[asyncio.AbstractEventLoop | BaseException] = SimpleQueue()
                thread = Thread(target=self._serve, args=(made,), name="lazyjobs-loop", daemon=True)
                thread.start()
                loop = made.get()
                if isinstance(loop, BaseException):
                    raise loop
                self._loop, self._thread = loop, thread
            return self._loop

    def _serve(self, made: SimpleQueue[asyncio.AbstractEventLoop | BaseException]) -> None:
        try:
            runner = asyncio.Runner()
            loop = runner.get_loop()
        except BaseException as error:
            made.put(error)
            return
        made.put(loop)
        with runner:
            while not self._stopping:
                try:
                    loop.run_forever()
                except BaseException as error:
                    LOG.error("the event loop of async jobs was interrupted and goes on", error=error)


class _Call:
    """One awaitable from its thread to the loop and back.

    What it raised goes through no future: those stay in a circle with their callbacks until the cyclic collector comes.
    """

    __slots__ = ("_ended", "_error", "_job", "_task", "_work")

    def __init__(self, work: Awaitable[object], job: CurrentJob) -> None:
        self._work = work
        self._job = job
        self._ended = Event()
        self._error: BaseException | None = None
        self._task: asyncio.Task[BaseException | None] | None = None  # of which the loop itself holds no reference

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts the task; called on the loop, in the caller's context."""
        driving = _drive(self._work, self._job)
        try:
            self._task = loop.create_task(driving)
            self._task.add_done_callback(self._end)
        except BaseException as error:  # of a task factory, say
            driving.close()
            self.close()
            self._error = error
            self._ended.set()

    def wait(self) -> BaseException | None:
        """Blocks until the task has ended; what it raised."""
        try:
            self._ended.wait()
        except BaseException:
            self._job.cancel()
            self._ended.wait()
            raise
        try:
            return self._error
        finally:
            self._error = None

    def close(self) -> None:
        """Closes a coroutine that was never begun, which would warn of that."""
        if asyncio.iscoroutine(self._work):
            self._work.close()

    def _end(self, task: asyncio.Task[BaseException | None]) -> None:
        self._task = None
        self.close()
        try:
            self._error = task.result()
        except BaseException as error:  # cancelled before its first step by another job, say
            self._error = error
        self._ended.set()


async def _drive(work: Awaitable[object], job: CurrentJob) -> BaseException | None:
    task = asyncio.current_task()
    assert task is not None
    try:
        job.attach(asyncio.get_running_loop(), task)
        await work
    except BaseException as error:  # SystemExit would end the loop for every job
        return error
    finally:
        job.detach()
        del work, job, task  # the traceback holds this frame, and the task what was raised
    return None


# What asyncio has for those that nest loops.
running_loop = asyncio._get_running_loop  # noqa: SLF001


@contextmanager
def no_loop_here() -> Iterator[None]:
    """Hides the event loop that this thread runs from plain work, which could never await anything on it."""
    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)  # noqa: SLF001
    asyncio.set_event_loop(None)
    try:
        yield
    finally:
        asyncio.set_event_loop(loop)
        asyncio._set_running_loop(loop)  # noqa: SLF001
