"""The backends that are installed: what each of them says of itself, without opening it."""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from msgspec import Struct
from msgspec.structs import replace

from lazyjobs.contract import (
    SupportsClaimMany,
    SupportsClose,
    SupportsExtend,
    SupportsFinishAndClaim,
    SupportsInsertMany,
    SupportsNow,
    SupportsPrune,
    SupportsWait,
)
from lazyjobs.contract._urls import ENTRY_POINTS

CAPABILITIES: Mapping[str, type] = {
    "extend": SupportsExtend,
    "wait": SupportsWait,
    "insert_many": SupportsInsertMany,
    "claim_many": SupportsClaimMany,
    "finish_and_claim": SupportsFinishAndClaim,
    "now": SupportsNow,
    "prune": SupportsPrune,
    "close": SupportsClose,
}
"""The optional protocols by the method that each of them has."""


class Installed(Struct, frozen=True, kw_only=True):
    """What one entry point offers."""

    scheme: str
    distribution: str | None
    version: str | None
    loads: str
    """The entry point's target, `module:class`."""
    contract_version: int | None = None
    """The contract it was written for, if it says so."""
    capabilities: tuple[str, ...] | None = None
    """Keys of `CAPABILITIES`; None if only an opened backend would tell."""
    broken: str | None = None
    """Why it cannot be opened; None if it can be loaded."""


def schemes() -> list[str]:
    """The schemes that URLs may have, by name; loads nothing."""
    return sorted({point.name for point in entry_points(group=ENTRY_POINTS)})


def find_installed() -> list[Installed]:
    """One for each entry point, by scheme; loads them all."""
    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value))
    return [_describe(point, points) for point in points]


def _describe(point: EntryPoint, points: Iterable[EntryPoint]) -> Installed:
    known = Installed(
        scheme=point.name,
        distribution=point.dist.name if point.dist is not None else None,
        version=point.dist.version if point.dist is not None else None,
        loads=point.value,
    )
    try:
        opener = point.load()
    except (Exception, SystemExit) as error:
        return replace(known, broken=f"cannot be loaded: {type(error).__name__}: {error}")
    if not callable(getattr(opener, "from_url", None)):
        return replace(known, broken="has no from_url, by which a backend is opened")
    rivals = {other.dist.name for other in points if other.name == point.name and other.dist is not None}
    if len(rivals) > 1:
        return replace(
            known, broken=f"shares its scheme with others, and only one can be had: {', '.join(sorted(rivals))}"
        )
    return replace(known, contract_version=_contract_version(opener), capabilities=_capabilities(opener))


def _contract_version(opener: object) -> int | None:
    version = getattr(opener, "contract_version", None)
    return version if isinstance(version, int) else None


def _capabilities(opener: object) -> tuple[str, ...] | None:
    if not isinstance(opener, type):
        return None
    return tuple(name for name, protocol in CAPABILITIES.items() if issubclass(opener, protocol))
