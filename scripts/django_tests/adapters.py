"""The backend under test, in the two roles for which Django's tests were written."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from lazyjobs.contract import ListOptions
from lazyjobs.integrations.django import LazyJobsBackend
from lazyjobs.integrations.django._configuration import Configuration
from lazyjobs.integrations.django._framework import Task, TaskResult, task_finished

URL = "LAZYJOBS_TESTED_URL"


class _Tested(LazyJobsBackend):
    """Django's tests give no OPTIONS, and say so."""

    options: dict[str, Any]

    @cached_property
    def configuration(self) -> Configuration:
        return Configuration.read(self.alias, self.queues, {"url": os.environ[URL], "max_attempts": 1})


class Storing(_Tested):
    """In the place of DummyBackend, which runs nothing and shows what was enqueued."""

    cleared_up_to = 0

    @property
    def results(self) -> list[TaskResult]:
        """Of what was enqueued since `clear`, in that order."""
        records = self.runner.backend.list(ListOptions(limit=None))
        ids = sorted(record.id for record in records)
        return [self.get_result(str(id)) for id in ids if id > Storing.cleared_up_to]

    def clear(self) -> None:
        """Shows nothing of what was enqueued until now."""
        records = self.runner.backend.list(ListOptions(limit=None))
        Storing.cleared_up_to = max((record.id for record in records), default=0)


class Working(_Tested):
    """In the place of ImmediateBackend: a worker runs each task before `enqueue` returns what its signals tell."""

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """Enqueues, and runs all that is due."""
        enqueued = super().enqueue(task, args, kwargs)
        finished: list[TaskResult] = []

        def receive(*, task_result: TaskResult, **_: object) -> None:
            finished.append(task_result)

        task_finished.connect(receive)
        try:
            for _ in self.runner.run_due(queues=self.queues or {task.queue_name}):
                pass
        finally:
            task_finished.disconnect(receive)
        return next(result for result in finished if result.id == enqueued.id)
