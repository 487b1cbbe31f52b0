"""Short calls of a backend's methods, for tests that are about something else than the parameters."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lazyjobs import (
    Backend,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
    SupportsExtend,
)

EVERYTHING = ListOptions(limit=None)
LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
FAR_FUTURE = datetime(2199, 1, 1, tzinfo=UTC)


def insert(backend: Backend, *, queue: str = "default", run_at: datetime | None = None, kind: str = "note") -> Record:
    return backend.insert(InsertParams(kind=kind, queue=queue, run_at=run_at))


def claim(backend: Backend, *, now: datetime | None = None, queues: tuple[str, ...] = ("default",)) -> Record:
    claimed = backend.claim(ClaimParams(queues=queues, now=now, lease=LEASE))
    assert claimed is not None
    return claimed


def claim_all(
    backend: Backend, *, now: datetime | None = None, queues: tuple[str, ...] = ("default",)
) -> Sequence[Record]:
    claimed = []
    while (record := backend.claim(ClaimParams(queues=queues, now=now, lease=LEASE))) is not None:
        claimed.append(record)
        assert len(claimed) <= 2_000, "the claims do not end"
    return claimed


def complete(backend: Backend, id: int, attempt: int) -> None:
    backend.complete(CompleteParams(id=id, attempt=attempt))


def retry(backend: Backend, id: int, attempt: int) -> None:
    backend.retry(RetryParams(id=id, attempt=attempt, run_at=NOON, last_error="retried"))


def discard(backend: Backend, id: int, attempt: int) -> None:
    backend.discard(DiscardParams(id=id, attempt=attempt, last_error="discarded"))


def extend(backend: SupportsExtend, id: int, attempt: int) -> None:
    backend.extend(ExtendParams(id=id, attempt=attempt, lease=2 * LEASE))


def read_one(backend: Backend) -> Record:
    (record,) = backend.list(EVERYTHING)
    return record


def fill(backend: Backend) -> None:
    """Five records on two queues, one in each state: 1 succeeded, 2 retrying at noon, 3 discarded, 4 running."""
    for number in range(5):
        insert(backend, queue="ab"[number % 2], kind=f"kind{number % 3}")
    for finish in (complete, retry, discard):
        finish(backend, claim(backend, queues=("a", "b")).id, 1)
    claim(backend, queues=("a", "b"))


def files(directory: Path) -> dict[str, bytes]:
    """The contents of all files below a directory, by their paths."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
