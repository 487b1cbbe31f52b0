"""When a drain gives up on a backend that fails."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

from lazyjobs.contract import BackendUnavailableError

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
