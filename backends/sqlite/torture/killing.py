"""Killing a process at each place that something comes to, one after the other."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from msgspec import Struct

from lazyjobs_testkit.crash import ChildError
from torture.disk import CHANGES, Disk, Kind

PLACES = (Kind.STATEMENT, *CHANGES)
"""Before each statement, and before each call that changes a file."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a process is killed."""

    number: int
    what: str
    of: int
    torn: bool = False
    """Whether half of what was to be written is."""

    def __str__(self) -> str:
        when = "in the middle of" if self.torn else "before"
        return f"killed {when} {self.number + 1} of {self.of}: {self.what}"


class Killing:
    """Kills at the places of one call, which are counted by making the call once."""

    def __init__(self, disk: Disk, kinds: Sequence[Kind] = PLACES) -> None:
        self._disk = disk
        self._kinds = kinds
        self._calls: Sequence[str] = ()

    def count(self, act: Callable[[], object]) -> None:
        """Does it unharmed, and remembers what it came to."""
        with self._disk.counting(self._kinds):
            act()
        self._calls = self._disk.calls

    def places(self, choices: random.Random, most: int | None = None) -> Iterator[Place]:
        """Every place, each write a second time as torn; or at most so many of them, chosen by chance."""
        calls = self._calls
        found = [Place(number=number, what=what, of=len(calls)) for number, what in enumerate(calls)]
        torn = [
            Place(number=number, what=what, of=len(calls), torn=True)
            for number, what in enumerate(calls)
            if what.startswith("write")
        ]
        places = [*found, *torn]
        yield from places if most is None or most >= len(places) else choices.sample(places, most)

    def at(self, place: Place, act: Callable[[], object]) -> bool:
        """Does it, and kills whoever does it at that place; False if it never came there."""
        with self._disk.killing(self._kinds, first=place.number, torn=place.torn), suppress(ChildError):
            act()
        return self._disk.acted > 0
