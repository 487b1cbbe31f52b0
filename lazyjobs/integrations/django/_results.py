"""A task's result, read from its record."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.utils import timezone

from lazyjobs.contract import Backend, ListOptions, Record, State
from lazyjobs.integrations.django._framework import Task, TaskError, TaskResult, TaskResultStatus

if TYPE_CHECKING:
    from lazyjobs.integrations.django._jobs import TaskJob

_STATUS = {
    State.PENDING: TaskResultStatus.READY,
    State.RETRYING: TaskResultStatus.READY,
    State.RUNNING: TaskResultStatus.RUNNING,
    State.SUCCEEDED: TaskResultStatus.SUCCESSFUL,
    State.DISCARDED: TaskResultStatus.FAILED,
}
_RAISED = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)(?:: |\n|$)")


class NotStored(Enum):
    """Stands for a return value that nobody has kept."""

    NOT_STORED = "not stored"


NOT_STORED: Literal[NotStored.NOT_STORED] = NotStored.NOT_STORED


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResult(TaskResult):  # type: ignore[misc]
    """What a record tells of a task.

    A record keeps neither what a task returned nor when its first attempt began nor who worked on it: `return_value`
    raises NotImplementedError once the task succeeded, `started_at` is None after a retry and once it has finished,
    `worker_ids` names the claims (`RECORD:ATTEMPT`), one an attempt, and `errors` holds the last error without its
    traceback.
    """

    @property
    def return_value(self) -> Any:
        """The value, to receivers of `task_finished`; to others NotImplementedError. ValueError unless it succeeded."""
        # The base's property is named: a class with slots is made twice, and super() would mean the first one.
        value = TaskResult.return_value.fget(self)
        if value is NOT_STORED:
            raise NotImplementedError("lazyjobs stores no return values; let the task write what it found to a model")
        return value


def make_result(record: Record, job: TaskJob) -> StoredResult:
    """The result of the task whose record, with the fields of `job`, is `record`."""
    running, ended = record.state is State.RUNNING, record.state in (State.SUCCEEDED, State.DISCARDED)
    changed_at = shown(record.updated_at)
    result = StoredResult(
        task=_as_enqueued(job.task, queue_name=record.queue, run_after=shown(job.run_after), backend=job.alias),
        id=str(record.id),
        status=_STATUS[record.state],
        enqueued_at=shown(record.created_at),
        started_at=changed_at if running and record.attempt == 1 else None,
        finished_at=changed_at if ended else None,
        last_attempted_at=changed_at if running else None,
        args=job.args,
        kwargs=job.kwargs,
        backend=job.alias,
        errors=[_read_error(record.last_error)] if record.last_error else [],
        worker_ids=[f"{record.id}:{attempt}" for attempt in range(1, record.attempt + 1)],
    )
    if record.state is State.SUCCEEDED:
        change(result, _return_value=NOT_STORED)
    return result


def change(value: Any, **changes: object) -> None:
    """Sets fields of one of Django's frozen dataclasses, as its own backends do."""
    for name, each in changes.items():
        object.__setattr__(value, name, each)


def shown(time: datetime | None) -> datetime | None:
    """As Django shows times: aware in UTC with USE_TZ, and without it naive in the zone of the project."""
    return time if time is None or settings.USE_TZ else timezone.make_naive(time)


def find_record(backend: Backend, id: str) -> Record | None:
    """The record with this id, if there is one.

    No method of a backend asks for one record: newest changes first, ever more are read until it is among them.
    """
    if not (id.isascii() and id.isdecimal()):
        return None
    wanted, limit = int(id), 100
    while True:
        records = backend.list(ListOptions(limit=limit))
        found = next((record for record in records if record.id == wanted), None)
        if found is not None or len(records) < limit:
            return found
        limit *= 10


def _as_enqueued(task: Task, **changes: object) -> Task:
    # Not by using(), which validates: what was enqueued is run, and shown, though QUEUES may have changed since.
    twin = object.__new__(type(task))
    change(twin, **{field.name: changes.get(field.name, getattr(task, field.name)) for field in fields(task)})
    return twin


def _read_error(text: str) -> TaskError:
    """An error as the runner describes it, which begins with the exception's name unless nothing was raised."""
    match = _RAISED.match(text)
    name = match[1] if match else "Exception"
    return TaskError(exception_class_path=name if "." in name else f"builtins.{name}", traceback=text)
