"""Locks that a forked child can use, although the threads that held them stayed behind."""

import os
from threading import Lock
from typing import Protocol
from weakref import WeakSet

from lazyjobs_memory._lock import PoliteLock


class ForkSafe(Protocol):
    """What has a lock, and can start over with a new one in a child."""

    lock: PoliteLock

    def start_over(self) -> None: ...


_registry: WeakSet[ForkSafe] = WeakSet()
_registry_lock = Lock()
_held: list[ForkSafe] = []


def survive_forks(holder: ForkSafe) -> None:
    """From now on forks wait for the lock of `holder`, so that no child gets a half-made change."""
    with _registry_lock:
        _registry.add(holder)


def _before_fork() -> None:
    _registry_lock.acquire()
    _held.extend(_registry)
    for holder in _held:
        holder.lock.acquire()


def _after_fork_in_parent() -> None:
    for holder in _held:
        holder.lock.release()
    _held.clear()
    _registry_lock.release()


def _after_fork_in_child() -> None:
    global _registry_lock
    for holder in _held:
        holder.start_over()
    _held.clear()
    _registry_lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
