"""Acting at a chosen step of a call: killing the own process, or making it wait."""

import re
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType, ModuleType

from lazyjobs_testkit.crash._messages import AFTER_THE_ANSWER

_INERT = re.compile(
    "_?(abc|asyncio|collections|contextvars|datetime|functools|hashlib|json|operator|pickle|queue|random|sre|struct"
    "|thread|weakref)|binascii|builtins|decimal|gc|itertools|math|msgspec(._core)?|re|sys|time|types|uuid|zlib"
)
"""The modules whose functions, and the methods of whose types, stay inside the interpreter."""
_READING = re.compile(
    "posix.(_path_[a-z_]+|access|fspath|fstat|getpid|listdir|lstat|scandir|stat)|stat.S_IS[A-Z]+|io.BufferedReader.[a-z_]+"
)
"""The steps that change nothing outside of the process."""


class Tripwire:
    """Counts the steps of a call, in whatever thread they happen, and acts before a chosen one.

    A step is a call of a function that is not written in Python and may reach the storage: between two of them the
    storage cannot change, so killing before each tries every state that a dying process can leave behind, but for those
    inside one such function.
    """

    def __init__(self) -> None:
        self._armed = False
        self._chosen = AFTER_THE_ANSWER
        self._act: Callable[[], None] = lambda: None
        self._steps: list[str] = []

    def install(self) -> None:
        """Makes threads that start from now on count too."""
        threading.setprofile(self._event)

    def arm(self, step: int, act: Callable[[], None]) -> None:
        """Begins to count; `act` is called before the step of that number."""
        self._steps, self._chosen, self._act, self._armed = [], step, act, True
        sys.setprofile(self._event)

    def disarm(self) -> tuple[str, ...]:
        """Ends the counting; the functions that were called, step by step."""
        self._armed = False
        sys.setprofile(None)
        return tuple(self._steps)

    def _event(self, frame: FrameType, event: str, function: object) -> None:  # noqa: ARG002 (the signature is given)
        if event == "c_call" and self._armed and not _INERT.fullmatch(home := _home(function)):
            if len(self._steps) == self._chosen:
                self._act()
            self._steps.append(f"{home.lstrip('_')}.{getattr(function, '__qualname__', function)}")


def _home(function: object) -> str:
    """The module of a function, or of the type of object that a method belongs to."""
    owner = getattr(function, "__self__", None)
    return owner.__name__ if isinstance(owner, ModuleType) else type(owner).__module__


def distinct_steps(steps: Sequence[str]) -> Sequence[int]:
    """The steps before which to kill: not those that follow upon one that only reads, as nothing has changed since."""
    return [step for step in range(len(steps)) if not step or not _READING.fullmatch(steps[step - 1])]
