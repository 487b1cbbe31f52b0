"""What a backend may offer beside the seven methods: one small protocol each, found by `isinstance`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from lazyjobs.contract._params import ClaimParams, ExtendParams, FinishParams, InsertParams, PruneParams, WaitParams
from lazyjobs.contract._records import Record


@runtime_checkable
class SupportsExtend(Protocol):
    """Leases can be extended; without it a job that outlives its lease is claimed a second time while it still runs."""

    def extend(self, params: ExtendParams) -> None:
        """Makes the current claim's lease end at `now + params.lease`, be that later or earlier than before.

        Atomic, and only for the current claim: running, and the same attempt, also when the lease has ended but nobody
        claimed the record again. Nothing else changes, `updated_at` included. Otherwise raises `ClaimLostError` and
        changes nothing.
        """


@runtime_checkable
class SupportsInsertMany(Protocol):
    """Many records can be inserted in fewer steps than one by one."""

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        """Inserts each as `Backend.insert` would, in order, and returns the records in that order.

        Not atomic as a whole: if it raises, some may have been inserted. A payload that is too large is found before
        anything is written. An empty sequence inserts nothing.
        """


@runtime_checkable
class SupportsClaimMany(Protocol):
    """Several records can be claimed in fewer steps than one by one."""

    def claim_many(self, params: ClaimParams, limit: int) -> Sequence[Record]:
        """At most `limit` (at least 1) records, as if by calling `Backend.claim` until it answers None; perhaps fewer.

        Raises ValueError for a limit below 1.
        """


@runtime_checkable
class SupportsFinishAndClaim(Protocol):
    """A finish and the next claim can share a commit."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        """Does `complete`, `retry` or `discard`, by the type of `finish`, then `claim`, in one commit.

        If the finish raises, nothing is claimed.
        """


@runtime_checkable
class SupportsWait(Protocol):
    """Waiting for work costs less, and ends sooner, than asking for it again and again."""

    def wait(self, params: WaitParams) -> bool:
        """Returns when something on the queues may be due, at once if it is, or when the timeout has passed.

        True may be wrong, as another worker may be quicker; False means that the timeout passed. Changes nothing.
        `close` wakes every waiter, which then raises `BackendClosedError`.
        """


@runtime_checkable
class SupportsNow(Protocol):
    """The clock can be asked, so that a delay is as long as was asked for, whatever the clock of the caller tells.

    Any backend gains by it: its clock may be that of another machine, or may stand still while the caller's goes back.
    """

    def now(self) -> datetime:
        """The backend's clock as it is during the call, aware and in UTC.

        The one clock that `created_at` and `updated_at` come from, and that decides what is due where no `now` is
        given. It is not before the `created_at` of a record inserted earlier, nor after that of one inserted later, but
        for the declared precision and clock skew; only a clock that is set back in between may tell otherwise.

        Changes nothing, and should cost one request to the storage at the most, as the runner asks before each delay.
        Raises `BackendUnavailableError` when it got no answer, and never answers another clock instead.
        """


@runtime_checkable
class SupportsPrune(Protocol):
    """Finished records can be deleted."""

    def prune(self, params: PruneParams) -> int:
        """Deletes succeeded and discarded records not updated since `params.finished_before`, and nothing else.

        Deletes `params.limit` of them at the most, those updated longest ago first, and returns how many it deleted.
        """


@runtime_checkable
class SupportsClose(Protocol):
    """The backend holds something that wants to be released."""

    def close(self) -> None:
        """Releases everything and wakes those who wait; closing again does nothing.

        Afterwards every other method raises `BackendClosedError`. Whoever opened the backend closes it.
        """
