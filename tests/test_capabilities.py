"""What a backend offers is found by its methods: the seven make a backend, one more each a capability."""

import pytest

import lazyjobs
from lazyjobs import (
    Backend,
    SupportsClaimMany,
    SupportsClose,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsInsertMany,
    SupportsNow,
    SupportsPrune,
    SupportsWait,
)
from lazyjobs.cli._installed import CAPABILITIES as TOLD
from lazyjobs_memory import MemoryBackend

SEVEN = ("insert", "claim", "complete", "retry", "discard", "list", "stats")
CAPABILITIES: dict[type, str] = {
    SupportsExtend: "extend",
    SupportsInsertMany: "insert_many",
    SupportsClaimMany: "claim_many",
    SupportsFinishAndClaim: "finish_and_claim",
    SupportsWait: "wait",
    SupportsNow: "now",
    SupportsPrune: "prune",
    SupportsClose: "close",
}


def with_methods(*names: str) -> object:
    """An object of a class of its own, which inherits nothing and has these methods."""
    methods: dict[str, object] = {name: lambda self: None for name in names}
    return type("Plain", (), methods)()


def test_the_seven_methods_make_a_backend_and_nothing_more() -> None:
    backend = with_methods(*SEVEN)
    assert isinstance(backend, Backend)
    assert not [capability for capability in CAPABILITIES if isinstance(backend, capability)]


@pytest.mark.parametrize("missing", SEVEN)
def test_without_one_of_the_seven_it_is_no_backend(missing: str) -> None:
    assert not isinstance(with_methods(*(name for name in SEVEN if name != missing)), Backend)


@pytest.mark.parametrize(("capability", "method"), CAPABILITIES.items())
def test_one_method_makes_one_capability(capability: type, method: str) -> None:
    offered = with_methods(*SEVEN, method)
    assert isinstance(offered, Backend)
    assert [found for found in CAPABILITIES if isinstance(offered, found)] == [capability]


def test_a_capability_needs_no_backend() -> None:
    assert isinstance(with_methods("extend"), SupportsExtend)


def test_the_command_tells_of_every_capability() -> None:
    assert {method: capability for capability, method in CAPABILITIES.items()} == TOLD
    assert {getattr(lazyjobs, name) for name in lazyjobs.__all__ if name.startswith("Supports")} == CAPABILITIES.keys()


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_memory_backend_offers_every_capability(capability: type) -> None:
    assert isinstance(MemoryBackend(), capability)
