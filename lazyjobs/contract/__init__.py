"""The contract between lazyjobs and a storage backend: all that an author needs to write one.

`Backend` states the seven methods, the `Supports…` protocols what a backend may offer beside them, `Record` and the
parameter objects what passes between, and this page what holds for every method. Import the names from `lazyjobs`.

**Vocabulary.** A *record* is one stored piece of work. *Claiming* moves one due record to running and raises its
`attempt` by one; `(id, attempt)` names that claim for ever and is the fencing token by which a superseded worker is
refused. A *lease* is until when the claim is exclusive: a running record whose lease has ended is due again, which is
how a crashed worker's record comes back. `State` draws the transitions.

**Payload.** Opaque bytes, handed out exactly as they were inserted: key order, the spelling of numbers, duplicate keys,
characters beyond the basic plane, an escaped NUL. Store bytes, not a database's JSON type. A backend may declare a
maximum length.

**Time.** Aware UTC with microseconds. A backend may declare a coarser precision; it then rounds up, and the time it
returns is the one that decides. `created_at` and `updated_at` come from the backend's own clock, and `updated_at` never
goes back: it is the later of the clock and what it was. A `now` given to claim or extend decides what is due and where
the lease ends, and touches neither of them. A backend whose machines have clocks of their own declares the skew it
tolerates.

**Isolation.** Two namespaces (files, prefixes, schemas) never see one another, in any method. Objects passed in and
handed out share no mutable state with the store. A declared retention may drop finished records, nothing else.

**Durability**, where declared. What was acknowledged survives SIGKILL and reopening; what was not is there whole or not
at all. A process killed at any point leaves every record claimable again at the latest when its lease ends. First
opening by several processes at once is safe; an older schema is upgraded with its records intact, a newer one is
refused untouched.

**Errors.** Nothing but `BackendError`, its subclasses and `ClaimLostError` leaves a backend, the cause chained.
Contention within a timeout the backend declares is never an error.

A distribution offers its backend to `open_backend` by an entry point in the group `lazyjobs.backends`, named for the
URL scheme, that loads a class with `from_url` (see `OpensFromURL`).
"""

from lazyjobs.contract._backend import Backend
from lazyjobs.contract._capabilities import (
    SupportsClaimMany,
    SupportsClose,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsInsertMany,
    SupportsNow,
    SupportsPrune,
    SupportsWait,
)
from lazyjobs.contract._errors import (
    BackendClosedError,
    BackendError,
    BackendUnavailableError,
    BackendURLError,
    ClaimLostError,
    LazyJobsError,
    PayloadTooLargeError,
    UnknownBackendError,
)
from lazyjobs.contract._params import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    ListOptions,
    PruneParams,
    RetryParams,
    WaitParams,
)
from lazyjobs.contract._records import Record, State, Stats
from lazyjobs.contract._urls import BackendURL, OpensFromURL, open_backend

CONTRACT_VERSION = 1
"""Raised when a field or rule is added that changes what a backend must do."""

__all__ = [
    "CONTRACT_VERSION",
    "Backend",
    "BackendClosedError",
    "BackendError",
    "BackendURL",
    "BackendURLError",
    "BackendUnavailableError",
    "ClaimLostError",
    "ClaimParams",
    "CompleteParams",
    "DiscardParams",
    "ExtendParams",
    "FinishParams",
    "InsertParams",
    "LazyJobsError",
    "ListOptions",
    "OpensFromURL",
    "PayloadTooLargeError",
    "PruneParams",
    "Record",
    "RetryParams",
    "State",
    "Stats",
    "SupportsClaimMany",
    "SupportsClose",
    "SupportsExtend",
    "SupportsFinishAndClaim",
    "SupportsInsertMany",
    "SupportsNow",
    "SupportsPrune",
    "SupportsWait",
    "UnknownBackendError",
    "WaitParams",
    "open_backend",
]
