"""Waiting for one's turn, by random short pauses within a timeout."""

from random import Random
from time import monotonic, sleep

_choices = Random()  # noqa: S311 (nothing secret)
_SHORTEST = 0.00005
_LONGEST = 0.002


class Patience:
    """How long to go on asking; each pause is random, so that those who wait do not keep step."""

    __slots__ = ("_deadline", "_longest", "_pause")

    def __init__(self, seconds: float, *, longest: float = _LONGEST) -> None:
        self._deadline = monotonic() + seconds
        self._pause = _SHORTEST
        self._longest = longest

    def pause(self) -> bool:
        """Sleeps a moment; False, at once, when the timeout has passed."""
        left = self._deadline - monotonic()
        if left <= 0:
            return False
        sleep(min(left, _choices.uniform(0.5, 1.5) * self._pause))
        self._pause = min(2 * self._pause, self._longest)
        return True
