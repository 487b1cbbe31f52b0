"""Killing a process at each place that a call comes to, one after the other."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from msgspec import Struct

from lazyjobs_testkit.crash import ChildError
from torture.disk import CHANGES, Disk, Kind


class Place(Struct, frozen=True):
    """Where a process is to be killed: before which statement or call to the disk, or in the middle of a write."""

    number: int
    torn: bool = False


class Killing:
    """Kills at one place after the other; how many there are shows when one is not reached any more."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._kinds: Sequence[Kind] = ()
        self._last = ""
        self.kills = 0
        """How often a process was killed."""

    def __str__(self) -> str:
        return self._last

    def places(self, choices: random.Random, stride: int) -> Iterator[Place]:
        """Before every statement, then before every call to the disk and in the middle of every write.

        With a stride above 1 only one call in about so many is tried. Before the next place is asked for, `at` is to
        be called with this one.
        """
        yield from self._places(choices, (Kind.STATEMENT,), 1)
        yield from self._places(choices, CHANGES, stride)

    def _places(self, choices: random.Random, kinds: Sequence[Kind], stride: int) -> Iterator[Place]:
        self._kinds = kinds
        number, kills = choices.randrange(stride), -1
        while self.kills > kills:
            kills = self.kills
            yield Place(number)
            if self.kills > kills and self._disk.calls[number].startswith("write"):
                yield Place(number, torn=True)
            number += choices.randint(1, 2 * stride - 1)

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
