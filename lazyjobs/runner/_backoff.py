"""How a backend that fails is borne: growing pauses between tries, and when a drain gives up."""

from __future__ import annotations

import random
from datetime import timedelta
from threading import Event
from time import monotonic

from lazyjobs.contract import BackendUnavailableError


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


LONGEST = timedelta(seconds=30)
"""How long a drain asks a backend that gives no answer."""


class Patience:
    """Counts how long a backend has been failing, for all workers together; without end unless it is limited."""

    def __init__(self, *, limited: bool) -> None:
        self.failure: BaseException | None = None
        """What it gave up on."""
        self._limited = limited
        self._failing_since: float | None = None

    def ends_with(self, error: BaseException) -> bool:
        """Notes a failure; whether to give up: at once on what cannot pass, else once it has lasted for too long."""
        now, since = monotonic(), self._failing_since
        if since is None:
            self._failing_since = since = now
        if not self._limited:
            return False
        can_pass = issubclass(type(error), BackendUnavailableError)
        if can_pass and now - since < LONGEST.total_seconds():
            return False
        self.failure = self.failure or error
        return True

    def answered(self) -> None:
        """The backend is well."""
        self._failing_since = None
