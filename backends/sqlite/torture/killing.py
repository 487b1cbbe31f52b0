"""Killing a process at each place that a call comes to, one after the other."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count

from msgspec import Struct

from lazyjobs_testkit.crash import ChildError
from torture.disk import CHANGES, Disk, Kind

PLACES = (Kind.STATEMENT, *CHANGES)
"""Before each statement, and before each call that changes a file."""


class Place(Struct, frozen=True):
    """Where a process is to be killed: before which statement or call to the disk, or in the middle of a write."""

    number: int
    torn: bool = False


class Killing:
    """Kills at one place after the other; how many there are shows when one is not reached any more."""

    def __init__(self, disk: Disk, kinds: Sequence[Kind] = PLACES) -> None:
        self._disk = disk
        self._kinds = kinds
        self._last = ""
        self.kills = 0
        """How often a process was killed."""

    def __str__(self) -> str:
        return self._last

    def everywhere(self) -> Iterator[Place]:
        """All places, each write a second time as torn; `at` is to be called with each before the next is asked for."""
        for number in count():
            kills = self.kills
            yield Place(number)
            if self.kills == kills:
                return
            if self._disk.calls[number].startswith("write"):
                yield Place(number, torn=True)

    def somewhere(self, choices: random.Random, act: Callable[[], object], most: int) -> Iterator[Place]:
        """So many places, chosen among as many as there are when it is done unharmed."""
        with self._disk.counting(self._kinds):
            act()
        places = range(len(self._disk.calls))
        for number in choices.sample(places, min(most, len(places))):
            yield Place(number, torn=choices.random() < 0.5)

    def at(self, place: Place, act: Callable[[], object]) -> None:
        """Does it, and kills whoever does it at that place, if it comes there."""
        with self._disk.killing(self._kinds, first=place.number, torn=place.torn), suppress(ChildError):
            act()
        if self._disk.acted:
            self.kills += 1
            when = "in the middle of" if place.torn else "before"
            self._last = f"killed {when} call {place.number + 1}: {self._disk.calls[place.number]}"
        else:
            self._last = f"not killed, there was no call {place.number + 1}"
