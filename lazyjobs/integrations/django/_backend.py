"""The task backend that a project names in TASKS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.checks import CheckMessage
from django.core.signals import setting_changed
from django.utils import timezone
from msgspec import Struct

from lazyjobs.contract import InsertParams
from lazyjobs.integrations.django._arguments import as_json
from lazyjobs.integrations.django._checks import check_entry
from lazyjobs.integrations.django._configuration import Configuration, ConfigurationError
from lazyjobs.integrations.django._framework import (
    DEFAULT_TASK_BACKEND_ALIAS,
    BaseTaskBackend,
    InvalidTask,
    InvalidTaskBackend,
    Task,
    TaskResult,
    TaskResultDoesNotExist,
    task_backends,
    task_enqueued,
)
from lazyjobs.integrations.django._jobs import NoTaskError, TaskJob, TaskJobs
from lazyjobs.integrations.django._results import find_record, make_result
from lazyjobs.jobs import DecodeError, UnknownKindError
from lazyjobs.runner import JobRunner


class Shared(Struct, frozen=True):
    """What all threads of a process share for one entry of TASKS, where Django makes a task backend for each."""

    runner: JobRunner
    jobs: TaskJobs


_shared: dict[tuple[Configuration, type], Shared] = {}


class LazyJobsBackend(BaseTaskBackend):  # type: ignore[misc]
    """Tasks are stored on a lazyjobs backend, and run by `lazyjobs_worker`, `lazyjobs worker`, or `get_runner`.

    A task's kind is the import path of its function, its result's id that of its record. `priority` is not supported,
    since no backend orders by it.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = False

    @cached_property
    def configuration(self) -> Configuration:
        """What TASKS says; raises `ConfigurationError`."""
        return Configuration.read(self.alias, self.queues, self.options)

    @property
    def runner(self) -> JobRunner:
        """Enqueues these tasks, and runs them once started: one for the whole process."""
        return self.shared.runner

    @property
    def shared(self) -> Shared:
        """The runner and the job classes of this entry, made at first use."""
        configuration = self.configuration
        key = (configuration, type(self))
        if (found := _shared.get(key)) is not None:
            return found
        jobs = TaskJobs(self.alias, type(self), configuration.max_attempts)
        return _shared.setdefault(key, Shared(configuration.make_runner(jobs.find), jobs))

    def validate_task(self, task: Task) -> None:
        """Raises `InvalidTask`, at definition, for what Django or this backend could not run."""
        super().validate_task(task)
        try:
            InsertParams(kind=task.module_path, queue=task.queue_name)
        except ValueError as error:
            raise InvalidTask(f"{task.module_path} on the queue {task.queue_name!r}: {error}") from error

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """Stores the call, and returns its result once it is stored.

        Raises `InvalidTask` for a function that a worker would not find, TypeError or ValueError for arguments that
        are no JSON, `EnqueueInTransactionError` where it would wait for itself, and what storing raises; nothing is
        written then.
        """
        self.validate_task(task)
        shared = self.shared
        run_after = _make_aware(task.run_after)
        job = _find(shared.jobs, task)(args=as_json(list(args)), kwargs=as_json(kwargs), run_after=run_after)
        if run_after is None:
            record = shared.runner.enqueue(job, queue=task.queue_name)
        else:
            record = shared.runner.enqueue_at(job, run_after, queue=task.queue_name)
        result = make_result(record, job)
        task_enqueued.send_robust(type(self), task_result=result)  # it is stored, whatever a receiver says
        return result

    def get_result(self, result_id: str) -> TaskResult:
        """The result as its record now tells it; see `StoredResult` for what a record does not tell.

        Reads records, those changed last first, until it is found: all of them for an id that does not exist. Raises
        `TaskResultDoesNotExist`, also for a record that was pruned or is no task.
        """
        runner = self.runner
        record = find_record(runner.backend, str(result_id))
        if record is None:
            raise TaskResultDoesNotExist(result_id)
        try:
            job = runner.decode(record)
        except (UnknownKindError, DecodeError) as error:
            raise TaskResultDoesNotExist(result_id) from error
        assert isinstance(job, TaskJob)
        return make_result(record, job)

    def check(self, **_: Any) -> Iterable[CheckMessage]:
        """What is wrong with the entry of TASKS; with DEBUG, that takes opening its storage."""
        return check_entry(self)


def get_runner(alias: str = DEFAULT_TASK_BACKEND_ALIAS) -> JobRunner:
    """The runner of the entry `alias` of TASKS: to start it in this process, to test, to mount a control plane.

    Raises `ConfigurationError` when there is no such entry, or when it is wrong or another backend's.
    """
    return find_backend(alias).runner


def find_backend(alias: str) -> LazyJobsBackend:
    """The task backend of the entry `alias`; raises as `get_runner`."""
    try:
        backend = task_backends[alias]
    except InvalidTaskBackend as error:
        raise ConfigurationError(f"TASKS[{alias!r}]: {error}") from error
    if not isinstance(backend, LazyJobsBackend):
        raise ConfigurationError(f"TASKS[{alias!r}]: its backend is {type(backend).__qualname__}, not LazyJobsBackend")
    return backend


def _find(jobs: TaskJobs, task: Task) -> type[TaskJob]:
    path = task.module_path
    try:
        found = jobs.find(path)
    except (ImportError, NoTaskError) as error:
        raise InvalidTask(f"a worker would not find the task: {error}") from error
    if found.task.func is not task.func:
        raise InvalidTask(f"a worker would not find the task: at {path} is another function")
    return found


def _make_aware(time: datetime | None) -> datetime | None:
    return timezone.make_aware(time) if time is not None and timezone.is_naive(time) else time


def _forget(*, setting: str, **_: object) -> None:
    if setting == "TASKS":
        for key in list(_shared):
            forgotten = _shared.pop(key)
            forgotten.runner.stop()
            forgotten.runner.close()


setting_changed.connect(_forget)  # sent by tests alone
