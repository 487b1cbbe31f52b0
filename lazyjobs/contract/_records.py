"""What a backend stores and reports: states, records, counts."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from lazyjobs.contract._shown import Shown


class State(StrEnum):
    """Where a record is in its life; each value is the lower-case word.

    `pending → running → succeeded`, `running → retrying → running`, `running → discarded`, and `running → running`
    when a claim whose lease has ended is superseded by a new one. Succeeded and discarded are final.
    """

    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    DISCARDED = "discarded"


class Record(Shown, Struct, frozen=True, kw_only=True, gc=False):
    """One stored piece of work, as it was at one moment; an immutable value.

    Its *due time* is `run_at` while pending or retrying and `lease_expires_at` while running; a finished record has
    none. All times are aware, in UTC, with at most microseconds. Backends build records; nothing checks them again.
    The repr says how long the payload is, and not what it holds.
    """

    id: int
    """From 1 to 2^63-1, unique in its namespace for ever, even after the record was pruned. Set by insert."""
    kind: str
    """The stable name of the job's type. Set by insert, never changed."""
    queue: str
    """The queue it waits on. Set by insert, never changed."""
    payload: bytes
    """The job's fields as JSON, byte for byte as inserted."""
    state: State
    """Changed by claim, complete, retry and discard."""
    attempt: int
    """How often it was claimed: 0 at first, raised by one by each claim, never lowered. `(id, attempt)` names a claim
    for ever and is the fencing token that the finishing verbs carry."""
    max_attempts: int
    """After how many attempts the runner gives up. Set by insert; backends store it and never act on it."""
    run_at: datetime
    """Not to be claimed before. Set by insert and by retry, by nothing else."""
    created_at: datetime
    """The backend's clock at the insert; never changed."""
    updated_at: datetime
    """The backend's clock at the last transition, but never earlier than before; extending a lease is none."""
    lease_expires_at: datetime | None = None
    """While running, until when the claim is exclusive; otherwise None."""
    last_error: str = ""
    """What the last retry or discard reported, or a prefix of it; "" if none. Completing keeps it."""
    abandoned: int = 0
    """How many of its claims were superseded: raised by one by a claim that takes a running record, by nothing else,
    and never lowered. A claim whose answer was lost, or whose lease nobody could extend, counts too."""
    claimed_by: str = ""
    """The `worker` of the last claim, be it ""; kept until the next. "" before the first."""
    taken_from: str | None = None
    """The `claimed_by` of the claim that the last one superseded, which may be ""; None if it superseded none. Set by
    each claim, kept until the next."""
    spared: int = 0
    """How many of its attempts do not count: raised by one by each retry with `spare`, by nothing else, and never
    lowered. `attempt - spared` is how often it was really tried."""


class Stats(Struct, frozen=True, kw_only=True):
    """How many records there are, grouped four ways; each grouping sums to `total`.

    A key without a record is absent. The mappings are the caller's own: changing them changes nothing else.
    """

    total: int
    by_state: Mapping[State, int]
    by_kind: Mapping[str, int]
    by_queue: Mapping[str, int]
    by_queue_state: Mapping[str, Mapping[State, int]]
    """Queue, then state, then count."""
