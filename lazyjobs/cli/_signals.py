"""The signals that stop a worker process."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STOPPING = (signal.SIGTERM, signal.SIGINT)


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

    The default does not need the interpreter, so it also ends a process whose job holds the interpreter's lock.
    """

    def first(_number: int, _frame: object) -> None:
        for number in _STOPPING:
            signal.signal(number, signal.SIG_DFL)
        wakeup.wake()

    # A handler waits for the next bytecode, which never comes if the signal arrives as the read of the pipe begins.
    descriptor = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, first) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(descriptor)
