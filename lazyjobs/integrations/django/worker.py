"""The runners of a project, by their alias in TASKS: `lazyjobs worker lazyjobs.integrations.django.worker:default`.

Importing this sets Django up, by DJANGO_SETTINGS_MODULE.
"""

import django
from django.apps import apps

from lazyjobs.runner import JobRunner

if not apps.ready:
    django.setup()

from lazyjobs.integrations.django._backend import find_backend
from lazyjobs.integrations.django._discovery import register_tasks


def __getattr__(alias: str) -> JobRunner:
    """The runner of an entry of TASKS, with the tasks of the installed applications."""
    if alias.startswith("_"):
        raise AttributeError(alias)
    backend = find_backend(alias)
    register_tasks(backend)
    return backend.runner
