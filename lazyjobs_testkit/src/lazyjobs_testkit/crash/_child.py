"""What a child process does: it uses the backend as told, tells every answer, and dies when it is to."""

import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from msgspec.structs import replace

from lazyjobs import Backend, SupportsClose
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash._churn import churn
from lazyjobs_testkit.crash._log import perform
from lazyjobs_testkit.crash._messages import Ask, Begun, Churn, Close, Command, Done, Open, Paused, Resume
from lazyjobs_testkit.crash._tripwire import Tripwire
from lazyjobs_testkit.harness import Harness
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.raised import describe_error


class Child:
    """The child's end of the conversation."""

    def __init__(self, connection: Connection, harness: Harness, name: str) -> None:
        self._connection = connection
        self._harness = harness
        self._name = name
        self._backend: Backend | None = None
        self._handles = 0
        self._tripwire = Tripwire()

    def serve(self) -> None:
        """Does what is asked until nobody asks any more."""
        self._tripwire.install()
        while True:
            try:
                command: Command = self._connection.recv()
            except EOFError:
                return
            if isinstance(command, Churn):
                self._churn(command)
            elif isinstance(command, Ask | Open) and command.kill_at is not None:
                self._connection.send(self._do_counted(command, command.kill_at, _die))
                _die()
            elif isinstance(command, Open) and command.pause_at is not None:
                self._connection.send(self._do_counted(command, command.pause_at, self._pause))
            elif not isinstance(command, Resume):
                self._connection.send(self._do(command))

    def _do_counted(self, command: Ask | Open, step: int, act: Callable[[], None]) -> Done:
        self._tripwire.arm(step, act)
        done = self._do(command)
        return replace(done, steps=self._tripwire.disarm())

    def _pause(self) -> None:
        self._connection.send(Paused())
        self._connection.recv()

    def _do(self, command: Open | Ask | Close) -> Done:
        if isinstance(command, Ask):
            return Done(operation=self._perform(command.request))
        try:
            self._close()
            if isinstance(command, Open):
                self._open(command)
        except Exception as error:
            return Done(describe_error(error))
        return Done()

    def _close(self) -> None:
        if self._backend is not None and isinstance(self._backend, SupportsClose):
            self._backend.close()
        self._backend = None

    def _open(self, command: Open) -> None:
        while time.monotonic_ns() < command.not_before:
            pass
        self._backend = self._harness.open(command.namespace)
        self._handles += 1

    def _perform(self, request: m.Request) -> Operation:
        if self._backend is None:
            raise RuntimeError(f"asked for {request.method} with no namespace open")
        return perform(self._backend, request, caller=self._name, handle=f"{self._name}.{self._handles}")

    def _churn(self, command: Churn) -> None:
        requests = churn(command.seed, self._name, command.queues, command.methods)
        request = next(requests)
        self._connection.send(Begun(None, request))
        while True:
            operation = self._perform(request)
            request = requests.send(operation.answer)
            self._connection.send(Begun(operation, request))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
