"""What a runner shows of itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from msgspec import Struct

from lazyjobs.contract import Record, State, Stats
from lazyjobs.jobs import Definition


class RecordSummary(Struct, frozen=True, kw_only=True):
    """A record as it is shown: every field but the payload, which may hold what not everybody may see."""

    id: int
    kind: str
    queue: str
    state: State
    attempt: int
    max_attempts: int
    run_at: datetime
    created_at: datetime
    updated_at: datetime
    lease_expires_at: datetime | None
    last_error: str

    @classmethod
    def of(cls, record: Record) -> Self:
        """The summary of `record`."""
        return cls(**{name: getattr(record, name) for name in cls.__struct_fields__})


class Snapshot(Struct, frozen=True, kw_only=True):
    """A runner and its backend at one moment; `msgspec.json.encode` gives JSON with the same keys."""

    running: bool
    """Whether this runner claims records; others may, on the same backend."""
    definitions: Sequence[Definition]
    stats: Stats
    recent: Sequence[RecordSummary]
    """The 100 most recently updated records, newest first."""
