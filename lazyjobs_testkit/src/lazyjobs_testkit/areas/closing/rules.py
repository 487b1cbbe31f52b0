"""CLS: what close leaves behind."""

from collections.abc import Callable, Mapping
from datetime import timedelta

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
    SupportsPrune,
    SupportsWait,
    WaitParams,
)
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._support import PAST, SECOND

_CLOSED = "Afterwards every other method raises `BackendClosedError`. Whoever opened the backend closes it."

_INSERT = InsertParams(kind=KIND, run_at=PAST)
_FINISH = CompleteParams(id=1, attempt=1)

METHODS: Mapping[str, Callable[[Backend], object]] = {
    "insert": lambda backend: backend.insert(_INSERT),
    "claim": lambda backend: backend.claim(ClaimParams()),
    "complete": lambda backend: backend.complete(_FINISH),
    "retry": lambda backend: backend.retry(RetryParams(id=1, attempt=1)),
    "discard": lambda backend: backend.discard(DiscardParams(id=1, attempt=1)),
    "list": lambda backend: backend.list(),
    "stats": lambda backend: backend.stats(),
}


class ClosingTests:
    @rule(
        "CLS-01",
        "after close each of the seven methods raises BackendClosedError",
        text=_CLOSED,
        level=Level.CAPABILITY,
        cause="the driver's own error about a closed connection, or a connection that opens itself again",
        capability=SupportsClose,
        needs=("INS-01",),
    )
    @pytest.mark.parametrize("method", METHODS)
    def test_after_close_each_method_raises_backend_closed_error(self, bench: Bench, method: str) -> None:
        bench.insert(run_at=PAST)
        bench.supports(SupportsClose).close()
        assert_closed(method, lambda: METHODS[method](bench.backend))

    @rule(
        "CLS-02",
        "after close each capability raises BackendClosedError",
        text=_CLOSED,
        level=Level.CAPABILITY,
        cause="the check stands in the seven methods and was forgotten in those added later",
        capability=SupportsClose,
        needs=("CLS-01",),
    )
    def test_after_close_each_capability_raises_backend_closed_error(self, bench: Bench) -> None:
        calls = capability_calls(bench.backend)
        if not calls:
            bench.not_applicable("no capability but close")
        bench.supports(SupportsClose).close()
        for name, call in calls.items():
            assert_closed(name, call)

    @rule(
        "CLS-03",
        "closing again does nothing",
        text="closing again does nothing",
        level=Level.CAPABILITY,
        cause="the second close releases what the first one released, or raises BackendClosedError like the others",
        capability=SupportsClose,
    )
    def test_closing_again_does_nothing(self, bench: Bench) -> None:
        closing = bench.supports(SupportsClose)
        for _ in range(3):
            closing.close()


def capability_calls(backend: Backend) -> dict[str, Callable[[], object]]:
    """A harmless call of each capability that the backend has, close apart."""
    calls: dict[str, Callable[[], object]] = {}
    if isinstance(backend, SupportsExtend):
        calls["extend"] = lambda: backend.extend(ExtendParams(id=1, attempt=1))
    if isinstance(backend, SupportsInsertMany):
        calls["insert_many"] = lambda: backend.insert_many([_INSERT])
    if isinstance(backend, SupportsClaimMany):
        calls["claim_many"] = lambda: backend.claim_many(ClaimParams(), 1)
    if isinstance(backend, SupportsFinishAndClaim):
        calls["finish_and_claim"] = lambda: backend.finish_and_claim(_FINISH, ClaimParams())
    if isinstance(backend, SupportsWait):
        calls["wait"] = lambda: backend.wait(WaitParams(timeout=timedelta(0)))
    if isinstance(backend, SupportsPrune):
        calls["prune"] = lambda: backend.prune(PruneParams(finished_before=PAST + SECOND))
    return calls


def assert_closed(method: str, call: Callable[[], object]) -> None:
    """Fails unless the call raises `BackendClosedError`."""
    try:
        answer = call()
    except BackendClosedError:
        return
    except Exception as error:
        raise AssertionError(f"{method} raised {type(error).__name__} after close: {error}") from error
    raise AssertionError(f"{method} answered {answer!r} after close")
