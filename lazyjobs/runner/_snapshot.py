"""What a runner shows of itself, without payloads and passwords."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar, Self

from msgspec import Struct

from lazyjobs.contract import Backend, BackendURL, ListOptions, Record, State, Stats
from lazyjobs.jobs import Definition

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s\"'<>`]+")


def mask_urls(text: str) -> str:
    """`text` with `***` in the place of passwords, and of options named like a secret, in every URL that it quotes.

    A password that is written apart from its URL is not known for one.
    """
    return text if "://" not in text else _URL.sub(lambda found: BackendURL.mask(found[0]), text)


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
    abandoned: int
    claimed_by: str
    taken_from: str | None
    spared: int

    @classmethod
    def of(cls, record: Record) -> Self:
        """The summary of `record`.

        In its error a lone surrogate, which no encoding can write, becomes `?`, and a password in a URL `***`.
        """
        fields = {name: getattr(record, name) for name in cls.__struct_fields__}
        error = record.last_error.encode(errors="replace").decode()
        return cls(**fields | {"last_error": mask_urls(error)})


class Snapshot(Struct, frozen=True, kw_only=True):
    """A runner and its backend at one moment; `msgspec.json.encode` gives JSON with the same keys."""

    LIMIT: ClassVar[int] = 100

    running: bool
    """Whether this runner claims records; others may, on the same backend."""
    definitions: Sequence[Definition]
    stats: Stats
    recent: Sequence[RecordSummary]
    """The 100 most recently updated records, newest first; of the states that were asked for, if any were."""

    @classmethod
    def of(
        cls,
        backend: Backend,
        *,
        running: bool = False,
        definitions: Sequence[Definition] = (),
        states: Collection[State] | None = None,
    ) -> Self:
        """What `backend` holds now; raises what it raises. `states` narrows `recent` and nothing else."""
        options = ListOptions(limit=cls.LIMIT, states=states, payloads=False)  # type: ignore[arg-type]
        return cls(
            running=running,
            definitions=definitions,
            stats=backend.stats(),
            recent=tuple(RecordSummary.of(record) for record in backend.list(options)),
        )
