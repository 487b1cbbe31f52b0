"""Typed jobs: what a job is, how its fields become a payload, and the register of kinds."""

from lazyjobs.jobs._errors import DecodeError, DuplicateKindError, EncodeError, InvalidJobError, UnknownKindError
from lazyjobs.jobs._fields import field_names, stored_names
from lazyjobs.jobs._given import shorten, show_given
from lazyjobs.jobs._job import DEFAULT_MAX_ATTEMPTS, DEFAULT_QUEUE, BaseJob, Job, QueueNamer, RetryPolicy, retry_delay
from lazyjobs.jobs._members import copied_from, mark_copy
from lazyjobs.jobs._methods import can_be_called
from lazyjobs.jobs._plain import make_plain
from lazyjobs.jobs._reason import (
    brief_of,
    cut,
    forget_tracebacks,
    name_of,
    path_of,
    reason_of,
    showable,
    text_of,
    traceback_of,
)
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
    "brief_of",
    "can_be_called",
    "copied_from",
    "cut",
    "field_names",
    "forget_tracebacks",
    "make_plain",
    "mark_copy",
    "name_of",
    "path_of",
    "read_trace",
    "reason_of",
    "retry_delay",
    "shorten",
    "show_given",
    "showable",
    "stored_names",
    "text_of",
    "traceback_of",
]
