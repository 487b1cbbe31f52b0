"""What a forked child does about the signals that its parent handles."""

import os
import signal
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial
from threading import local
from types import FrameType
from typing import TypeAlias

Handler: TypeAlias = Callable[[int, FrameType | None], object] | int | signal.Handlers


class _Restored:
    """The handlers that children get; None while the parent handles nothing."""

    handlers: Mapping[signal.Signals, Handler] | None = None


class _Forking(local):
    """The signals that this thread had blocked before it began to fork; None while it does not."""

    mask: Collection[int] | None = None


_restored = _Restored()
_forking = _Forking()


def restore(handlers: Mapping[signal.Signals, Handler] | None) -> None:
    """From now on these are the handlers of each child that is forked, from its first instruction on.

    None leaves children alone. What is executed after the fork gets the default from the system.
    """
    if handlers is not None:
        # As late as can be: a KeyboardInterrupt is lost in what others have registered to run in the child after this.
        _register()
    _restored.handlers = handlers


def _hold_back() -> None:
    # A signal that comes before the child has its own handlers would be taken by those of the parent, and stop nothing.
    if (handlers := _restored.handlers) is not None:
        _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, handlers)


def _let_go() -> None:
    if (mask := _forking.mask) is not None:
        _forking.mask = None
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _become_child() -> None:
    if (handlers := _restored.handlers) is not None:
        signal.set_wakeup_fd(-1)
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_IGN if handler is signal.SIG_IGN else signal.SIG_DFL)
    _let_go()


class _Handlers:
    """Sets the handlers that are Python's when it is iterated over."""

    def __iter__(self) -> Iterator[object]:
        handlers = {number: each for number, each in (_restored.handlers or {}).items() if callable(each)}
        _restored.handlers = None
        return map(signal.signal, handlers, handlers.values())


# In C to its end: what a handler raises in a function of Python's that is called here, KeyboardInterrupt say, is lost.
_set_handlers = partial(deque[object](maxlen=0).extend, _Handlers())


@cache
def _register() -> None:
    """Once only, since nothing takes it back."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_hold_back, after_in_parent=_let_go, after_in_child=_become_child)
        os.register_at_fork(after_in_child=_set_handlers)
