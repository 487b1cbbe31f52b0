"""The jobs whose throughput is measured."""

import json
import time
from collections.abc import Callable
from typing import ClassVar, Literal

from msgspec import Struct

from lazyjobs import Job

Size = Literal["noop", "1ms", "10ms-wait"]

DOCUMENT = json.dumps({"lines": [{"number": number, "text": "x" * 20} for number in range(8)]})
WAIT = 0.01
WORKERS: dict[Size, int] = {"noop": 1, "1ms": 1, "10ms-wait": 4}
"""How many jobs run at once: waiting is done side by side, computing is not."""
_CALIBRATION = 0.2


class Work(Struct):
    """A job of about 100 bytes that reads and writes a JSON document some times over, waits, or does nothing."""

    kind: ClassVar[str] = "work"
    loops: int
    wait: float
    text: str = "x" * 70

    def work(self) -> None:
        for _ in range(self.loops):
            json.dumps(json.loads(DOCUMENT))
        if self.wait:
            time.sleep(self.wait)


def make_work(size: Size, loops: int) -> Job:
    """The job of that size; `loops` is what takes a millisecond here."""
    return Work(loops=loops if size == "1ms" else 0, wait=WAIT if size == "10ms-wait" else 0.0)


def count_loops(seconds: float = 0.001, clock: Callable[[], float] = time.process_time) -> int:
    """How many loops of the job take that long on this machine."""
    job, begun, done = Work(loops=1, wait=0.0), clock(), 0
    while clock() - begun < _CALIBRATION:
        job.work()
        done += 1
    return max(1, round(done * seconds / (clock() - begun)))
