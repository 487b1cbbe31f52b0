"""Looks at the methods of a job's class, so that what could not be called as a worker calls it is refused."""

import sys
from functools import cached_property, partial, partialmethod
from inspect import (
    Signature,
    getattr_static,
    isasyncgenfunction,
    isclass,
    iscoroutinefunction,
    isgeneratorfunction,
    signature,
)
from typing import Any

from lazyjobs.jobs._errors import InvalidJobError
from lazyjobs.jobs._fields import describe
from lazyjobs.jobs._job import Job

_ABSENT = object()
_NOT_PLAIN = (iscoroutinefunction, isgeneratorfunction, isasyncgenfunction)


def check_methods(cls: type) -> None:
    """Raises `InvalidJobError` unless a worker could call `work()` and `job_retry_delay(attempt)` of a job of `cls`.

    Arguments are looked at as far as Python tells them; those that a decorator takes in the place of the method's own
    are the decorator's.
    """
    work = getattr_static(cls, "work", _ABSENT)
    if work is vars(Job)["work"] or not _has_method(cls, "work", work):
        raise InvalidJobError(f"{describe(cls)} has no method work(); add one that does the work")
    if _is_any(work, isgeneratorfunction, isasyncgenfunction):
        raise InvalidJobError(f"{describe(cls)}.work contains yield, so calling it would do nothing; remove the yield")
    _check_call(cls, "work", work, ())
    delay = getattr_static(cls, "job_retry_delay", _ABSENT)
    if delay is _ABSENT:
        return
    if not _has_method(cls, "job_retry_delay", delay):
        raise InvalidJobError(
            f"{describe(cls)}.job_retry_delay is no method; write  def job_retry_delay(self, attempt: int) -> timedelta"
        )
    if _is_any(delay, *_NOT_PLAIN):
        raise InvalidJobError(f"{describe(cls)}.job_retry_delay must be a plain method that returns a timedelta")
    _check_call(cls, "job_retry_delay", delay, (1,))


def can_be_called(function: object, *arguments: object) -> bool:
    """Whether a plain function takes these arguments and needs no more, as far as Python tells that."""
    told = _signature(function)
    try:
        if told is not None:
            told.bind(*arguments)
    except TypeError:
        return False
    return not _is_any(function, *_NOT_PLAIN)


def _has_method(cls: type, name: str, found: object) -> bool:
    if isinstance(found, property | cached_property):
        raise InvalidJobError(f"{describe(cls)}.{name} is a property; make it a method, which is called")
    if isclass(found):
        raise InvalidJobError(f"{describe(cls)}.{name} is a class; make it a method, which is called")
    return callable(getattr(cls, name, None))


def _check_call(cls: type, name: str, found: object, arguments: tuple[object, ...]) -> None:
    """Raises unless `job.NAME(*arguments)` has all that it needs, and takes what it is given."""
    bound = _is_called_with_the_job(found)
    told = _signature(getattr(cls, name))
    if told is None:
        return
    try:
        told.bind(*((object(),) if bound else ()), *arguments)
    except TypeError as error:
        call = f"{name}({'attempt' if arguments else ''})"
        raise InvalidJobError(
            f"{describe(cls)}.{name} is called as {call}, and nothing else is given to it: {error}"
        ) from None


def _signature(method: Any) -> Signature | None:
    try:
        return signature(method, follow_wrapped=False)
    except (TypeError, ValueError):  # written in C, say
        return None


def _is_called_with_the_job(found: object) -> bool:
    """Whether Python puts the job before the arguments: it does for what is a function, or makes one of itself."""
    if isinstance(found, partial):
        # It has __get__ since Python 3.13, which only warns there that it will be called with the job later on.
        return sys.version_info >= (3, 14)
    return not isinstance(found, staticmethod | classmethod) and hasattr(type(found), "__get__")


def _is_any(method: Any, *kinds: Any) -> bool:
    while isinstance(method, staticmethod | classmethod | partial | partialmethod):
        method = method.func if isinstance(method, partial | partialmethod) else method.__func__
    return any(kind(method) for kind in kinds)
