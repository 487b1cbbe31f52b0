"""What a job is: an object with a kind, fields, and something to do."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import ClassVar, Protocol, runtime_checkable

DEFAULT_QUEUE = "default"
DEFAULT_MAX_ATTEMPTS = 25
_LONGEST_DELAY = timedelta(seconds=60)
_DOUBLINGS = 6


class Job(Protocol):
    """A piece of work: its fields are the payload, and `work` does it.

    A dataclass, an attrs class, a msgspec Struct, a pydantic model, or a class without fields.
    """

    kind: ClassVar[str]
    """The stable name stored with each record: 1 to 100 characters of `A-Z a-z 0-9 . _ : / -`. Renaming or moving the
    class leaves it alone, so records enqueued before still find their class."""

    def work(self) -> Awaitable[None] | None:
        """Does the work, in a worker's thread, or on the runner's event loop if it is `async def`.

        Returning is success; any exception is a failure. A job may run more than once, so it should do no harm twice.
        """


@runtime_checkable
class QueueNamer(Protocol):
    """A job that says on which queue it goes when `enqueue` does not."""

    job_queue: ClassVar[str]


@runtime_checkable
class RetryPolicy(Protocol):
    """A job that says how often and how soon it is tried again."""

    job_max_attempts: ClassVar[int]
    """From 1 to 2^31-1. Attempts count claims, not runs: 1 is at most once, possibly never."""

    def job_retry_delay(self, attempt: int) -> timedelta:
        """How long to wait after the failure of `attempt`, which counts from 1."""


def retry_delay(attempt: int) -> timedelta:
    """The delay of jobs without a policy of their own: 1, 2, 4 … seconds, at most 60."""
    return min(timedelta(seconds=2 ** min(attempt - 1, _DOUBLINGS)), _LONGEST_DELAY)


class BaseJob:
    """The usual defaults; a job that inherits them overrides only what it needs."""

    __slots__ = ()

    kind: ClassVar[str]
    job_queue: ClassVar[str] = DEFAULT_QUEUE
    job_max_attempts: ClassVar[int] = DEFAULT_MAX_ATTEMPTS

    def job_retry_delay(self, attempt: int) -> timedelta:
        """1, 2, 4 … seconds, at most 60."""
        return retry_delay(attempt)
