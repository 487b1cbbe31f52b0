"""What takes the place of a runner's backend, clock and workers in a test."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from lazyjobs.contract import Backend


class StandIn(Struct, frozen=True, kw_only=True):
    """What a runner goes by instead of its own, for as long as it is overridden."""

    backend: Backend
    clock: Callable[[], datetime]
    drain: Callable[[], object]


class IdleCrew:
    """Stands where workers would: it is started and stopped as they are, and runs nothing."""

    active = True
    failure = None

    def start(self) -> None:
        """Starts no thread."""

    def nudge(self) -> None:
        """Nobody waits to be told that something may be due."""

    def join(self, timeout: timedelta | None) -> bool:  # noqa: ARG002 (that of a crew)
        """Waits for nobody; returns whether it was stopped."""
        return not self.active

    def stop(self, timeout: timedelta) -> bool:  # noqa: ARG002 (that of a crew)
        """Ends at once, as no job is in flight."""
        self.active = False
        return True

    def when_ended(self, action: Callable[[], None]) -> None:
        """Calls `action` now, as no worker is left."""
        action()
