"""Checks of what a runner is given: each returns its argument, or raises `TypeError` or `ValueError` naming it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import get_args

from lazyjobs.contract import ClaimParams, WaitParams
from lazyjobs.runner._attempt import UnknownKind


def check_workers(workers: object) -> int:
    """At least 1."""
    if not isinstance(workers, int) or isinstance(workers, bool):
        raise TypeError(f"workers must be an int, not {type(workers).__name__}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    return workers


def check_queues(queues: Iterable[str] | None) -> tuple[str, ...] | None:
    """None for those of the registered jobs; a string would be taken for its letters."""
    if queues is None:
        return None
    if isinstance(queues, str):
        raise TypeError(f"queues must be several names, not the string {queues!r}; write [{queues!r}]")
    return ClaimParams(queues=tuple(queues)).queues


def check_poll_interval(interval: object) -> timedelta:
    """More than 0, and no longer than a backend may be asked to wait."""
    if not isinstance(interval, timedelta):
        raise TypeError(f"poll_interval must be a timedelta, not {type(interval).__name__}")
    if interval <= timedelta(0):
        raise ValueError(f"poll_interval must be more than 0, not {interval}")
    return WaitParams(timeout=interval).timeout


def check_unknown_kind(choice: UnknownKind) -> UnknownKind:
    """One of the two words."""
    if choice not in get_args(UnknownKind):
        raise ValueError(f'unknown_kind must be "discard" or "retry", not {choice!r}')
    return choice
