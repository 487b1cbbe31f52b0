"""Killing the own process at a chosen step of a call."""

import os
import signal
import sys
import threading
from types import FrameType, ModuleType

from lazyjobs_testkit.crash._messages import AFTER_THE_ANSWER

_INERT_MODULES = frozenset(
    [
        "_abc",
        "_asyncio",
        "_collections",
        "_contextvars",
        "_datetime",
        "_functools",
        "_hashlib",
        "_json",
        "_operator",
        "_pickle",
        "_queue",
        "_random",
        "_sre",
        "_struct",
        "_thread",
        "_weakref",
        "binascii",
        "builtins",
        "collections",
        "datetime",
        "decimal",
        "functools",
        "gc",
        "hashlib",
        "itertools",
        "math",
        "msgspec",
        "msgspec._core",
        "operator",
        "random",
        "re",
        "struct",
        "sys",
        "time",
        "types",
        "uuid",
        "weakref",
        "zlib",
    ]
)


class Tripwire:
    """Counts the steps of a call, in whatever thread they happen, and kills the process before a chosen one.

    A step is a call of a function that is not written in Python and may reach the storage: between two of them the
    storage cannot change, so killing before each tries every state that a dying process can leave behind, but for those
    inside one such function.
    """

    def __init__(self) -> None:
        self._armed = False
        self._chosen = AFTER_THE_ANSWER
        self._steps: list[str] = []

    def install(self) -> None:
        """Makes threads that start from now on count too."""
        threading.setprofile(self._event)

    def arm(self, step: int) -> None:
        """Begins to count; the process dies before the step of that number."""
        self._steps, self._chosen, self._armed = [], step, True
        sys.setprofile(self._event)

    def disarm(self) -> tuple[str, ...]:
        """Ends the counting; the functions that were called, step by step."""
        self._armed = False
        sys.setprofile(None)
        return tuple(self._steps)

    def _event(self, frame: FrameType, event: str, function: object) -> None:  # noqa: ARG002 (the signature is given)
        if event == "c_call" and self._armed and (home := _home(function)) not in _INERT_MODULES:
            if len(self._steps) == self._chosen:
                os.kill(os.getpid(), signal.SIGKILL)
            self._steps.append(f"{home.lstrip('_')}.{getattr(function, '__qualname__', function)}")


def _home(function: object) -> str:
    """The module of a function, or of the type of object that a method belongs to."""
    owner = getattr(function, "__self__", None)
    return owner.__name__ if isinstance(owner, ModuleType) else type(owner).__module__
