"""Checks of what a runner is given: each returns its argument, or raises `TypeError` or `ValueError` naming it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Literal, TypeVar, get_args

from lazyjobs.contract import Backend, ClaimParams, WaitParams
from lazyjobs.jobs import shorten, show_given

UnknownKind = Literal["discard", "retry"]

T = TypeVar("T")

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._:/-]")
_LONGEST_NAME = 100


def check_several(name: str, several: Iterable[T], of: str) -> tuple[T, ...]:
    """Any iterable but a text or a class, which are one thing and not several."""
    if not isinstance(several, str | bytes | type):
        try:
            return tuple(several)
        except TypeError:
            pass
    shown = several.__name__ if isinstance(several, type) else _show(several)
    raise TypeError(f"{name} must be several {of}, not {shown}; write {name}=[{shown}]")


def check_backend(backend: object) -> Backend:
    """An open one; its class would pass for it by its methods."""
    if not isinstance(backend, Backend) or isinstance(backend, type):
        raise TypeError(f"backend must be a Backend, not {_show(backend)}")
    return backend


def check_workers(workers: object) -> int:
    """At least 1."""
    if not isinstance(workers, int) or isinstance(workers, bool):
        raise TypeError(f"workers must be an int, not {type(workers).__name__}; write workers=4")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    return workers


def check_queues(queues: Iterable[str] | None) -> tuple[str, ...] | None:
    """None for those of the registered jobs; a string would be taken for its letters."""
    if queues is None:
        return None
    if isinstance(queues, str):
        raise TypeError(f"queues must be several names, not the string {queues!r}; write [{queues!r}]")
    return ClaimParams(queues=check_several("queues", queues, "names")).queues


def check_poll_interval(interval: object) -> timedelta:
    """More than 0, and no longer than a backend may be asked to wait."""
    checked = check_duration("poll_interval", interval)
    if checked <= timedelta(0):
        raise ValueError(f"poll_interval must be more than 0, not {interval}")
    return WaitParams(timeout=checked).timeout


def check_lease(lease: object) -> timedelta:
    """As a claim has it."""
    return ClaimParams(lease=check_duration("lease", lease)).lease


def check_timeout(timeout: object) -> timedelta:
    """How long to wait; one below zero has passed already."""
    return check_duration("timeout", timeout)


def check_optional_timeout(timeout: object) -> timedelta | None:
    """The same, or None for as long as it takes."""
    return None if timeout is None else check_timeout(timeout)


def check_duration(name: str, duration: object) -> timedelta:
    """A timedelta: a bare number might be seconds, minutes or milliseconds."""
    if isinstance(duration, timedelta):
        return duration
    number = isinstance(duration, int | float) and not isinstance(duration, bool)
    written = _show(duration) if number else "5"
    raise TypeError(f"{name} must be a timedelta, not {type(duration).__name__}; write timedelta(seconds={written})")


def check_unknown_kind(choice: UnknownKind) -> UnknownKind:
    """One of the two words."""
    if choice not in get_args(UnknownKind):
        raise ValueError(f'unknown_kind must be "discard" or "retry", not {_show(choice)}')
    return choice


def check_flag(name: str, flag: object) -> bool:
    """True or False."""
    if not isinstance(flag, bool):
        raise TypeError(f"{name} must be True or False, not {_show(flag)}")
    return flag


def check_function(name: str, function: Callable[..., T], what: str) -> Callable[..., T]:
    """What can be called; `what` says what it is called for."""
    if not callable(function):
        raise TypeError(f"{name} must be a function that {what}, not {_show(function)}")
    return function


def check_name(name: str | None) -> str | None:
    """A worker's name as a backend stores it: other characters become `-`, and what is too long is cut."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise TypeError(f'name must be a str, not {_show(name)}; write name="mail-1"')
    if not name:
        raise ValueError('name must not be empty; write name="mail-1", or leave it out')
    return to_worker_name(name)


def to_worker_name(text: str) -> str:
    """`text` in the characters of a kind, at most a hundred."""
    return _NOT_IN_A_NAME.sub("-", text)[:_LONGEST_NAME]


def _show(value: object) -> str:
    return show_given(value) if hasattr(value, "work") else shorten(repr(value))
