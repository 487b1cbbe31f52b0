"""Typed jobs: what a job is, how its fields become a payload, and the register of kinds."""

from lazyjobs.jobs._errors import DecodeError, DuplicateKindError, EncodeError, InvalidJobError, UnknownKindError
from lazyjobs.jobs._fields import field_names, stored_names
from lazyjobs.jobs._job import DEFAULT_MAX_ATTEMPTS, DEFAULT_QUEUE, BaseJob, Job, QueueNamer, RetryPolicy, retry_delay
from lazyjobs.jobs._members import copied_from, mark_copy
from lazyjobs.jobs._registry import Definition, FindJob, Registration, Registry
from lazyjobs.jobs._trace import add_trace, read_trace

__all__ = [
    "DEFAULT_MAX_ATTEMPTS",
    "DEFAULT_QUEUE",
    "BaseJob",
    "DecodeError",
    "Definition",
    "DuplicateKindError",
    "EncodeError",
    "FindJob",
    "InvalidJobError",
    "Job",
    "QueueNamer",
    "Registration",
    "Registry",
    "RetryPolicy",
    "UnknownKindError",
    "add_trace",
    "copied_from",
    "field_names",
    "mark_copy",
    "read_trace",
    "retry_delay",
    "stored_names",
]
