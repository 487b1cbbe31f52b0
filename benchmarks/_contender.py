"""What is measured: the protocol of a contender, and where each is found."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Protocol

CONTENDERS = {
    "raw": "benchmarks.raw:Raw",
    "lazyjobs": "benchmarks.lazyjobs_:LazyJobs",
    "huey": "benchmarks.huey_:Huey",
    "dramatiq": "benchmarks.dramatiq_:Dramatiq",
    "taskiq": "benchmarks.taskiq_:Taskiq",
    "taskiq-async": "benchmarks.taskiq_:AsyncTaskiq",
}
"""Each by its name, in the order in which they take turns."""

Gauge = Callable[[], int]


class Contender(Protocol):
    """A queue and its workers in one process; used by one thread, started and stopped at most once."""

    def enqueue(self, text: str, number: int, gauge: Gauge) -> tuple[int, int]:
        """Enqueues `number` jobs one by one and returns what `gauge` said right before the first and after the last.

        The gauge is read where the enqueuing happens, which for some is inside an event loop.
        """

    def start(self) -> None:
        """Starts the workers."""

    def settle(self, total: int) -> None:
        """Returns once `total` jobs, all that were enqueued so far, have run and are acknowledged."""

    def stop(self) -> None:
        """Stops the workers and waits for their end."""


def open_contender(name: str, workers: int) -> Contender:
    """A new contender; importing its module here keeps the others out of this process."""
    contender: Contender = resolve_name(CONTENDERS[name])(workers)
    return contender


def enqueue_each(enqueue: Callable[[str], object], text: str, number: int, gauge: Gauge) -> tuple[int, int]:
    """What `Contender.enqueue` promises, for those that enqueue by a plain call."""
    before = gauge()
    for _ in range(number):
        enqueue(text)
    return before, gauge()
