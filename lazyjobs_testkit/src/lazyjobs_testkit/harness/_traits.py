"""What a backend declares about itself, for the kit alone."""

from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from lazyjobs import CONTRACT_VERSION

_NO_TIME = timedelta(0)


class Traits(Struct, frozen=True, kw_only=True):
    """What a backend declares beyond the contract's minimum, and where it uses a liberty the contract gives.

    What is declared is tried: a trait that does not hold is a failure.
    """

    durable: bool = False
    """What was acknowledged survives SIGKILL and reopening."""
    multi_process: bool = False
    """Several processes may have the same namespace open."""
    single_instance: bool = False
    """A namespace begins and ends with the one instance that opened it: there is no second handle to open."""
    ordering: Literal["strict", "best-effort"] = "strict"
    """Whether claim takes the smallest `(due time, id)` of all, or some due record."""
    empty_answers: int = 0
    """How many times running claim may answer None while something is due."""
    staleness: timedelta = _NO_TIME
    """By how much list and stats may be behind."""
    clock_skew: timedelta = _NO_TIME
    """By how much the clocks of the backend's machines may differ."""
    max_payload: int | None = None
    """The largest payload in bytes; None if there is no limit of its own."""
    precision: timedelta = timedelta(microseconds=1)
    """To what times are rounded up."""
    retention: int | timedelta | None = None
    """How many finished records are kept, or how long; None is all, for ever."""
    contract: int = CONTRACT_VERSION
    """The contract version it was written for."""

    def declared(self) -> tuple[str, ...]:
        """The names of the traits that differ from the default."""
        return tuple(name for name in self.__struct_fields__ if self.declares(name))

    def declares(self, name: str) -> bool:
        """Whether the trait of that name differs from the default."""
        return bool(getattr(self, name) != getattr(_DEFAULT, name))


_DEFAULT = Traits()


class ExpectedFailure(Struct, frozen=True, kw_only=True):
    """A rule that a backend is known to break, until a day by which it is to be mended.

    Strict: a rule that holds after all, and one that is broken after `expires`, fail the run. Never raises a level.
    """

    rule: str
    reason: str
    link: str
    """Where it is followed up."""
    expires: date

    def __post_init__(self) -> None:
        for name in ("rule", "reason", "link"):
            if not getattr(self, name):
                raise ValueError(f"an expected failure needs a {name}")
