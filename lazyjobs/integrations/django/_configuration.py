"""What an entry of TASKS says."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Self

from django.core.exceptions import ImproperlyConfigured
from msgspec import Struct

from lazyjobs.contract import InsertParams, LazyJobsError
from lazyjobs.jobs import Job
from lazyjobs.runner import JobRunner, UnknownKind


class ConfigurationError(LazyJobsError, ImproperlyConfigured):  # type: ignore[misc]
    """An entry of TASKS cannot be followed; the message says which, and what about it."""


class Configuration(Struct, frozen=True, kw_only=True):
    """One entry of TASKS; equal ones share a runner."""

    alias: str
    queues: tuple[str, ...]
    """Empty is any queue."""
    url: str | None = None
    """None is that of LAZYJOBS_BACKEND, and memory:// without it."""
    workers: int = 1
    max_attempts: int = 25
    lease: timedelta = timedelta(seconds=60)
    poll_interval: timedelta = timedelta(seconds=0.5)
    unknown_kind: UnknownKind = "retry"
    """A task that is not found may come with the next deploy."""

    @classmethod
    def read(cls, alias: str, queues: Iterable[str], options: Mapping[str, Any]) -> Self:
        """The entry `alias`, checked; raises `ConfigurationError`."""
        known = cls.__struct_fields__[2:]
        for name in options:
            if name not in known:
                raise _refuse(alias, f"OPTIONS has no {name!r}; it has {', '.join(known)}")
        try:
            found = cls(alias=alias, queues=tuple(sorted(queues)), **options)
            if not isinstance(found.url, str | None):
                raise TypeError(f"url must be a str, not {type(found.url).__name__}")  # noqa: TRY301 (one handler)
            for queue in (*found.queues, "default"):
                InsertParams(kind="checked", queue=queue, max_attempts=found.max_attempts)
            found.make_runner(lambda _: None)
        except (TypeError, ValueError) as error:
            raise _refuse(alias, str(error)) from error
        return found

    def make_runner(self, find_job: Callable[[str], type[Job] | None]) -> JobRunner:
        """A runner by these options, which opens its backend at first use."""
        return JobRunner(
            self.url,
            workers=self.workers,
            queues=self.queues or None,
            lease=self.lease,
            poll_interval=self.poll_interval,
            unknown_kind=self.unknown_kind,
            find_job=find_job,
        )


def _refuse(alias: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"TASKS[{alias!r}]: {reason}")
