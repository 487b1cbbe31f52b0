"""Tasks that tell what happened to them."""

# mypy: disable-error-code="untyped-decorator"

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.db import connection

from lazyjobs import current_job
from lazyjobs.integrations.django import retries

if django.VERSION >= (6, 0):
    from django.tasks import task
else:
    from django_tasks import task

told: list[Any] = []
hooks: dict[str, Callable[[], Any]] = {}


@task
def tell(*args: Any, **kwargs: Any) -> int:
    told.append((list(args), kwargs))
    return len(told)


@task(queue_name="mail")
def append_line(path: str, line: str) -> None:
    with Path(path).open("a") as file:
        file.write(f"{line}\n")


@task(takes_context=True)
def tell_context(context: Any, name: str) -> None:
    told.append((name, context.task_result.id, context.attempt, str(context.task_result.status)))


@task
def call(hook: str) -> Any:
    """Does what the test says."""
    return hooks[hook]()


@task
@retries(2, delay=timedelta(0))
def call_soon(hook: str) -> Any:
    return hooks[hook]()


@task
async def call_async(hook: str) -> Any:
    return await hooks[hook]()


@task
def fail(text: str) -> None:
    raise LookupError(text)


@task
@retries(2, delay=timedelta(0))
def fail_twice(text: str) -> None:
    told.append(current_job().attempt)
    raise LookupError(text)


@task
@retries(delay=lambda attempt: timedelta(hours=attempt))
def fail_slowly() -> None:
    raise LookupError


@task(backend="other")
def elsewhere() -> None:
    told.append("elsewhere")


def query() -> int:
    """Asks the database, and tells whether its connection was open already."""
    was_open = connection.connection is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    told.append(("was open", was_open))
    return 1


query_async = sync_to_async(query)


def undecorated() -> None: ...


def decorate(function: Callable[..., Any]) -> Any:
    return task(function)


decorated_elsewhere = decorate(undecorated)
