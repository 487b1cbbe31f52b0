"""Calls back in the child of a fork, where only the forking thread lives on."""

import os
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_callbacks: WeakKeyDictionary[object, Callable[[object], None]] = WeakKeyDictionary()


def call_in_child(target: T, function: Callable[[T], None]) -> None:
    """Calls `function(target)` in every child forked while `target` lives; the function must not refer to it."""
    _callbacks[target] = function  # type: ignore[assignment]


def _in_child() -> None:
    for target, function in list(_callbacks.items()):
        function(target)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
