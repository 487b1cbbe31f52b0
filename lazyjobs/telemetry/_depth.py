"""How many records there are by queue and state, asked of the backend when metrics are collected."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from threading import Lock
from time import monotonic
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from lazyjobs.contract import Backend, BackendClosedError, State
from lazyjobs.runner import JobRunner
from lazyjobs.telemetry import _names as names
from lazyjobs.telemetry._series import OTHER, Series

logger = logging.getLogger("lazyjobs")

Counts = Counter[tuple[str, State]]


class Depth:
    """A gauge over the backends of the runners that are watched; each backend is asked at most once in `max_age`.

    A queue that was seen once is reported until the process ends, with zeros when it is empty, so that a series does
    not stop where its value is 0. Where there are more queues than series, those with the most records have theirs, and
    the others are counted together.
    """

    def __init__(self, meter: Meter, limit: int) -> None:
        self._lock = Lock()
        self._runners: WeakKeyDictionary[JobRunner, _Asked] = WeakKeyDictionary()
        self._queues: set[str] = set()
        self._series: Series[tuple[str]] = Series("lazyjobs.records", limit, lambda _: (OTHER,), states=len(State))
        meter.create_observable_gauge(
            "lazyjobs.records", [self._observe], "{record}", "Records in the backend by queue and state."
        )

    def watch(self, runner: JobRunner, max_age: timedelta) -> None:
        """Reports what the backend of `runner` has, no older than that, as long as the runner lives."""
        with self._lock:
            self._runners[runner] = _Asked(max_age.total_seconds())

    def _observe(self, _: CallbackOptions) -> Iterator[Observation]:
        with self._lock:
            counts = self._place(self._count())
            self._queues.update(queue for queue, _ in counts)
            queues = sorted(self._queues) if counts or self._runners else ()
        for queue in queues:
            for state in State:
                yield Observation(counts[queue, state], {names.DESTINATION: queue, names.STATE: state.value})

    def _place(self, counts: Counts) -> Counts:
        """The counts by the queues that have series, the largest queues first."""
        totals: Counter[str] = Counter()
        for (queue, _), count in counts.items():
            totals[queue] += count
        places = {queue: self._series.place((queue,))[0] for queue, _ in totals.most_common()}
        placed = Counts()
        for (queue, state), count in counts.items():
            placed[places[queue], state] += count
        return placed

    def _count(self) -> Counts:
        by_backend: dict[int, Counts] = {}
        for runner, asked in list(self._runners.items()):
            try:
                backend = runner.backend
                if id(backend) not in by_backend:
                    by_backend[id(backend)] = asked.count(backend)
            except BackendClosedError:
                del self._runners[runner]
            except Exception as error:
                logger.warning("the records could not be counted for telemetry: %s: %s", type(error).__name__, error)
        return sum(by_backend.values(), Counts())


class _Asked:
    """What one backend answered last."""

    def __init__(self, max_age: float) -> None:
        self._max_age = max_age
        self._asked_at = float("-inf")
        self._counts = Counts()

    def count(self, backend: Backend) -> Counts:
        now = monotonic()
        if now - self._asked_at >= self._max_age:
            found = backend.stats().by_queue_state
            self._counts = Counts({(queue, state): n for queue, by in found.items() for state, n in by.items()})
            self._asked_at = now
        return self._counts
