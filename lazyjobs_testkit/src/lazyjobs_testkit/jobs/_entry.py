"""One job that was enqueued, and how it is written in messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from lazyjobs import Job, Record, State
from lazyjobs.jobs import field_names

# Not bound to Job: checkers look at a bound in an annotation before they know the type of a `kind = "…"` in the class.
J = TypeVar("J")

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Enqueued(Generic[J]):
    """A job that was enqueued."""

    job: J
    """As a worker would read it back."""
    record: Record
    """As it now is."""
    first_due: datetime
    """When it was to run as it was enqueued; the record's `run_at` moves on with each retry."""


def show_job(job: Job) -> str:
    """The job as it might be written in code."""
    fields = ", ".join(f"{name}={getattr(job, name)!r}" for name in field_names(type(job)))
    return clip(f"{type(job).__name__}({fields})")


def show_record(record: Record, now: datetime) -> str:
    """Where the record is in its life, in a few words."""
    attempts = f", attempt {record.attempt - record.spared} of {record.max_attempts}" if record.attempt else ""
    error = f", {clip(record.last_error)}" if record.last_error else ""
    return f"on {record.queue}, {record.state}{_show_due(record, now)}{attempts}{error}"


def clip(text: str) -> str:
    """The text, or its beginning if it is very long."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _show_due(record: Record, now: datetime) -> str:
    if record.state not in (State.PENDING, State.RETRYING):
        return ""
    left = record.run_at - now
    return f", due in {left}" if left > timedelta(0) else ", due"
