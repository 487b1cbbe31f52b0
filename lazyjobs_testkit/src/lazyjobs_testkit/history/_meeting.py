"""Letting several callers begin at the same instant, again and again."""

import time
from collections.abc import Iterator
from typing import Protocol

PATIENCE = 60.0
"""For how many seconds a caller is waited for that should have been there, or a call that should have returned."""

_GONE = 2**62


class Places(Protocol):
    """The rounds that the callers have reached, in memory they share: a list, or a view of a mapped file."""

    def __iter__(self) -> Iterator[int]: ...
    def __setitem__(self, place: int, number: int, /) -> None: ...


class Meeting:
    """One caller's view of the rounds that all callers begin together.

    Waiting is by asking again, as every kind of lock would wake the callers one after the other. The first round is
    begun however late it has become: a busy machine may be slow to start a caller.
    """

    def __init__(self, places: Places, place: int, deadline: float) -> None:
        self._places = places
        self._place = place
        self._deadline = deadline

    def begin(self, number: int) -> bool:
        """Waits until all have come to the round of that number, from 1; False if time is up."""
        self._places[self._place] = number
        patience = self._deadline + (PATIENCE if number == 1 else 0.0)
        while min(self._places) < number:
            if time.monotonic() > patience:
                return False
            time.sleep(0)
        return number == 1 or not self.over

    def leave(self) -> None:
        """Lets the others go on without this caller."""
        self._places[self._place] = _GONE

    @property
    def over(self) -> bool:
        """Whether the time for all rounds is up, by the monotonic clock."""
        return time.monotonic() > self._deadline
