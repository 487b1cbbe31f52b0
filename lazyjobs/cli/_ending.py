"""The end of a worker process, which neither a job nor its output may hold up."""

import logging
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from threading import Thread
from typing import Generic, NoReturn, TypeVar

logger = logging.getLogger("lazyjobs")

T = TypeVar("T")

_FOR_OUTPUT = timedelta(seconds=1)
_FOR_CLOSING = timedelta(seconds=3)


class Aside(Generic[T]):
    """A call in a thread of its own, since what it writes to may block: a pipe that is full and nobody reads, say."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._result: T | None = None
        self._error: BaseException | None = None
        self._thread = Thread(target=self._call, name="lazyjobs-end", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the system gives no thread any more
            self._call()

    def wait(self, timeout: timedelta) -> T | None:
        """What the call returned, or None if it has not within the timeout; raises what it raised."""
        if self._thread.ident is not None:
            self._thread.join(timeout.total_seconds())
        if self._error is not None:
            raise self._error
        return self._result

    def _call(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:
            self._error = error


def log_aside(level: int, message: str, *arguments: object) -> None:
    """Logs for the main thread, which has signals to wait for, and so waits a moment only if the log takes nothing."""
    Aside(partial(logger.log, level, message, *arguments)).wait(_FOR_OUTPUT)


def close_in_time(stack: ExitStack) -> bool:
    """Closes what is served; returns False if that is stuck."""
    return Aside(partial(_close, stack)).wait(_FOR_CLOSING) is True


def _close(stack: ExitStack) -> bool:
    stack.close()
    return True


def settle_output() -> bool:
    """Writes what is buffered of standard output and of the log; returns False if either is stuck."""
    return _settle(_flush_output, _flush_log)


def leave_at_once(code: int) -> NoReturn:
    """Ends the process, whatever still runs in it: a thread that is left would keep an ordinary exit waiting."""
    with suppress(Exception):  # there may be no thread to be had
        _settle(_flush_output, logging.shutdown)
    os._exit(code)


def _settle(*flushes: Callable[[], None]) -> bool:
    steps = [Aside(partial(_try, flush)) for flush in flushes]
    settled = [step.wait(_FOR_OUTPUT) for step in steps]
    return all(settled)


def _try(flush: Callable[[], None]) -> bool:
    with suppress(Exception):  # nobody may read it any more, and a handler of the application raise anything
        flush()
    return True


def _flush_output() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _flush_log() -> None:
    for handler in (*logging.root.handlers, *logger.handlers):
        handler.flush()
