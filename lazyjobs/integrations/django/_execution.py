"""One attempt at a task: the call, Django's signals around it, and its database connections."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections, reset_queries
from django.utils import timezone

from lazyjobs.integrations.django._arguments import as_json
from lazyjobs.integrations.django._framework import (
    TaskContext,
    TaskError,
    TaskResultStatus,
    task_finished,
    task_started,
)
from lazyjobs.integrations.django._results import NOT_STORED, change, make_result
from lazyjobs.jobs import path_of, traceback_of
from lazyjobs.runner import count_attempts, current_job, is_given_back

if TYPE_CHECKING:
    from lazyjobs.integrations.django._jobs import TaskJob

logger = logging.getLogger("lazyjobs")


class _Attempt:
    """The result of a task as it changes during one attempt."""

    def __init__(self, job: TaskJob) -> None:
        self._current = current_job()
        record = self._current.record
        self.sender = job.sender
        self.result = make_result(record, job)
        self._func = job.task.func
        self._is_last = count_attempts(record) >= record.max_attempts
        self._context = (TaskContext(task_result=self.result),) if job.task.takes_context else ()

    def call(self) -> Any:
        """Calls the function; what an `async def` gives is still to be awaited."""
        return self._func(*self._context, *self.result.args, **self.result.kwargs)

    def succeed(self, value: object) -> None:
        """Notes what it returned. It has done its work: a value that is no JSON does not make it fail."""
        try:
            value = as_json(value)
        except (TypeError, ValueError) as error:
            logger.warning("what %s returned is dropped, it is no JSON: %s", self.result.task.module_path, error)
            value = NOT_STORED
        self._finish(TaskResultStatus.SUCCESSFUL, _return_value=value)

    def fail(self, error: BaseException) -> bool:
        """Notes what it raised; returns whether the task has failed for good, and is not retried."""
        self.result.errors[:] = [TaskError(exception_class_path=path_of(error), traceback=traceback_of(error))]
        for_good = self._is_last and not is_given_back(self._current)
        if for_good:
            self._finish(TaskResultStatus.FAILED)
        return for_good

    def _finish(self, status: TaskResultStatus, **changes: object) -> None:
        change(self.result, status=status, finished_at=timezone.now(), **changes)


def work_in_thread(job: TaskJob) -> None:
    """Runs a plain task in the calling thread."""
    with _fresh_connections():
        attempt = _Attempt(job)
        task_started.send_robust(attempt.sender, task_result=attempt.result)
        try:
            value = attempt.call()
        except BaseException as error:
            if attempt.fail(error):
                task_finished.send_robust(attempt.sender, task_result=attempt.result)
            raise
        attempt.succeed(value)
        task_finished.send_robust(attempt.sender, task_result=attempt.result)


async def work_on_loop(job: TaskJob) -> None:
    """Awaits an async task; what it does with the database happens in a thread that lives as long."""
    async with ThreadSensitiveContext():
        try:
            await _work(_Attempt(job))
        finally:
            await sync_to_async(connections.close_all)()


async def _work(attempt: _Attempt) -> None:
    await task_started.asend_robust(attempt.sender, task_result=attempt.result)
    try:
        value = await attempt.call()
    except BaseException as error:
        if attempt.fail(error):
            await task_finished.asend_robust(attempt.sender, task_result=attempt.result)
        raise
    attempt.succeed(value)
    await task_finished.asend_robust(attempt.sender, task_result=attempt.result)


@contextmanager
def _fresh_connections() -> Iterator[None]:
    """As around a request: no query log grows, and no connection is used or kept beyond CONN_MAX_AGE."""
    reset_queries()
    _close_old_connections()
    try:
        yield
    finally:
        _close_old_connections()


def _close_old_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # that of a test, in whose thread the task runs; Django's own would end it
            connection.close_if_unusable_or_obsolete()
