"""What a crew's parent and children say to one another: a line of JSON each."""

from msgspec import Struct

from lazyjobs_testkit.history._operation import Operation
from lazyjobs_testkit.history._scripts import Script


class Enlist(Struct, frozen=True, kw_only=True):
    """The first word to a child: what to open, and where the callers' places are shared."""

    reference: str
    """By which `load_harness` finds the harness."""
    namespace: str
    places: str
    """The file that holds the places."""
    place: int


class Play(Struct, frozen=True, kw_only=True):
    """What to do next."""

    script: Script
    deadline: float
    seed: int
    interrupted: float


class Report(Struct, frozen=True):
    """What a child has done; nothing at first, when it has opened its handle."""

    operations: tuple[Operation, ...]
