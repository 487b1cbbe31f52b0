"""The job that a worker runs, as the job, its lease keeper and its event loop see it."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Task
from contextlib import suppress
from datetime import timedelta
from threading import Event, Lock

from lazyjobs.contract import Record

_making_event = Lock()


class CurrentJob:
    """A claim while it is worked on; `current_job()` gives it to the code inside `work`."""

    __slots__ = ("_cancelled", "_event", "_task", "lost", "record", "renewed_at", "working")

    def __init__(self, record: Record, claimed_at: float) -> None:
        self.record = record
        self.renewed_at = claimed_at
        self.working = True
        self.lost = False
        self._cancelled = False
        self._event: Event | None = None
        self._task: tuple[AbstractEventLoop, Task[object]] | None = None

    @property
    def attempt(self) -> int:
        """Which attempt this is, counting from 1; with `record.id` it names the claim for ever."""
        return self.record.attempt

    @property
    def cancelled(self) -> bool:
        """Whether the work should end early: the claim was lost, or the runner stopped and the timeout has passed."""
        return self._cancelled

    def wait_cancelled(self, timeout: timedelta) -> bool:
        """Sleeps until the job is cancelled or the timeout has passed; returns `cancelled`."""
        with _making_event:
            event = self._event = self._event or Event()
        if self._cancelled:
            return True
        return event.wait(timeout.total_seconds())

    def cancel(self) -> None:
        """Sets `cancelled` and cancels the task of an async job; any thread may call it, more than once."""
        self._cancelled = True
        with _making_event:
            event = self._event
        if event is not None:
            event.set()
        if self._task is not None:
            loop, task = self._task
            with suppress(RuntimeError):  # the loop has closed, so the task has ended
                loop.call_soon_threadsafe(task.cancel)

    def attach(self, loop: AbstractEventLoop, task: Task[object]) -> None:
        """Makes `cancel` reach the task too, also if it was called before."""
        self._task = (loop, task)
        if self._cancelled:
            task.cancel()
