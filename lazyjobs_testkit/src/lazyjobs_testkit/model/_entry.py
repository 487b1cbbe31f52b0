"""One record as far as its history tells it."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from lazyjobs import Record, State
from lazyjobs_testkit.model._errors import DisallowedError, Fault
from lazyjobs_testkit.model._span import Span, tell_time

_CLAIMS = ("abandoned", "claimed_by", "taken_from", "spared")
_FIXED = ("id", "kind", "queue", "payload", "max_attempts", "state", "attempt", *_CLAIMS)
_TIMES = ("created_at", "run_at", "updated_at")
_UNSTORABLE = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]")


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """What a record must be, given everything done to it; times the backend chose unseen are spans.

    Immutable and hashable: a transition makes a new one, and so does a look at the record, which narrows the spans.
    """

    id: int
    kind: str
    queue: str
    payload: bytes
    max_attempts: int
    state: State
    attempt: int
    created_at: Span
    run_at: Span
    updated_at: Span
    lease: Span | None = None
    last_error: str = ""
    error_seen: bool = True
    """Whether the backend has shown `last_error`; before that it may still turn out to be a prefix."""
    abandoned: int = 0
    claimed_by: str = ""
    taken_from: str | None = None
    spared: int = 0

    @classmethod
    def of(cls, record: Record) -> Self:
        """The record, as one of which everything is known."""
        known: dict[str, Any] = {name: getattr(record, name) for name in (*_FIXED, "last_error")}
        times: dict[str, Any] = {name: Span.at(getattr(record, name)) for name in _TIMES}
        lease = None if record.lease_expires_at is None else Span.at(record.lease_expires_at)
        return cls(**known, **times, lease=lease)

    @property
    def due(self) -> Span | None:
        """When it is due; None if it is finished."""
        if self.state in (State.SUCCEEDED, State.DISCARDED):
            return None
        return self.lease if self.state is State.RUNNING else self.run_at

    @property
    def finished(self) -> bool:
        """Whether it is succeeded or discarded."""
        return self.due is None

    def __str__(self) -> str:
        lease = f", its lease ends {self.lease}" if self.lease is not None else ""
        return f"{self.state} at attempt {self.attempt}{lease}"

    def seen(self, record: Record, *, payloads: bool = True) -> "Entry":
        """The entry, with what `record` tells of it; raises `DisallowedError` if they contradict one another.

        Without `payloads`, which were not asked for, the record may show an empty one.
        """
        if not payloads and not record.payload:
            record = replace(record, payload=self.payload)
        if differences := list(self._differences(record)):
            raise DisallowedError(Fault.ALTERED, f"record {self.id} shows {'; '.join(differences)}")
        return replace(
            self,
            created_at=Span.at(record.created_at),
            run_at=Span.at(record.run_at),
            updated_at=Span.at(record.updated_at),
            lease=None if record.lease_expires_at is None else Span.at(record.lease_expires_at),
            last_error=record.last_error,
            error_seen=True,
        )

    def _differences(self, record: Record) -> Iterator[str]:
        for name in _FIXED:
            shown, expected = getattr(record, name), getattr(self, name)
            if shown != expected:
                plain = name not in ("payload", "claimed_by", "taken_from")
                yield f"{name} {shown!s}, not {expected!s}" if plain else f"{name} {shown!r}, not {expected!r}"
        for name in _TIMES:
            yield from _time_difference(name, getattr(record, name), getattr(self, name))
        yield from _time_difference("lease_expires_at", record.lease_expires_at, self.lease)
        if not self._may_show_error(record.last_error):
            prefix = "" if self.error_seen else " or a prefix of it"
            yield f"last_error {record.last_error!r}, not {self.last_error!r}{prefix}"

    def _may_show_error(self, text: str) -> bool:
        if self.error_seen or not self.last_error:
            return text == self.last_error
        storable = _UNSTORABLE.split(self.last_error, maxsplit=1)[0]
        if storable == self.last_error:
            return text != "" and self.last_error.startswith(text)
        return text.startswith(storable) or (text != "" and storable.startswith(text))


def _time_difference(name: str, shown: datetime | None, expected: Span | None) -> Iterator[str]:
    if expected is None or shown is None:
        if expected is not None or shown is not None:
            yield f"{name} {shown and tell_time(shown)}, not {expected}"
    elif shown not in expected:
        yield f"{name} {tell_time(shown)}, not {expected}"
