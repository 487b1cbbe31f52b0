"""Attempts that are not to count."""

from __future__ import annotations

from datetime import datetime

from lazyjobs.contract import Record, RetryParams
from lazyjobs.runner._current import CurrentJob


def count_attempts(record: Record) -> int:
    """How often the job was tried, this claim included: all its claims but those that were spared."""
    return max(1, record.attempt - record.spared)


def can_be_spared(record: Record) -> bool:
    """Whether giving the record back costs it no attempt, or it has one left to pay with.

    An older backend pays no heed to `spare`, nor to the `worker` that claims; it keeps no name of one. Of what it gets
    back it would count every attempt, and after the last one the job would not be run.
    """
    knows = record.claimed_by != "" or record.spared > 0
    return knows or count_attempts(record) < record.max_attempts


def is_given_back(job: CurrentJob) -> bool:
    """Whether the job, if it ends by raising, is given back, as the runner stopped it, and has not failed."""
    return job.ended_by_stop and can_be_spared(job.record)


def spare(record: Record, run_at: datetime, last_error: str) -> RetryParams:
    """What gives the record back without counting the attempt."""
    return RetryParams(id=record.id, attempt=record.attempt, run_at=run_at, last_error=last_error, spare=True)
