"""A process whose main thread is interrupted again and again: `python -m torture.interrupted NAMESPACE SECONDS SEED`.

A signal handler raises, as Ctrl-C does and time limits do, at any instant of an insert, while other threads insert too.
Says what was lost, and which threads are stuck in the end.
"""

import random
import signal
import sys
import threading
import time
from types import FrameType

from lazyjobs import Backend, BackendUnavailableError, InsertParams, ListOptions
from torture.harness import FullHarness, NormalHarness

_THREADS = 3
_SOON, _LATE = 0.0001, 0.003
_PATIENCE = 5.0


class Interruption(Exception):  # noqa: N818 (no error)
    """What the handler raises."""


def main(namespace: str, seconds: float, choices: random.Random, *, full: bool) -> str:
    """Interrupts for so many seconds, and says what came of it."""
    backend = (FullHarness if full else NormalHarness)().open(namespace)
    ids: list[int] = []
    end = threading.Event()
    threads = [threading.Thread(target=_insert, args=(backend, ids, end), daemon=True) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    signal.signal(signal.SIGALRM, _interrupt)
    hits, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        hits += _insert_until_interrupted(backend, ids, choices.uniform(_SOON, _LATE))
    end.set()
    for thread in threads:
        thread.join(_PATIENCE)
    stuck = sum(thread.is_alive() for thread in threads)
    found = set() if stuck else {record.id for record in backend.list(ListOptions(limit=None))}
    return f"{hits} interruptions, {stuck} stuck, {0 if stuck else len(set(ids) - found)} lost"


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interruption


def _insert(backend: Backend, ids: list[int], end: threading.Event) -> None:
    while not end.is_set():
        try:
            ids.append(backend.insert(InsertParams(kind="kit.crash")).id)
        except BackendUnavailableError:
            continue


def _insert_until_interrupted(backend: Backend, ids: list[int], after: float) -> int:
    try:
        signal.setitimer(signal.ITIMER_REAL, after)
        while True:
            ids.append(backend.insert(InsertParams(kind="kit.crash")).id)
    except Interruption:
        return 1
    except BackendUnavailableError:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return 0


if __name__ == "__main__":
    full = sys.argv[4] == "full"
    sys.stdout.write(main(sys.argv[1], float(sys.argv[2]), random.Random(int(sys.argv[3])), full=full) + "\n")
