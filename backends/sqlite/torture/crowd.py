"""A process of many threads at work: `python -m torture.crowd NAMESPACE SEED THREADS DIRECTORY`.

Each thread writes every call down before it makes it, as one that is never answered, and then the answer before it goes
on, in a file of its own: so whoever kills the process knows what was acknowledged.
"""

import os
import pickle
import sys
import threading
from pathlib import Path

from lazyjobs import Backend
from lazyjobs_testkit.crash import churn, perform
from lazyjobs_testkit.crash._processes import Flight, Moment
from torture.harness import FullHarness
from torture.targets import METHODS

QUEUES = ("crowd-1", "crowd-2")


def work(backend: Backend, seed: int, file: Path, end: threading.Event) -> None:
    """Calls the backend without a pause, until the end."""
    requests = churn(seed, file.name, QUEUES, METHODS)
    request = next(requests)
    with file.open("wb", buffering=0) as told:
        while not end.is_set():
            told.write(pickle.dumps(Flight(file.name, request, Moment.now()).end()))
            operation = perform(backend, request, caller=file.name, handle=str(os.getpid()))
            told.write(pickle.dumps(operation))
            request = requests.send(operation.answer)


def main(namespace: str, seed: int, threads: int, directory: Path) -> None:
    """Works until standard input is closed."""
    backend, end = FullHarness().open(namespace), threading.Event()
    names = [f"{os.getpid()}.{number}" for number in range(threads)]
    workers = [
        threading.Thread(target=work, args=(backend, seed + number, directory / name, end))
        for number, name in enumerate(names)
    ]
    for worker in workers:
        worker.start()
    sys.stdin.read()
    end.set()
    for worker in workers:
        worker.join()
    backend.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
