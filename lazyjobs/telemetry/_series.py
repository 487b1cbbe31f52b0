"""How many series a metric has: the SDK keeps a limited number, and drops what is beyond it without a word."""

import logging
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

logger = logging.getLogger("lazyjobs")

OTHER = "(other)"
"""Stands for the queues, kinds and errors that have no series of their own; no queue and no kind can be named so."""
DEFAULT_LIMIT = 2_000
"""As many as OpenTelemetry's SDK keeps of a metric unless it is told otherwise."""
SMALLEST_LIMIT = 20
ROOM = 10
"""Series that are kept free for what is counted together."""

Values = TypeVar("Values", bound=tuple[object, ...])


class Series(Generic[Values]):
    """Gives what is measured a series of its own as long as there is room, and then one that others share.

    Who has a series keeps it. That there is no more room is logged once. Safe in any thread.
    """

    def __init__(self, metric: str, limit: int, join: Callable[[Values], Values], *, states: int = 1) -> None:
        """`join` gives the values of the shared series; each of the values stands for `states` series of the metric."""
        self._metric = metric
        self._limit = limit
        self._most = (limit - ROOM) // states
        self._join = join
        self._known: set[Values] = set()
        self._warned = False
        self._lock = Lock()

    def place(self, values: Values) -> Values:
        """The values of the series in which this is to be counted."""
        if values in self._known:
            return values
        with self._lock:
            if len(self._known) < self._most:
                self._known.add(values)
                return values
            warned, self._warned = self._warned, True
        if not warned:
            logger.warning(
                "the metric %s has room for %d series, and more are needed: what has none is counted together from now "
                "on, as %s; use fewer queues and kinds, or give telemetry, and the SDK, a larger limit (series=)",
                self._metric,
                self._limit,
                OTHER,
            )
        return self._join(values)
