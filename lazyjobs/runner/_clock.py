"""The clock by which delays are reckoned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from lazyjobs.contract import Backend, SupportsNow
from lazyjobs.runner._current import CurrentJob


class DelayClock:
    """Tells from when a delay counts: the backend's now, since it is the backend that decides when the delay is over.

    A clock that was given tells it instead, unless it is behind the backend's, as the delay would then be too short.
    """

    __slots__ = ("_given", "_lease")

    def __init__(self, given: Callable[[], datetime] | None, lease: timedelta) -> None:
        self._given = given
        self._lease = lease

    def now(self, backend: Backend) -> datetime:
        """For a record to be inserted; a backend that cannot be asked goes by this machine's clock, or says nothing.

        Raises what the backend raises.
        """
        asked = backend.now() if isinstance(backend, SupportsNow) else None
        if self._given is None:
            return datetime.now(UTC) if asked is None else asked
        return _later(self._given(), asked)

    def now_for(self, backend: Backend, job: CurrentJob) -> datetime:
        """For a claim to be tried again; its lease tells when it was made, by the clock of any backend."""
        asked = backend.now() if isinstance(backend, SupportsNow) else None
        lease_end = job.record.lease_expires_at
        if asked is None and lease_end is not None:
            asked = lease_end - self._lease
            if self._given is None:
                asked += timedelta(seconds=monotonic() - job.claimed_at)
        if self._given is None:
            return datetime.now(UTC) if asked is None else asked
        return _later(self._given(), asked)


def _later(given: object, asked: datetime | None) -> datetime:
    if not isinstance(given, datetime) or given.utcoffset() is None:
        raise TypeError(f"clock must tell an aware datetime, such as datetime.now(UTC), not {given!r}")
    return given if asked is None else max(given, asked)
