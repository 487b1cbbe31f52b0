"""The event loop on which all `async def work` of one runner runs."""

import asyncio
import logging
from collections.abc import Awaitable
from threading import Lock, Thread

from lazyjobs.runner._current import CurrentJob

logger = logging.getLogger("lazyjobs")


class EventLoop:
    """One asyncio loop in a daemon thread, started by the first async job, so that pools bound to a loop work."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._stopping = False

    def run(self, work: Awaitable[object], job: CurrentJob) -> BaseException | None:
        """Awaits `work` on the loop while the calling thread blocks; what it raised is returned.

        The task sees the context variables of the caller. `job.cancel` cancels it.
        """
        loop = self._running_loop()
        return asyncio.run_coroutine_threadsafe(_drive(work, job), loop).result()

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
                runner = asyncio.Runner()
                self._loop = runner.get_loop()
                self._thread = Thread(target=self._serve, args=(runner,), name="lazyjobs-loop", daemon=True)
                self._thread.start()
            return self._loop

    def _serve(self, runner: asyncio.Runner) -> None:
        loop = runner.get_loop()
        asyncio.set_event_loop(loop)
        with runner:
            while not self._stopping:
                try:
                    loop.run_forever()
                except BaseException:
                    logger.exception("the event loop of async jobs was interrupted and goes on")


async def _drive(work: Awaitable[object], job: CurrentJob) -> BaseException | None:
    task = asyncio.current_task()
    assert task is not None
    try:
        job.attach(asyncio.get_running_loop(), task)
        await work
    except BaseException as error:  # SystemExit would end the loop for every job
        return error
    return None
