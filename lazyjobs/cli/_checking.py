"""Checks what is to be enqueued against the job class that an application has for it."""

from datetime import UTC, datetime

import msgspec

from lazyjobs.cli._usage import UsageError, suggest
from lazyjobs.contract import Record, State
from lazyjobs.jobs import DecodeError, Definition, stored_names
from lazyjobs.runner import JobRunner

_RESERVED = "@"
"""What a name begins with that is no field of a job."""


def find_definition(runner: JobRunner, kind: str) -> Definition:
    """What the runner has registered for `kind`; raises `UsageError` with the kind that may have been meant."""
    known = {definition.kind: definition for definition in runner.definitions}
    if kind not in known:
        raise UsageError(f"no job is registered for the kind {kind!r}; {suggest(kind, known)}")
    return known[kind]


def check_fields(runner: JobRunner, kind: str, payload: bytes) -> None:
    """Raises `UsageError`, naming the field, unless a worker can build the job and none of what was given is lost."""
    try:
        job = runner.decode(_as_record(kind, payload))
    except DecodeError as error:
        raise UsageError(f"{error}; nothing was enqueued") from error
    names, fields = stored_names(type(job)), msgspec.json.decode(payload)
    if names is None or not isinstance(fields, dict):
        return
    for name in fields:
        if name not in names and not name.startswith(_RESERVED):
            raise UsageError(f"the {kind!r} job has no field {name!r}, {suggest(name, names)}; nothing was enqueued")


def _as_record(kind: str, payload: bytes) -> Record:
    now = datetime.now(UTC)
    return Record(
        id=1,
        kind=kind,
        queue="default",
        payload=payload,
        state=State.PENDING,
        attempt=0,
        max_attempts=1,
        run_at=now,
        created_at=now,
        updated_at=now,
    )
