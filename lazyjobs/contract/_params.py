"""The arguments of the contract's methods, as values that check themselves.

Parameters are objects so that an old backend still accepts a newer call. Each raises `TypeError` or `ValueError` that
names the field when it is built, so a backend never sees nonsense. Aware times of any zone are converted to UTC.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import force_setattr

from lazyjobs.contract import _checks as checks
from lazyjobs.contract._records import State
from lazyjobs.contract._shown import Shown


class _Params(Struct, frozen=True, kw_only=True):
    def _make_plain(self) -> None:
        """Replaces what is of a subclass, such as an enum's member, of which encoders know nothing."""
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if isinstance(value, str | bytes) and type(value) not in (str, bytes):
                force_setattr(self, field, checks.make_plain(value))


class InsertParams(Shown, _Params, frozen=True, kw_only=True):
    """A record to insert. The repr says how long the payload is, and not what it holds."""

    kind: str
    """1 to 100 characters of `A-Z a-z 0-9 . _ : / -`."""
    queue: str = "default"
    """As `kind`."""
    payload: bytes = b"{}"
    """What `msgspec.json.decode` accepts, nested at most 500 deep; stored byte for byte."""
    max_attempts: int = 25
    """From 1 to 2^31-1."""
    run_at: datetime | None = None
    """Not to be claimed before; None is now."""

    def __post_init__(self) -> None:
        checks.check_name("kind", self.kind)
        checks.check_name("queue", self.queue)
        checks.check_payload("payload", self.payload)
        checks.check_integer("max_attempts", self.max_attempts, 1, checks.MAX_ATTEMPTS)
        if not (type(self.kind) is type(self.queue) is str and type(self.payload) is bytes):
            self._make_plain()
        if self.run_at is not None:
            force_setattr(self, "run_at", checks.check_time("run_at", self.run_at))


class ClaimParams(_Params, frozen=True, kw_only=True):
    """Which due record to claim, and for how long."""

    queues: tuple[str, ...] = ("default",)
    """At least one; their order means nothing, and a name given twice counts once."""
    now: datetime | None = None
    """Decides what is due and where the lease ends, and nothing else; None is the backend's clock. Meant for tests."""
    lease: timedelta = timedelta(seconds=60)
    """How long the claim is exclusive; more than 0, at most 366 days."""
    worker: str = ""
    """Who claims: 0 to 100 characters of `A-Z a-z 0-9 . _ : / -`; kept as the record's `claimed_by`."""

    def __post_init__(self) -> None:
        force_setattr(self, "queues", checks.check_queues("queues", self.queues))
        if self.now is not None:
            force_setattr(self, "now", checks.check_time("now", self.now))
        checks.check_duration("lease", self.lease, most=checks.MAX_LEASE)
        checks.check_worker("worker", self.worker)
        if type(self.worker) is not str:
            self._make_plain()


class _ClaimToken(_Params, frozen=True, kw_only=True):
    id: int
    """The record's."""
    attempt: int
    """The claim's: what claim returned. With the id, the fencing token."""

    def __post_init__(self) -> None:
        checks.check_integer("id", self.id, 1, checks.MAX_ID)
        checks.check_integer("attempt", self.attempt, 1, checks.MAX_ID)


class CompleteParams(_ClaimToken, frozen=True, kw_only=True):
    """The claim whose work succeeded."""


class RetryParams(_ClaimToken, frozen=True, kw_only=True):
    """The claim whose work failed and is to be tried again."""

    run_at: datetime | None = None
    """When to try again; None is now."""
    last_error: str = ""
    """Why it failed: any string at all. Replaces the one before, even by ""."""
    spare: bool = False
    """Whether the attempt is not to count, as after a snooze or a stop in the middle: it raises the record's `spared`.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.check_flag("spare", self.spare)
        checks.check_text("last_error", self.last_error)
        if type(self.last_error) is not str:
            self._make_plain()
        if self.run_at is not None:
            force_setattr(self, "run_at", checks.check_time("run_at", self.run_at))


class DiscardParams(_ClaimToken, frozen=True, kw_only=True):
    """The claim whose work is given up."""

    last_error: str = ""
    """Why: any string at all. Replaces the one before, even by ""."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.check_text("last_error", self.last_error)
        if type(self.last_error) is not str:
            self._make_plain()


class ExtendParams(_ClaimToken, frozen=True, kw_only=True):
    """The claim whose lease is to end at `now + lease`."""

    lease: timedelta = timedelta(seconds=60)
    """More than 0, at most 366 days."""
    now: datetime | None = None
    """None is the backend's clock; meant for tests."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.check_duration("lease", self.lease, most=checks.MAX_LEASE)
        if self.now is not None:
            force_setattr(self, "now", checks.check_time("now", self.now))


class ListOptions(_Params, frozen=True, kw_only=True):
    """Which records to list, and how many: those that pass each filter that is given.

    A filter may be any collection but a `str`, and is kept as a frozenset; an empty one lets nothing pass. `limit`
    counts what passed.
    """

    limit: int | None = 100
    """At least 1; None is all."""
    states: frozenset[State] | None = None
    """Only these; None is every state."""
    kinds: frozenset[str] | None = None
    """Only these; None is every kind."""
    queues: frozenset[str] | None = None
    """Only these; None is every queue."""
    payloads: bool = True
    """False: the records' `payload` may be `b""`, for who only looks."""
    before: tuple[datetime, int] | None = None
    """An aware time and an id from 0 to 2^63-1: only records whose `(updated_at, id)` is smaller. It is compared as
    given, never rounded, and need not be a record's."""

    def __post_init__(self) -> None:
        if self.limit is not None:
            checks.check_integer("limit", self.limit, 1, checks.MAX_ID)
        if self.states is not None:
            force_setattr(self, "states", checks.check_states("states", self.states))
        if self.kinds is not None:
            force_setattr(self, "kinds", checks.check_names("kinds", self.kinds))
        if self.queues is not None:
            force_setattr(self, "queues", checks.check_names("queues", self.queues))
        checks.check_flag("payloads", self.payloads)
        if self.before is not None:
            force_setattr(self, "before", checks.check_place("before", self.before))


class WaitParams(_Params, frozen=True, kw_only=True):
    """What to wait for, and how long at the most."""

    queues: tuple[str, ...] = ("default",)
    """As in `ClaimParams`."""
    timeout: timedelta = timedelta(seconds=1)
    """At least 0, at most 366 days."""

    def __post_init__(self) -> None:
        force_setattr(self, "queues", checks.check_queues("queues", self.queues))
        checks.check_duration("timeout", self.timeout, most=checks.MAX_LEASE, zero=True)


class PruneParams(_Params, frozen=True, kw_only=True):
    """Which finished records to delete, and how many at the most."""

    finished_before: datetime
    """Only those not updated at or after this time."""
    limit: int = 1000
    """At least 1."""

    def __post_init__(self) -> None:
        force_setattr(self, "finished_before", checks.check_time("finished_before", self.finished_before))
        checks.check_integer("limit", self.limit, 1, checks.MAX_ID)


FinishParams = CompleteParams | RetryParams | DiscardParams
"""The parameters of any of the three finishing verbs."""
