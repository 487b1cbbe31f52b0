"""django-tasks-db: Django's task framework with its database backend, and the worker of its `db_worker` command."""

from contextlib import suppress
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError

from benchmarks._job import runs, wait_until
from benchmarks.sqlite._contender import Enqueue, Setup
from benchmarks.sqlite._crew import Crew

if TYPE_CHECKING:
    from django_tasks_db.management.commands.db_worker import Worker

INTERVAL = 0.01
"""Seconds between two looks at an empty queue: its default, one second, would be most of a measurement."""


def configure(setup: Setup) -> None:
    """Sets Django up on a new file: with its defaults (a rollback journal, FULL), or in WAL at NORMAL."""
    options = {}
    if setup.durability == "normal":
        options["init_command"] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(setup.file), "OPTIONS": options}
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django_tasks_db"],
        TASKS={"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}},
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


class DjangoTasks:
    """Workers are threads here, one `Worker` each, where the command is a process: in its favour at these rates."""

    def __init__(self, setup: Setup) -> None:
        configure(setup)
        from django_tasks_db.management.commands.db_worker import Worker
        from django_tasks_db.models import DBTaskResult

        from benchmarks.sqlite._django_job import noop_task

        self._enqueue: Enqueue = noop_task.enqueue
        self._records = DBTaskResult.objects
        self._workers = [
            Worker(
                queue_names=["default"],
                interval=INTERVAL,
                batch=False,
                backend_name="default",
                startup_delay=False,
                max_tasks=None,
                worker_id=f"worker-{number}",
                excluded_queue_names=[],
            )
            for number in range(setup.workers)
        ]
        unmanned = iter(self._workers)
        self._crew = Crew(lambda: self._work(next(unmanned)), setup.workers)
        self.start = self._crew.start

    def producer(self) -> Enqueue:
        return self._enqueue

    def settle(self, total: int) -> None:
        runs.wait()
        wait_until(lambda: self._records.successful().count() == total)

    def stop(self) -> None:
        for worker in self._workers:
            worker.running = False
        self._crew.stop()

    def _work(self, worker: "Worker") -> None:
        while worker.running:
            with suppress(OperationalError):  # when another held the lock for too long, a supervisor starts it again
                worker.run()
