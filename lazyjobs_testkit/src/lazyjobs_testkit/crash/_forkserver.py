"""The program that forks child processes: it imports the harness once, so that a child is there in a millisecond.

Started by `ForkServer`, with the number of an inherited socket as its only argument. It has one thread and opens no
backend, so what is forked starts clean. When the kit's process ends, it kills what is left of its children and ends.
"""

import contextlib
import gc
import os
import signal
import sys
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle

from lazyjobs_testkit.crash._child import Child
from lazyjobs_testkit.crash._messages import Fork, Reap
from lazyjobs_testkit.harness import Harness, load_harness


def serve(control: Connection) -> None:
    """Forks and reaps as told, until nobody tells any more."""
    harness = load_harness(control.recv())()
    gc.freeze()
    control.send(None)
    living: set[int] = set()
    with contextlib.suppress(EOFError):
        while True:
            command: Fork | Reap = control.recv()
            if isinstance(command, Fork):
                pid = _fork(control, harness, command.name)
                living.add(pid)
                control.send(pid)
            else:
                os.waitpid(command.pid, 0)
                living.discard(command.pid)
                control.send(None)
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _fork(control: Connection, harness: Harness, name: str) -> int:
    handle = recv_handle(control)
    pid = os.fork()
    if pid:
        os.close(handle)
        return pid
    try:
        control.close()
        Child(Connection(handle), harness, name).serve()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
