"""The tasks that a project's applications define."""

import logging
import sys
from collections.abc import Iterator

from django.apps import apps
from django.utils.module_loading import autodiscover_modules

from lazyjobs.integrations.django._backend import LazyJobsBackend
from lazyjobs.integrations.django._framework import Task
from lazyjobs.integrations.django._jobs import NoTaskError

logger = logging.getLogger("lazyjobs")


def register_tasks(backend: LazyJobsBackend) -> None:
    """Imports `tasks` of each installed application, and registers what is this backend's, so that it is shown.

    Tasks elsewhere are found when their first record comes. Raises what importing such a module raises.
    """
    shared = backend.shared
    autodiscover_modules("tasks")
    for task in _defined_tasks():
        if task.backend == backend.alias:
            try:
                shared.runner.register(shared.jobs.find(task.module_path))
            except (ImportError, NoTaskError) as error:
                logger.warning("a task cannot be run: %s", error)


def _defined_tasks() -> Iterator[Task]:
    for config in apps.get_app_configs():
        module = sys.modules.get(f"{config.name}.tasks")
        yield from (value for value in vars(module or object).values() if isinstance(value, Task))
