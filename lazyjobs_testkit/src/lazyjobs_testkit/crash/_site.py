"""One namespace, the processes that died in it, and what must be there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash._log import Asking, Log
from lazyjobs_testkit.crash._processes import ChildProcess, fork_server
from lazyjobs_testkit.crash._targets import Target
from lazyjobs_testkit.harness import Harness
from lazyjobs_testkit.history import Operation

Killing = Callable[[ChildProcess, m.Request], Operation]


class Site(Log):
    """A namespace in which processes are killed, and which is reopened after each.

    The reopening is done by a process too, the witness, which can hang without taking the kit along. Nothing else is
    open while a victim prepares its end, so that a backend that serves one process at a time can be tried as well.
    """

    def __init__(self, harness: Harness, namespace: str, *, witness: ChildProcess | None = None) -> None:
        super().__init__(harness.traits)
        self.namespace = namespace
        self.steps: tuple[str, ...] = ()
        """The steps of the last call, if its process was killed after the answer."""
        self.duration = 0.0
        """How many seconds it took."""
        self._server = fork_server(type(harness))
        self._witness = witness
        self._own_witness = witness is None
        self._forks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._own_witness and self._witness is not None:
            self._witness.kill()

    def fork(self) -> ChildProcess:
        """A new process, with nothing open."""
        self._forks += 1
        return self._server.fork(f"process {self._forks}")

    def crash(self, target: Target, kill: Killing) -> None:
        """Prepares a call in a new process and kills it there."""
        with self.fork() as child:
            child.open(self.namespace)
            request = target.prepare(self.prelude(lambda request: self.note(child.ask(request))))
            operation = kill(child, request)
            self.note(operation)
            self.steps = child.steps
            self.duration = (operation.returned - operation.called) / 1e9

    @contextmanager
    def reopened(self) -> Iterator[Asking]:
        """The namespace, opened anew by a process that was not killed; its calls are remembered too."""
        if self._witness is None:
            self._witness = self._server.fork("reopened")
        witness = self._witness
        witness.open(self.namespace)
        yield lambda request: self.note(witness.ask(request))
        witness.close()
