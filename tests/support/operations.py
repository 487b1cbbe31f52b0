"""What the tests of operations share."""

import pytest

from lazyjobs import (
    Backend,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    InsertParams,
    Record,
    RetryParams,
    State,
)
from tests.support.calls import FAR_FUTURE, LEASE
from tests.support.waiting import wait_until

HOSTILE = "ValueError: first\n\x1b[2Jsecond\r\x9b31m \u202ethird\u2028fourth\x7f"
HARMLESS = "ValueError: first\\n\\x1b[2Jsecond\\r\\x9b31m \\u202ethird\\u2028fourth\\x7f"
"""What people see of it."""

across_processes = pytest.mark.parametrize("backend_url", ["sqlite", "aws"], indirect=True)
"""Makes a test run on the backends that several processes can share, which memory:// is not."""


def claim(backend: Backend, queue: str) -> Record:
    """The record that is due on the queue; a backend may take a moment to find it."""
    found: list[Record] = []

    def look() -> bool:
        record = backend.claim(ClaimParams(queues=(queue,), lease=LEASE))
        if record is not None:
            found.append(record)
        return record is not None

    wait_until(look, what=f"a record on {queue}")
    return found[0]


def stock(backend: Backend) -> dict[State, int]:
    """Inserts a record for each state and brings it there; their ids. The failed ones have the error HOSTILE."""
    ids = {State.SUCCEEDED: _claimed(backend, "sum", "default")}
    backend.complete(CompleteParams(id=ids[State.SUCCEEDED], attempt=1))
    ids[State.DISCARDED] = _claimed(backend, "mail.welcome", "mail")
    backend.discard(DiscardParams(id=ids[State.DISCARDED], attempt=1, last_error=HOSTILE))
    ids[State.RETRYING] = _claimed(backend, "mail.welcome", "mail")
    backend.retry(RetryParams(id=ids[State.RETRYING], attempt=1, run_at=FAR_FUTURE, last_error=HOSTILE))
    ids[State.RUNNING] = _claimed(backend, "sum", "bulk")
    ids[State.PENDING] = backend.insert(
        InsertParams(kind="sum", payload=b'{"numbers": [1e2, \n 3], "\xc3\xa9": "\xc2\x9b"}', run_at=FAR_FUTURE)
    ).id
    return ids


def _claimed(backend: Backend, kind: str, queue: str) -> int:
    backend.insert(InsertParams(kind=kind, queue=queue))
    return claim(backend, queue).id
