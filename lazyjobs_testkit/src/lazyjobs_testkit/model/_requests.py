"""Calls as values: what can be asked of a backend. Each is written to JSON with its method's name and read back."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from lazyjobs import (
    Backend,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    PruneParams,
    RetryParams,
)


class _Request(Struct, frozen=True, tag_field="method", gc=False):
    @property
    def method(self) -> str:
        """The name of the method that is called."""
        return str(self.__struct_config__.tag)

    def arguments(self) -> tuple[object, ...]:
        """What the method is called with, in order."""
        return msgspec.structs.astuple(self)

    def perform(self, backend: Backend) -> object:
        """Calls the method on `backend`: what it returns, or raises."""
        method: Callable[..., object] = getattr(backend, self.method)
        return method(*self.arguments())


class Insert(_Request, frozen=True, tag="insert"):
    """A call of `Backend.insert`."""

    params: InsertParams


class Claim(_Request, frozen=True, tag="claim"):
    """A call of `Backend.claim`."""

    params: ClaimParams


class Complete(_Request, frozen=True, tag="complete"):
    """A call of `Backend.complete`."""

    params: CompleteParams


class Retry(_Request, frozen=True, tag="retry"):
    """A call of `Backend.retry`."""

    params: RetryParams


class Discard(_Request, frozen=True, tag="discard"):
    """A call of `Backend.discard`."""

    params: DiscardParams


class ListRecords(_Request, frozen=True, tag="list"):
    """A call of `Backend.list`."""

    options: ListOptions


class CountRecords(_Request, frozen=True, tag="stats"):
    """A call of `Backend.stats`."""


class Extend(_Request, frozen=True, tag="extend"):
    """A call of `SupportsExtend.extend`."""

    params: ExtendParams


class InsertMany(_Request, frozen=True, tag="insert_many"):
    """A call of `SupportsInsertMany.insert_many`."""

    params: tuple[InsertParams, ...]


class ClaimMany(_Request, frozen=True, tag="claim_many"):
    """A call of `SupportsClaimMany.claim_many`."""

    params: ClaimParams
    limit: int


class FinishAndClaim(_Request, frozen=True, tag="finish_and_claim"):
    """A call of `SupportsFinishAndClaim.finish_and_claim`."""

    finish: Complete | Retry | Discard
    params: ClaimParams

    def arguments(self) -> tuple[object, ...]:
        return (self.finish.params, self.params)


class Prune(_Request, frozen=True, tag="prune"):
    """A call of `SupportsPrune.prune`."""

    params: PruneParams


Finish = Complete | Retry | Discard
Request = (
    Insert
    | Claim
    | Complete
    | Retry
    | Discard
    | ListRecords
    | CountRecords
    | Extend
    | InsertMany
    | ClaimMany
    | FinishAndClaim
    | Prune
)
