"""The protocol of a contender, and where each is found."""

from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Literal, Protocol

from msgspec import Struct

Durability = Literal["full", "normal"]
"""Whether a commit survives the loss of power (SQLite's FULL) or only that of the process (NORMAL, in WAL)."""
Enqueue = Callable[[str], object]

CONTENDERS = {
    "raw-lock": "benchmarks.sqlite.raw:RawLock",
    "raw-lock-fused": "benchmarks.sqlite.raw:RawLockFused",
    "raw-group": "benchmarks.sqlite.raw:RawGroup",
    "raw-group-fused": "benchmarks.sqlite.raw:RawGroupFused",
    "lazyjobs": "benchmarks.sqlite.lazyjobs_:LazyJobs",
    "huey": "benchmarks.sqlite.huey_:Huey",
    "persist-queue": "benchmarks.sqlite.persistqueue_:PersistQueue",
    "litequeue": "benchmarks.sqlite.litequeue_:LiteQueue",
    "django-tasks-db": "benchmarks.sqlite.django_:DjangoTasks",
}
"""Each by its name, in the order in which they take turns."""


class Setup(Struct, frozen=True):
    """What a contender is opened with."""

    directory: str
    """Empty, and its own."""
    durability: Durability
    workers: int

    @property
    def file(self) -> Path:
        """The database."""
        return Path(self.directory) / "jobs.db"


class Contender(Protocol):
    """A queue in one file and its workers in one process; started and stopped at most once."""

    def producer(self) -> Enqueue:
        """What enqueues one job; called in the thread that will use it, before or after `start`."""

    def start(self) -> None:
        """Starts the workers."""

    def settle(self, total: int) -> None:
        """Returns once `total` jobs, all that were enqueued so far, have run and are acknowledged."""

    def stop(self) -> None:
        """Stops the workers and waits for their end."""


def open_contender(name: str, setup: Setup) -> Contender:
    """A new contender; importing its module here keeps the others out of this process."""
    contender: Contender = resolve_name(CONTENDERS[name])(setup)
    return contender
