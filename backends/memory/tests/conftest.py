"""A backend whose clock the tests turn, and short words for what nearly every test does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from lazyjobs import ClaimParams, CompleteParams, FinishParams, InsertParams, Record, RetryParams
from lazyjobs_memory import MemoryBackend


class HandClock:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def advance(self, seconds: float = 0) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def advance(clock: HandClock) -> Callable[..., datetime]:
    """Moves the backend's clock by that many seconds (none by default) and tells the time."""
    return clock.advance


@pytest.fixture
def backend(clock: HandClock) -> MemoryBackend:
    return MemoryBackend(retention=3, clock=clock.advance)


@pytest.fixture
def insert(backend: MemoryBackend) -> Callable[..., Record]:
    """Inserts a record with the fields given."""

    def insert(kind: str = "greet", queue: str = "default", run_at: datetime | None = None) -> Record:
        return backend.insert(InsertParams(kind=kind, queue=queue, run_at=run_at))

    return insert


@pytest.fixture
def claim(backend: MemoryBackend) -> Callable[..., Record]:
    """Claims the next record, of which there must be one."""

    def claim(*queues: str, lease: float = 60) -> Record:
        record = backend.claim(ClaimParams(queues=queues or ("default",), lease=timedelta(seconds=lease)))
        assert record is not None
        return record

    return claim


@pytest.fixture
def finish(backend: MemoryBackend) -> Callable[[FinishParams], None]:
    """Calls the verb of the parameters."""

    def finish(params: FinishParams) -> None:
        if isinstance(params, CompleteParams):
            backend.complete(params)
        elif isinstance(params, RetryParams):
            backend.retry(params)
        else:
            backend.discard(params)

    return finish


@pytest.fixture
def complete(backend: MemoryBackend) -> Callable[[Record], None]:
    """Completes a record as it was claimed."""

    def complete(record: Record) -> None:
        backend.complete(CompleteParams(id=record.id, attempt=record.attempt))

    return complete
