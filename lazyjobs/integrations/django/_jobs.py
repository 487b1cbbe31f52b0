"""Tasks as jobs: a class of jobs for each task function, made when it is first asked for."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils.module_loading import import_string
from msgspec import Struct, defstruct

from lazyjobs.contract import LazyJobsError
from lazyjobs.integrations.django._execution import work_in_thread, work_on_loop
from lazyjobs.integrations.django._framework import Task
from lazyjobs.integrations.django._retries import Retries


class NoTaskError(LazyJobsError, LookupError):
    """At the path of a task there is none."""


class TaskJob(Struct, kw_only=True, omit_defaults=True):
    """One call of a task function; its kind is the function's import path."""

    kind: ClassVar[str]
    job_queue: ClassVar[str]
    job_max_attempts: ClassVar[int]
    task: ClassVar[Task]
    """As it stands in its module."""
    alias: ClassVar[str]
    """Of the entry of TASKS that runs it."""
    sender: ClassVar[type]
    """Of its signals: the class of the task backend."""

    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    run_after: datetime | None = None
    """As `using(run_after=…)` said."""

    def work(self) -> Awaitable[None] | None:
        """Calls the function, with Django's signals and database connections looked after."""
        if inspect.iscoroutinefunction(self.task.func):
            return work_on_loop(self)
        work_in_thread(self)
        return None

    def job_retry_delay(self, attempt: int) -> timedelta:
        """As `retries` says beside the function."""
        return Retries.of(self.task.func).delay_after(attempt)


class TaskJobs:
    """The job classes of one entry of TASKS, by import path; always the same class for a path. Thread-safe."""

    def __init__(self, alias: str, sender: type, max_attempts: int) -> None:
        self._alias = alias
        self._sender = sender
        self._max_attempts = max_attempts
        self._by_path: dict[str, type[TaskJob]] = {}

    def find(self, path: str) -> type[TaskJob]:
        """The class for the task at `path`, imported if need be.

        Raises what the import raises, and `NoTaskError` if no task is there.
        """
        known = self._by_path.get(path)
        return known if known is not None else self._by_path.setdefault(path, self._make(path))

    def _make(self, path: str) -> type[TaskJob]:
        task = import_string(path)
        if not isinstance(task, Task):
            raise NoTaskError(f"{path} is no task but {type(task).__name__}; decorate the function with @task")
        attempts = Retries.of(task.func).max_attempts
        made = defstruct(
            task.func.__name__,
            [],
            bases=(TaskJob,),
            module=task.func.__module__,
            kw_only=True,
            omit_defaults=True,
            namespace={
                "kind": path,
                "job_queue": task.queue_name,
                "job_max_attempts": self._max_attempts if attempts is None else attempts,
                "task": task,
                "alias": self._alias,
                "sender": self._sender,
            },
        )
        assert issubclass(made, TaskJob)
        return made
