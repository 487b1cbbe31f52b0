"""One of the processes of the sharing: inserts, claims and completes until its time is over."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct
from msgspec.json import encode

from benchmarks._job import PAYLOAD
from benchmarks.sqlite._contender import Setup
from benchmarks.sqlite.lazyjobs_ import open_sqlite
from lazyjobs import Backend, BackendError, ClaimParams, CompleteParams, InsertParams

Answer = TypeVar("Answer")

INSERT = InsertParams(kind="noop", payload=PAYLOAD)
CLAIM = ClaimParams()


class Share(Struct):
    """What one process got."""

    seconds: list[float]
    """Of each call that was answered."""
    errors: list[str]
    """Of each that failed."""


class Sharer:
    """Makes calls and notes what became of each."""

    def __init__(self, backend: Backend) -> None:
        self.share = Share([], [])
        self._backend = backend

    def cycle(self) -> None:
        """A record in, and one out: its own or another process's."""
        self._call(lambda: self._backend.insert(INSERT))
        record = self._call(lambda: self._backend.claim(CLAIM))
        if record is not None:
            self._call(lambda: self._backend.complete(CompleteParams(id=record.id, attempt=record.attempt)))

    def _call(self, call: Callable[[], Answer]) -> Answer | None:
        begun = time.perf_counter()
        try:
            answer = call()
        except BackendError as error:
            self.share.errors.append(str(error))
            return None
        self.share.seconds.append(time.perf_counter() - begun)
        return answer


def _share(directory: str, seconds: float) -> None:
    sharer = Sharer(open_sqlite(Setup(directory, "full", 1)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sharer.cycle()
    sys.stdout.write(encode(sharer.share).decode())


if __name__ == "__main__":
    _share(sys.argv[1], float(sys.argv[2]))
