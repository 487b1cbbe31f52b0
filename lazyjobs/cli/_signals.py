"""The signals that stop a process."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread

from lazyjobs.cli import _children as children
from lazyjobs.cli._children import Handler

STOPPING = (signal.SIGTERM, signal.SIGINT)


class Wakeup:
    """Lets the main thread sleep until a signal, or another thread, wakes it.

    A pipe, since a signal handler must not take the locks that `threading.Event` is made of.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._woken = False

    def fileno(self) -> int:
        """Where a written byte ends the sleep for a moment, to see whether there is a reason."""
        return self._write

    def wake(self) -> None:
        """Wakes the sleeper, or the next one."""
        self._woken = True
        with suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._write, b"!")

    def sleep(self) -> None:
        """Returns once woken."""
        while not self._woken:
            os.read(self._read, 1)


@contextmanager
def stop_signals(wakeup: Wakeup) -> Iterator[None]:
    """Makes the first SIGTERM or SIGINT wake the main thread, and leaves the second one its default: the end, at once.

    The default does not need the interpreter, so it also ends a process whose job holds the interpreter's lock. It
    holds whatever the parent process has ignored or blocked. A child that is forked meanwhile has none of this: there
    the signals do what they did before.
    """

    def first(_number: int, _frame: object) -> None:
        for number in STOPPING:
            signal.signal(number, _end_as_init if os.getpid() == 1 else signal.SIG_DFL)
        wakeup.wake()

    # A handler waits for the next bytecode, which never comes if the signal arrives as the read of the pipe begins.
    descriptor = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    before = {number: _or_default(signal.signal(number, first)) for number in STOPPING}
    children.restore(before)
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        children.restore(None)
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(descriptor)


@contextmanager
def interruptible() -> Iterator[None]:
    """Lets Ctrl-C end a command that was started with SIGINT ignored, as `nohup`, cron and background jobs are."""
    ignored = current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _or_default(handler: Handler | None) -> Handler:
    """None is a handler that is not Python's, which Python cannot set again."""
    return signal.SIG_DFL if handler is None else handler


def _end_as_init(number: int, _frame: object) -> None:
    # The kernel drops what the first process of a container has no handler for.
    os._exit(128 + number)
