"""What a harness may offer beside `open` and `destroy`: each found by its method, none required."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal, Protocol, runtime_checkable

from lazyjobs import Record


class Faults(Protocol):
    """Makes the storage of one namespace fail on demand, for every handle of this process on it.

    A request is whatever the backend asks of its storage at a time: a statement, a commit, an HTTP call, a read or a
    write of a file. What fails raises what the storage's driver raises when the connection breaks.
    """

    def arm(self, moment: Literal["before", "after"], count: int = 1, skip: int = 0) -> None:
        """Lets `skip` requests pass; the next `count` fail, before or after they took effect."""

    def clear(self) -> int:
        """No request fails any more; how many have failed since `arm`."""


@runtime_checkable
class SupportsFaults(Protocol):
    """The kit can try what a backend does when its storage fails."""

    def faults(self, namespace: str) -> Faults:
        """The switch for the storage of that namespace; nothing fails until it is armed."""


@runtime_checkable
class SupportsOldSchema(Protocol):
    """The kit can try whether a backend upgrades what an older version of it wrote."""

    def old_schema(self, namespace: str) -> Sequence[Record]:
        """Creates a namespace as the oldest supported version wrote it; the records that an upgrade must keep."""


@runtime_checkable
class SupportsNewerSchema(Protocol):
    """The kit can try whether a backend leaves alone what a newer version of it wrote."""

    def newer_schema(self, namespace: str) -> Callable[[], bytes]:
        """Creates a namespace of a version still unknown; what it returns reads the stored content, to be compared."""


@runtime_checkable
class SupportsClock(Protocol):
    """The kit can try what a backend does when its clock is wrong."""

    def set_clock(self, namespace: str, offset: timedelta) -> None:
        """From now on the clock that handles on this namespace use is `offset` from the true one."""


@runtime_checkable
class SupportsRestart(Protocol):
    """The kit can try what a backend does when its storage server restarts."""

    def restart(self, namespace: str) -> None:
        """Restarts what stores the namespace; returns when it serves again."""


@runtime_checkable
class SupportsURL(Protocol):
    """The kit can try what a backend makes of its URL."""

    def url_of(self, namespace: str) -> str:
        """The URL by which the namespace is opened."""
