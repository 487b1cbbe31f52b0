from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from lazyjobs import (
    Backend,
    BackendClosedError,
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    PruneParams,
    RetryParams,
    SupportsClaimMany,
    SupportsClose,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsInsertMany,
    SupportsNow,
    SupportsPrune,
    SupportsWait,
    WaitParams,
)
from lazyjobs_memory import MemoryBackend

CALLS: Mapping[str, Callable[[MemoryBackend], object]] = {
    "insert": lambda backend: backend.insert(InsertParams(kind="greet")),
    "claim": lambda backend: backend.claim(ClaimParams()),
    "complete": lambda backend: backend.complete(CompleteParams(id=1, attempt=1)),
    "retry": lambda backend: backend.retry(RetryParams(id=1, attempt=1)),
    "discard": lambda backend: backend.discard(DiscardParams(id=1, attempt=1)),
    "list": lambda backend: backend.list(),
    "stats": lambda backend: backend.stats(),
    "extend": lambda backend: backend.extend(ExtendParams(id=1, attempt=1)),
    "insert_many": lambda backend: backend.insert_many([]),
    "claim_many": lambda backend: backend.claim_many(ClaimParams(), 1),
    "finish_and_claim": lambda backend: backend.finish_and_claim(CompleteParams(id=1, attempt=1), ClaimParams()),
    "wait": lambda backend: backend.wait(WaitParams()),
    "now": lambda backend: backend.now(),
    "prune": lambda backend: backend.prune(PruneParams(finished_before=datetime.now(UTC))),
}


def test_every_capability_is_offered(backend: MemoryBackend) -> None:
    assert isinstance(backend, Backend)
    assert isinstance(backend, SupportsExtend)
    assert isinstance(backend, SupportsInsertMany)
    assert isinstance(backend, SupportsClaimMany)
    assert isinstance(backend, SupportsFinishAndClaim)
    assert isinstance(backend, SupportsWait)
    assert isinstance(backend, SupportsNow)
    assert isinstance(backend, SupportsPrune)
    assert isinstance(backend, SupportsClose)


@pytest.mark.parametrize("method", CALLS)
def test_a_closed_backend_refuses_every_call(method: str, backend: MemoryBackend) -> None:
    backend.insert(InsertParams(kind="greet"))
    backend.claim(ClaimParams())
    backend.close()
    with pytest.raises(BackendClosedError):
        CALLS[method](backend)


def test_no_method_is_left_out() -> None:
    public = {name for name, member in vars(MemoryBackend).items() if callable(member) and not name.startswith("_")}
    assert public - {"close"} == set(CALLS)


def test_closing_again_does_nothing(backend: MemoryBackend) -> None:
    backend.close()
    backend.close()
