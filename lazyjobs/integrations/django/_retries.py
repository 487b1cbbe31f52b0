"""How often and how soon a task is tried again, said beside its function."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from msgspec import Struct

from lazyjobs.contract import InsertParams
from lazyjobs.jobs import can_be_called, retry_delay

F = TypeVar("F", bound=Callable[..., object])

_ATTRIBUTE = "_lazyjobs_retries"


class Retries(Struct, frozen=True):
    """What was said, or nothing."""

    max_attempts: int | None = None
    delay: timedelta | Callable[[int], timedelta] | None = None

    @classmethod
    def of(cls, function: object) -> "Retries":
        """What was said beside `function`."""
        found = getattr(function, _ATTRIBUTE, None)
        return found if isinstance(found, cls) else cls()

    def delay_after(self, attempt: int) -> timedelta:
        """How long to wait after the failure of `attempt`, which counts from 1."""
        match self.delay:
            case None:
                return retry_delay(attempt)
            case timedelta():
                return self.delay
            case ask:
                return ask(attempt)


def retries(
    max_attempts: int | None = None, *, delay: timedelta | Callable[[int], timedelta] | None = None
) -> Callable[[F], F]:
    """Says below `@task` how a task is retried: other backends take no notice of it.

    `max_attempts`, from 1 to 2^31-1, counts claims; None is the option `max_attempts` of TASKS, and 25 without it.
    `delay` is how long to wait after a failure, or a function of the attempt, which counts from 1; None is 1, 2, 4 …
    seconds, at most 60.
    """
    if max_attempts is not None:
        InsertParams(kind="checked", max_attempts=max_attempts)
    if not (delay is None or isinstance(delay, timedelta) or callable(delay)):
        raise TypeError(f"delay must be a timedelta, or a function of the attempt, not {type(delay).__name__}")
    if callable(delay) and not can_be_called(delay, 1):
        raise TypeError("delay must be a plain function that takes the attempt, and nothing else that is needed")

    def mark(function: F) -> F:
        if not hasattr(function, "__code__"):
            raise TypeError(f"{function!r} is no function; write @retries below @task")
        setattr(function, _ATTRIBUTE, Retries(max_attempts, delay))
        return function

    return mark
