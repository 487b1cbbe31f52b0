"""The liberties that a backend declared."""

from datetime import timedelta
from typing import Self

from msgspec import Struct

_NO_TIME = timedelta(0)


class Terms(Struct, frozen=True, kw_only=True):
    """Which of the liberties that the contract gives a backend uses; the least liberal unless told otherwise.

    The fields are named as the harness's traits, which decide what is expected of a backend.
    """

    ordering: str = "strict"
    """`strict`, or `best-effort`: any due record may be claimed, and None may be wrong."""
    empty_answers: int = 0
    """How many times running None may be wrong; counts only where ordering is best-effort."""
    staleness: timedelta = _NO_TIME
    """By how much list and stats may be behind."""
    clock_skew: timedelta = _NO_TIME
    """By how much the backend's clocks may differ from the caller's."""
    precision: timedelta = timedelta(microseconds=1)
    """To what times are rounded up."""
    retention: int | timedelta | None = None
    """How many of the newest finished records are kept, or for how long; None is all, for ever."""

    @classmethod
    def of(cls, traits: Struct) -> Self:
        """The liberties among all that a harness declares."""
        return cls(**{name: getattr(traits, name) for name in cls.__struct_fields__})

    @property
    def strict(self) -> bool:
        """Whether claim takes the smallest (due time, id) of all."""
        return self.ordering == "strict"

    @property
    def wrong_empties(self) -> int:
        """How many times running claim may answer None although something is due."""
        return 0 if self.strict else self.empty_answers
