"""Several processes at work at once, killed one after the other."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import wait

from lazyjobs import InsertParams
from lazyjobs_testkit.crash._messages import AFTER_THE_ANSWER, Begun
from lazyjobs_testkit.crash._processes import ChildError, ChildProcess, Flight, Moment
from lazyjobs_testkit.crash._site import Site
from lazyjobs_testkit.crash._tripwire import distinct_steps
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.model import Insert

_FEW_CALLS = 10
_BLINK = 0.002
_DEATHS = 2
QUEUES = ("storm-1", "storm-2")


class _Worker:
    """A process that inserts, claims and finishes without a pause, and what it has told of that."""

    def __init__(self, child: ChildProcess, namespace: str, seed: int, methods: Sequence[str]) -> None:
        self.child = child
        self.operations: list[Operation] = []
        self._flight: Flight | None = None
        child.open(namespace)
        self._since = Moment.now()
        child.begin_churn(seed, QUEUES, methods)

    def listen(self) -> None:
        """Takes in what it tells next; raises `ChildError` if it died by itself."""
        if not self._hear():
            raise ChildError(f"{self.child.name} died while it used the backend:\n{self.child.errors()}")

    def die(self) -> None:
        """Kills it, and takes in what it had told before."""
        self.child.strike()
        while self._hear():
            pass
        if self._flight is not None:
            self.operations.append(self._flight.end())

    def _hear(self) -> bool:
        told = self.child.receive()
        if not isinstance(told, Begun):
            return False
        if told.answered is not None:
            self.operations.append(told.answered)
            self._since = Moment(told.answered.returned, told.answered.ended)
        self._flight = Flight(self.child.name, told.request, self._since)
        return True


def storm(site: Site, choices: random.Random, *, processes: int, seconds: float, methods: Sequence[str] = ()) -> None:
    """Lets processes work in one namespace, and kills one after the other, each at an instant within so many seconds.

    Before each, some others die inside an insert, at steps chosen at random: an instant would hardly ever hit one. It
    begins when each process has made a few calls, however busy the machine may be. `methods` are used beyond the
    required ones.
    """
    with _at_work(site, choices, processes, methods) as workers:
        _warm_up(workers, until=time.monotonic() + 10 * seconds)
        steps = _die_inserting(site, AFTER_THE_ANSWER) if processes > 1 else ()
        while workers:
            for step in choices.choices(distinct_steps(steps), k=_DEATHS) if steps else ():
                _die_inserting(site, step)
            _watch(workers, until=time.monotonic() + choices.uniform(0, seconds))
            _end(site, workers.pop())


def interrupt(site: Site, choices: random.Random, *, processes: int, seconds: float, act: Callable[[], None]) -> None:
    """Lets processes work for so many seconds, then while `act` runs, then again, and kills them in the end.

    It begins when each has made a few calls, however busy the machine may be.
    """
    with _at_work(site, choices, processes) as workers, ThreadPoolExecutor(1) as executor:
        _warm_up(workers, until=time.monotonic() + 10 * seconds)
        _watch(workers, until=time.monotonic() + seconds)
        acting = executor.submit(act)
        while not acting.done():
            _watch(workers, until=time.monotonic() + seconds / 10)
        acting.result()
        _watch(workers, until=time.monotonic() + seconds)
        while workers:
            _end(site, workers.pop())


def _die_inserting(site: Site, step: int) -> Sequence[str]:
    """Lets a process die before that step of an insert; the steps, if it came to the answer."""
    with site.fork() as child:
        payload = b'{"dying":"%s"}' % child.name.encode()
        insert = Insert(InsertParams(kind="kit.crash", queue=QUEUES[0], payload=payload))
        child.open(site.namespace)
        site.note(child.ask_and_die(insert, step=step))
        return child.steps


@contextmanager
def _at_work(
    site: Site, choices: random.Random, processes: int, methods: Sequence[str] = ()
) -> Iterator[list[_Worker]]:
    with ExitStack() as exits:
        children = [exits.enter_context(site.fork()) for _ in range(processes)]
        yield [_Worker(child, site.namespace, choices.getrandbits(32), methods) for child in children]


def _warm_up(workers: Sequence[_Worker], until: float) -> None:
    while time.monotonic() < until and any(len(worker.operations) < _FEW_CALLS for worker in workers):
        _watch(workers, until=time.monotonic() + _BLINK)


def _watch(workers: Sequence[_Worker], until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        ready = wait([worker.child.connection for worker in workers], timeout=left)
        for worker in workers:
            if worker.child.connection in ready:
                worker.listen()


def _end(site: Site, worker: _Worker) -> None:
    worker.die()
    for operation in worker.operations:
        site.note(operation)
