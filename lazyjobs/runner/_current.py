"""The job that a worker runs, as the job, its lease keeper and its event loop see it."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Task
from contextlib import suppress
from datetime import timedelta
from threading import Event, Lock

from lazyjobs.contract import Record
from lazyjobs.runner._options import check_timeout

_making_event = Lock()


class CurrentJob:
    """A claim while it is worked on; `current_job()` gives it to the code inside `work`."""

    # Set where they change: most jobs end without any of it.
    working = True
    lost = False
    stopped = False
    _cancelled = False
    _told = False
    _event: Event | None = None
    _task: tuple[AbstractEventLoop, Task[object]] | None = None

    def __init__(self, record: Record, claimed_at: float) -> None:
        self.record = record
        self.claimed_at = self.renewed_at = claimed_at

    @property
    def attempt(self) -> int:
        """Which claim of the record this is, counting from 1; with `record.id` it names the claim for ever.

        Less `record.spared`, it is how often the job was tried.
        """
        return self.record.attempt

    @property
    def cancelled(self) -> bool:
        """Whether the work should end early: the claim was lost, or the runner stopped and the timeout has passed."""
        if self._cancelled:
            self._told = True
        return self._cancelled

    @property
    def ended_by_stop(self) -> bool:
        """Whether the runner stopped the job and the work knew of that before it ended."""
        return self.stopped and self._told

    def wait_cancelled(self, timeout: timedelta) -> bool:
        """Sleeps until the job is cancelled or the timeout has passed; returns `cancelled`."""
        seconds = check_timeout(timeout).total_seconds()
        with _making_event:
            event = self._event = self._event or Event()
        if not self._cancelled:
            event.wait(seconds)
        return self.cancelled

    def cancel(self) -> None:
        """Sets `cancelled` and cancels the task of an async job; any thread may call it, more than once."""
        self._cancelled = True
        with _making_event:
            event = self._event
        if event is not None:
            event.set()
        if (attached := self._task) is not None:
            loop, task = attached
            with suppress(RuntimeError):  # the loop has closed, so the task has ended
                loop.call_soon_threadsafe(self._cancel_task, task)

    def stop(self) -> None:
        """Cancels it since the runner stops: if it then ends by raising, it is given back."""
        self.stopped = True
        self.cancel()

    def attach(self, loop: AbstractEventLoop, task: Task[object]) -> None:
        """Makes `cancel` reach the task too, also if it was called before; called on the loop."""
        self._task = (loop, task)
        if self._cancelled:
            self._cancel_task(task)

    def detach(self) -> None:
        """The task has ended."""
        self._task = None

    def _cancel_task(self, task: Task[object]) -> None:
        if self._task is not None and task.cancel():
            self._told = True
