"""Records as items of the table, and back.

| attribute | |
| --- | --- |
| `id`, `part` | the key; `part` is `job`, or `payload` for a payload too long to stand in the job's item |
| `kind`, `queue`, `state`, `attempt`, `run_at`, `lease`, `error` | the record's |
| `most`, `made`, `seen` | its `max_attempts`, `created_at`, `updated_at` |
| `payload`, `size` | the payload, or its length if it stands in an item of its own |
| `shelf`, `slot` | the key of the index `due`; no due time is earlier than its `slot`; both absent once finished |
| `hint` | a hint was sent to SQS when the job was inserted |
| `strip` | with `seen`, the key of the index `feed` |
| `abandoned`, `claimed_by`, `taken_from`, `spared` | the record's, each absent while it is 0, "" or None |
| `token`, `claim`, `retried`, `ended` | of the request that inserted it, claimed or retried it last, or finished it; \
by it a repeated one knows its own earlier success, so only another of its kind overwrites it |
| `expires` | when DynamoDB may delete the item, in seconds |
| `aside` | why it was taken out of the index `due`: it could not be read |
| `gone` | it was pruned; what is left is there for requests that are still repeated |
"""

from collections.abc import Mapping
from typing import Any

from lazyjobs import InsertParams, State
from lazyjobs_aws._layout import Layout

Item = Mapping[str, Mapping[str, Any]]
"""As DynamoDB writes it: each value under the letter of its type."""
Value = int | str | bytes

JOB = "job"
PAYLOAD = "payload"
MAX_PAYLOAD = 400_000
"""In bytes: the 400 KB that DynamoDB allows an item, less its key."""
MAX_ERROR = 2048
"""In bytes: each transition of a job pays for its whole item."""

_WRITE_UNIT = 1024
_REST = 500
"""In bytes: the longest that a job's item is without kind, queue, payload and error, once it has been claimed."""


def encode(value: Value) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"B": value}
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def encode_all(values: Mapping[str, Value]) -> dict[str, dict[str, Any]]:
    return {name: encode(value) for name, value in values.items()}


def key(id: int, part: str = JOB) -> dict[str, dict[str, Any]]:
    return encode_all({"id": id, "part": part})


def stands_apart(params: InsertParams) -> bool:
    """Whether the payload is to have an item of its own, because with it the job's would take a second write unit."""
    return len(params.kind) + 2 * len(params.queue) + len(params.payload) + _REST > _WRITE_UNIT


def new_job(params: InsertParams, *, id: int, now: int, run_at: int, layout: Layout, token: bytes) -> dict[str, Any]:
    """The item of a job that is inserted."""
    values: dict[str, Value] = {
        "id": id,
        "part": JOB,
        "kind": params.kind,
        "queue": params.queue,
        "state": State.PENDING.value,
        "attempt": 0,
        "most": params.max_attempts,
        "run_at": run_at,
        "made": now,
        "seen": now,
        "shelf": layout.shelf(params.queue, id),
        "slot": run_at,
        "strip": layout.strip(id),
        "token": token,
    }
    if stands_apart(params):
        values["size"] = len(params.payload)
    else:
        values["payload"] = params.payload
    return encode_all(values)


def storable(text: str) -> str:
    """The beginning of an error text: U+FFFD for each lone surrogate, and at most `MAX_ERROR` bytes of UTF-8."""
    # A subclass of str could answer text[:n] with an error, and no error text may stop a transition.
    beginning = str.__getitem__(text, slice(MAX_ERROR))
    whole = beginning.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    return whole[:MAX_ERROR].decode(errors="ignore")
