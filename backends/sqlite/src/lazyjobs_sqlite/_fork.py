"""Forks: no connection to SQLite may be open across one, and no lock be held by a thread that stays behind.

SQLite keeps in the process's memory which locks it holds on a file, and a child gets that memory without the locks. So
connections are closed before a fork, when nobody is using them, and opened again when they are needed.
"""

import os
from threading import Lock
from typing import Protocol
from weakref import WeakSet


class ForkSafe(Protocol):
    """What can stand still for a fork, and start over in the child."""

    def hold(self) -> None: ...

    def release(self) -> None: ...

    def start_over(self) -> None: ...


_registry: WeakSet[ForkSafe] = WeakSet()
_registry_lock = Lock()
_held: list[ForkSafe] = []


def survive_forks(holder: ForkSafe) -> None:
    """From now on `holder` is held during every fork."""
    with _registry_lock:
        _registry.add(holder)


def _before_fork() -> None:
    _registry_lock.acquire()
    for holder in list(_registry):
        holder.hold()
        _held.append(holder)


def _after_fork_in_parent() -> None:
    for holder in _held:
        holder.release()
    _held.clear()
    _registry_lock.release()


def _after_fork_in_child() -> None:
    global _registry_lock
    for holder in _held:
        holder.start_over()
    _held.clear()
    _registry_lock = Lock()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
