"""The jobs that took longest, from the log of the runner."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from heapq import heappush, heappushpop
from typing import NamedTuple


class Attempt(NamedTuple):
    """How long a job took and what came of it."""

    seconds: float
    job_id: int
    outcome: str


class Slowest(logging.Handler):
    """Keeps the `count` slowest attempts of all that the runner logs; their facts are extras of its log records."""

    def __init__(self, count: int = 5) -> None:
        super().__init__(logging.INFO)
        self._count = count
        self._heap: list[Attempt] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Weighs one attempt."""
        facts = vars(record)
        attempt = Attempt(facts["job_seconds"], facts["job_id"], facts["job_outcome"])
        if len(self._heap) < self._count:
            heappush(self._heap, attempt)
        else:
            heappushpop(self._heap, attempt)

    def attempts(self) -> Sequence[Attempt]:
        """What was kept, the slowest first; complete once the runner has stopped."""
        return sorted(self._heap, reverse=True)


@contextmanager
def watch_log() -> Iterator[Slowest]:
    """Keeps the slowest of what runners log meanwhile."""
    logger = logging.getLogger("lazyjobs.jobs")
    handler, level = Slowest(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
