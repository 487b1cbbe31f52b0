"""What `manage.py check` says of TASKS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import checks
from django.db import connections

from lazyjobs.contract import BackendError, BackendURL, LazyJobsError, SupportsClose, open_backend
from lazyjobs.integrations.django._configuration import Configuration, ConfigurationError
from lazyjobs.integrations.django._framework import task_backends
from lazyjobs.integrations.django._transactions import databases_in, find_file
from lazyjobs.runner import URL_VARIABLE

if TYPE_CHECKING:
    from lazyjobs.integrations.django._backend import LazyJobsBackend


def check_entry(backend: LazyJobsBackend) -> Iterator[checks.CheckMessage]:
    """What is wrong with the options and the URL.

    Storage is opened with DEBUG only: elsewhere a check would make files that belong to whoever deploys.
    """
    try:
        url = _url(backend.configuration)
        if url is None:
            yield checks.Warning(
                f"TASKS[{backend.alias!r}]: nothing says where tasks are stored; each process keeps its own in memory",
                hint=f'Set OPTIONS["url"], or the variable {URL_VARIABLE}; "memory://" if that is what you want.',
                id="lazyjobs.W001",
            )
        elif BackendURL.parse(url).scheme not in entry_points(group="lazyjobs.backends").names:
            open_backend(url)  # raises, and says what to install
        elif settings.DEBUG:
            with suppress(BackendError):  # the URL is understood, and the storage not there at the moment
                _close(open_backend(url))
        yield from _check_sharing(backend.alias, url)
    except ConfigurationError as error:
        yield checks.Error(str(error), id="lazyjobs.E001")
    except LazyJobsError as error:
        yield checks.Error(f"TASKS[{backend.alias!r}]: {error}", id="lazyjobs.E002")


def _check_sharing(alias: str, url: str | None) -> Iterator[checks.CheckMessage]:
    path = find_file(url)
    for database in databases_in(path) if path is not None else ():
        always = connections[database].settings_dict.get("ATOMIC_REQUESTS", False)
        yield checks.Warning(
            f"TASKS[{alias!r}]: tasks are stored in the SQLite file of DATABASES[{database!r}], so a task that is "
            "enqueued in a transaction on it is refused: it would wait for itself"
            + (", and ATOMIC_REQUESTS makes each request such a transaction" if always else ""),
            hint="Enqueue by transaction.on_commit(), or keep the tasks in a file of their own.",
            id="lazyjobs.W002",
        )


def check_storage(**_: object) -> Iterator[checks.CheckMessage]:
    """Opens each entry's storage and looks into it: for `check --deploy`, since it may be far away, or new."""
    for backend in task_backends.all():
        if hasattr(backend, "configuration") and not any(each.is_serious() for each in backend.check()):
            yield from _look_into(backend.alias, _url(backend.configuration))


def _look_into(alias: str, url: str | None) -> Iterator[checks.CheckMessage]:
    try:
        opened = open_backend(url or "memory://")
        try:
            opened.stats()
        finally:
            _close(opened)
    except BackendError as error:
        yield checks.Error(f"TASKS[{alias!r}]: its storage cannot be used: {error}", id="lazyjobs.E003")
    except LazyJobsError as error:
        yield checks.Error(f"TASKS[{alias!r}]: {error}", id="lazyjobs.E002")


def _close(opened: object) -> None:
    if isinstance(opened, SupportsClose):
        opened.close()


def _url(configuration: Configuration) -> str | None:
    return configuration.url or os.environ.get(URL_VARIABLE) or None
