"""Child processes as the kit's process sees them."""

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import send_handle
from typing import NamedTuple, Self

from lazyjobs_testkit.crash._log import KILLED
from lazyjobs_testkit.crash._messages import (
    AFTER_THE_ANSWER,
    Ask,
    Churn,
    Close,
    Command,
    Done,
    Fork,
    Open,
    Paused,
    Reap,
    Resume,
    Told,
)
from lazyjobs_testkit.harness import Harness, child_environment
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.model import Request

PATIENCE = 20.0
"""For how many seconds an answer is waited for. A backend that waits longer than this for a dead process is stuck."""


class Moment(NamedTuple):
    """A time by both clocks."""

    monotonic: int
    wall: datetime

    @classmethod
    def now(cls) -> "Moment":
        """What both clocks show; the wall clock is read first, as `Recorder` does before a call."""
        wall = datetime.now(UTC)
        return cls(time.monotonic_ns(), wall)


class ChildStartError(Exception):
    """No child process could be started, which says nothing of the backend; the message says why."""


class ChildError(AssertionError):
    """A child process could not do what it was told: the backend raised, hung, or took the process with it."""


class Flight:
    """A call that may never be answered, and since when it may have been under way."""

    def __init__(self, caller: str, request: Request, since: Moment) -> None:
        self._caller = caller
        self._request = request
        self._since = since

    def end(self) -> Operation:
        """The call as one that was killed before it answered."""
        now = Moment.now()
        return Operation(
            caller=self._caller,
            handle=self._caller,
            request=self._request,
            answer=KILLED,
            called=self._since.monotonic,
            returned=now.monotonic,
            began=self._since.wall,
            ended=now.wall,
        )


