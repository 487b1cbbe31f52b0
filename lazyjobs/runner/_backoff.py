"""Growing, jittered pauses between tries of what keeps failing."""

import random
from threading import Event


class Backoff:
    """Pauses for one sequence of failures: each up to twice the one before, at least half of that by chance.

    The jitter keeps workers that failed together from asking again together (full and equal jitter are compared in
    Marc Brooker, "Exponential Backoff and Jitter", 2015; this is equal jitter).
    """

    __slots__ = ("_first", "_longest", "_next")

    def __init__(self, first: float = 0.05, longest: float = 10.0) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def pause(self, until: Event) -> bool:
        """Waits the next pause, in seconds, or less if `until` is set; returns whether it is."""
        length = self._next * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, hides nothing)
        self._next = min(self._next * 2, self._longest)
        return until.wait(length)

    def reset(self) -> None:
        """Begins again with the first pause."""
        self._next = self._first
