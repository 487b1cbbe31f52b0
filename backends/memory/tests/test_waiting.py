from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import pytest

from lazyjobs import (
    BackendClosedError,
    ClaimParams,
    ExtendParams,
    InsertParams,
    RetryParams,
    WaitParams,
)
from lazyjobs_memory import MemoryBackend

LONG = timedelta(seconds=20)


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def asleep(backend: MemoryBackend) -> Iterator[Callable[..., Future[bool]]]:
    """Starts a thread that waits on some queues, and returns once it sleeps."""
    with ThreadPoolExecutor() as pool:

        def start(*queues: str, timeout: timedelta = LONG) -> Future[bool]:
            others = len(backend._monitor._waiters)
            waiting = pool.submit(backend.wait, WaitParams(queues=queues or ("default",), timeout=timeout))
            deadline = monotonic() + 5
            while len(backend._monitor._waiters) == others:
                assert monotonic() < deadline
                sleep(0.001)
            with backend._monitor.lock:
                return waiting

        try:
            yield start
        finally:
            backend.close()


def test_waiting_ends_at_once_when_something_is_due(backend: MemoryBackend) -> None:
    backend.insert(InsertParams(kind="greet"))
    assert backend.wait(WaitParams(timeout=LONG))


def test_waiting_ends_with_the_timeout_when_nothing_comes(backend: MemoryBackend) -> None:
    backend.insert(InsertParams(kind="greet", queue="other"))
    start = monotonic()
    assert not backend.wait(WaitParams(timeout=timedelta(seconds=0.05)))
    assert monotonic() - start >= 0.05


def test_a_timeout_of_zero_only_looks(backend: MemoryBackend) -> None:
    assert not backend.wait(WaitParams(timeout=timedelta(0)))


def test_the_longest_timeout_can_be_waited_for(backend: MemoryBackend, asleep: Callable[..., Future[bool]]) -> None:
    waiting = asleep(timeout=timedelta(days=366))
    backend.insert(InsertParams(kind="greet"))
    assert waiting.result(timeout=5)


def test_an_insert_wakes_everyone_who_waits_on_its_queue(
    backend: MemoryBackend, asleep: Callable[..., Future[bool]]
) -> None:
    first, second, stranger = asleep("a"), asleep("b", "a"), asleep("b")
    backend.insert(InsertParams(kind="greet", queue="a"))
    assert first.result(timeout=5)
    assert second.result(timeout=5)
    assert not stranger.done()


def test_waiting_ends_when_a_scheduled_record_becomes_due(
    backend: MemoryBackend, asleep: Callable[..., Future[bool]]
) -> None:
    waiting = asleep()
    run_at = datetime.now(UTC) + timedelta(seconds=0.05)
    backend.insert(InsertParams(kind="greet", run_at=run_at + timedelta(hours=1)))
    backend.insert(InsertParams(kind="greet", run_at=run_at))
    assert waiting.result(timeout=5)
    assert datetime.now(UTC) >= run_at


def test_waiting_ends_when_a_lease_ends(backend: MemoryBackend, asleep: Callable[..., Future[bool]]) -> None:
    backend.insert(InsertParams(kind="greet"))
    backend.claim(ClaimParams(lease=timedelta(seconds=0.05)))
    assert asleep().result(timeout=5)


def test_a_retry_wakes(backend: MemoryBackend, asleep: Callable[..., Future[bool]]) -> None:
    backend.insert(InsertParams(kind="greet"))
    backend.claim(ClaimParams())
    waiting = asleep()
    backend.retry(RetryParams(id=1, attempt=1))
    assert waiting.result(timeout=5)


def test_a_lease_made_shorter_wakes(backend: MemoryBackend, asleep: Callable[..., Future[bool]]) -> None:
    backend.insert(InsertParams(kind="greet"))
    backend.claim(ClaimParams())
    waiting = asleep()
    backend.extend(ExtendParams(id=1, attempt=1, lease=timedelta(microseconds=1)))
    assert waiting.result(timeout=5)


def test_a_record_claimed_by_another_is_waited_for_until_its_lease_ends(
    backend: MemoryBackend, asleep: Callable[..., Future[bool]]
) -> None:
    backend.insert(InsertParams(kind="greet", run_at=datetime.now(UTC) + timedelta(hours=1)))
    waiting = asleep()
    backend.insert(InsertParams(kind="greet"))
    claimed = backend.claim(ClaimParams(lease=timedelta(seconds=0.05)))
    assert claimed is not None
    assert waiting.result(timeout=5)


def test_closing_wakes_everyone_with_an_error(backend: MemoryBackend, asleep: Callable[..., Future[bool]]) -> None:
    waiting = [asleep(), asleep("other")]
    backend.close()
    for each in waiting:
        with pytest.raises(BackendClosedError):
            each.result(timeout=5)


def test_nobody_is_remembered_after_waiting(backend: MemoryBackend, asleep: Callable[..., Future[bool]]) -> None:
    waiting = asleep()
    backend.insert(InsertParams(kind="greet"))
    waiting.result(timeout=5)
    assert not backend.wait(WaitParams(queues=("other",), timeout=timedelta(0)))
    assert backend._monitor._waiters == []