class ForkServer:
    """Forks child processes that use a backend through its harness.

    Raises `HarnessError` for a harness that no child process can import, `ChildStartError` if it could not be imported.
    """

    def __init__(self, harness: type[Harness]) -> None:
        reference = harness.reference()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the server)
        self._control, remote = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lazyjobs_testkit.crash._forkserver", str(remote.fileno())],
            pass_fds=[remote.fileno()],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
        )
        remote.close()
        try:
            self._control.send(reference)
            self._control.recv()
        except (EOFError, OSError) as error:
            self._process.wait()
            told = self.errors()
            self.close()
            raise ChildStartError(f"no child process could load {harness.name}:\n{harness.conceal(told)}") from error

    def fork(self, name: str) -> "ChildProcess":
        """A new child process, with nothing open."""
        ours, theirs = Pipe()
        try:
            self._control.send(Fork(name))
            send_handle(self._control, theirs.fileno(), self._process.pid)
            pid: int = self._control.recv()
        except (EOFError, OSError) as error:
            ours.close()
            raise ChildStartError(f"no child process could be forked:\n{self.errors()}") from error
        finally:
            theirs.close()
        return ChildProcess(self, name, pid, ours)

    def reap(self, pid: int) -> None:
        """Returns when that child, which was killed, is gone."""
        self._control.send(Reap(pid))
        self._control.recv()

    def errors(self) -> str:
        """What the child processes wrote to their standard error, the end of it."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-4000:]

    def close(self) -> None:
        """Ends the server and with it every child."""
        self._control.close()
        self._process.wait()
        self._errors.close()


def fork_server(harness: type[Harness]) -> ForkServer:
    """The fork server of a harness: started when first asked for, ended with this process."""
    return _fork_server(harness, os.getpid())


@cache
def _fork_server(harness: type[Harness], pid: int) -> ForkServer:  # noqa: ARG001 (a forked process starts its own)
    server = ForkServer(harness)
    atexit.register(server.close)
    return server


class ChildProcess:
    """A process that uses the backend as it is told, and can be killed; leaving it kills it."""

    def __init__(self, server: ForkServer, name: str, pid: int, connection: Connection) -> None:
        self.name = name
        self.connection = connection
        self.steps: tuple[str, ...] = ()
        """The steps of the last call or opening in which they were counted to the end."""
        self._server = server
        self._pid = pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()

    def open(self, namespace: str) -> None:
        """Opens a new handle on the namespace, in place of the one before; raises `ChildError` if that fails."""
        self.begin_open(namespace)
        self.end_open()

    def begin_open(self, namespace: str, *, not_before: int = 0) -> None:
        """Tells the child to open, once the monotonic clock has reached `not_before`, and does not wait for it."""
        self._send(Open(namespace=namespace, not_before=not_before))

    def end_open(self) -> None:
        """Waits until it has opened."""
        self._done("open")

    def open_until(self, namespace: str, step: int) -> bool:
        """Opens the namespace up to that step, and waits there for `resume`; False if the opening had fewer."""
        self._send(Open(namespace=namespace, pause_at=step))
        told = self.receive()
        if isinstance(told, Paused):
            return True
        self.steps = self._check(told, "open").steps
        return False

    def resume(self) -> None:
        """Goes on with the opening, and waits until it is done."""
        self._send(Resume())
        self.steps = self._done("open").steps

    def open_and_die(self, namespace: str, *, step: int = AFTER_THE_ANSWER) -> None:
        """Opens the namespace and dies before that step of it, or right afterwards if it has fewer."""
        self._send(Open(namespace=namespace, kill_at=step))
        told = self.receive()
        self.kill()
        if isinstance(told, Done):
            self.steps = told.steps

    def close(self) -> None:
        """Closes the handle."""
        self._send(Close())
        self._done("close")

    def ask(self, request: Request) -> Operation:
        """Makes a call and tells what came of it."""
        self.begin_ask(request)
        return self.end_ask()

    def begin_ask(self, request: Request) -> None:
        """Tells the child to make a call, and does not wait for the answer."""
        self._send(Ask(request=request))

    def end_ask(self) -> Operation:
        """Waits for the answer to the call."""
        operation = self._done("a call").operation
        if operation is None:
            raise ChildError(f"{self.name} had not been asked anything")
        return operation

    def ask_and_die(self, request: Request, *, step: int = AFTER_THE_ANSWER) -> Operation:
        """Makes a call and dies before that step of it, or right after its answer if it has fewer."""
        flight = Flight(self.name, request, Moment.now())
        self._send(Ask(request=request, kill_at=step))
        return self._remains(flight)

    def ask_and_kill(self, request: Request, *, after: float) -> Operation:
        """Makes a call and is killed so many seconds after it was told to."""
        flight = Flight(self.name, request, Moment.now())
        self._send(Ask(request=request))
        deadline = time.perf_counter() + after
        while time.perf_counter() < deadline:
            pass
        self.strike()
        return self._remains(flight)

    def begin_churn(self, seed: int, queues: Sequence[str], methods: Sequence[str] = ()) -> None:
        """Begins to use the backend without a pause: see `churn`."""
        self._send(Churn(seed=seed, queues=tuple(queues), methods=tuple(methods)))

    def strike(self) -> None:
        """Sends SIGKILL; what it had told before can still be received."""
        os.kill(self._pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kills it, if it still lives, and returns when it is gone."""
        if not self.connection.closed:
            self.strike()
            self._server.reap(self._pid)
            self.connection.close()

    def errors(self) -> str:
        """What child processes wrote to their standard error, the end of it."""
        return self._server.errors()

    def receive(self) -> Told | None:
        """What it tells next; None if it died. Raises `ChildError` if it says nothing for too long."""
        try:
            if not self.connection.poll(PATIENCE):
                self.kill()
                raise ChildError(f"{self.name} got no answer from the backend for {PATIENCE:.0f} s")
            told: Told = self.connection.recv()
        except (EOFError, OSError):
            return None
        return told

    def _send(self, command: Command) -> None:
        try:
            self.connection.send(command)
        except OSError as error:
            raise ChildError(f"{self.name} has died:\n{self.errors()}") from error

    def _done(self, doing: str) -> Done:
        return self._check(self.receive(), doing)

    def _check(self, told: Told | None, doing: str) -> Done:
        if not isinstance(told, Done):
            raise ChildError(f"{self.name} died in {doing}:\n{self.errors()}")
        if told.error:
            raise ChildError(f"{doing} raised {told.error}")
        return told

    def _remains(self, flight: Flight) -> Operation:
        told = self.receive()
        self.kill()
        if isinstance(told, Done) and told.operation is not None:
            self.steps = told.steps
            return told.operation
        return flight.end()
