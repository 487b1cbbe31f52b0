"""A lock for short operations by many threads of one interpreter."""

from threading import Lock
from time import sleep

_PAUSE = 0.00005


class PoliteLock:
    """A lock that a thread which finds it taken asks for again a moment later, instead of queueing for it.

    `threading.Lock` is handed to a queued thread before that thread has the interpreter, and under load every operation
    then costs a switch of threads (a lock convoy: Blasgen and others, "The Convoy Phenomenon", 1979).
    """

    __slots__ = ("_try", "release")

    def __init__(self) -> None:
        lock = Lock()
        self._try = lock.acquire
        self.release = lock.release

    def acquire(self) -> None:
        while not self._try(False):
            sleep(_PAUSE)
