"""The first process of a container."""

import os
import signal
from collections.abc import Callable, Collection
from threading import active_count

from lazyjobs.cli._signals import STOPPING

_FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS)
_OF_TERMINALS = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


def run_below_init(run: Callable[[], int]) -> int:
    """Calls `run`; in a child if this is the first process of a container, which then ends with the child's code.

    The kernel drops every signal that a first process has no handler for, so there nothing would be as it is
    elsewhere: not while the application is imported, and not at the second signal. The first process passes signals on
    to the child, and waits for whatever ends in the container. A child that a signal ended gives 128 and its number, as
    in a shell. Where other threads run already, which a child would lack, `run` is called here.
    """
    if os.getpid() != 1 or active_count() > 1:
        return run()
    attended = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, *_FAULTS, *_OF_TERMINALS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, attended)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return run()
    os._exit(_attend(child, attended))


def _attend(child: int, attended: Collection[int]) -> int:
    """Passes signals on until the child has ended, which the second one for stopping sees to; returns its exit code."""
    to_stop = 0
    while True:
        received = signal.sigwaitinfo(attended)
        number = received.si_signo
        if number == signal.SIGCHLD:
            if (status := _reap(child)) is not None:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            continue
        to_stop += number in STOPPING
        if to_stop > 1:  # the child may hold the interpreter's lock, and then handles not even the first
            os.kill(child, signal.SIGKILL)
            return 128 + number
        if received.si_code <= 0 or number == signal.SIGHUP:
            # Others are the terminal's own, such as that of Ctrl-C, which the child has got as well.
            os.kill(child, number)


def _reap(child: int) -> int | None:
    """Waits for every process that has ended; returns the status of `child` once it is among them."""
    found: int | None = None
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if process == 0:
            return found
        if process == child:
            found = status
