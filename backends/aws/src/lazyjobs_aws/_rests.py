"""Leaving SQS alone for a while after it did not answer, so that nobody waits for it again and again."""

from time import monotonic

_FIRST = 1.0
_LONGEST = 60.0


class Rests:
    """Until when each queue is left alone, or (None) all of them.

    A second after a failure, twice as long after another, at most a minute. A race between threads costs a request at
    most.
    """

    def __init__(self) -> None:
        self._until: dict[str | None, float] = {}
        self._length: dict[str | None, float] = {}

    def resting(self, queue: str) -> bool:
        return monotonic() < max(self._until.get(queue, 0.0), self._until.get(None, 0.0))

    def failed(self, queue: str | None, *, long: bool = False) -> None:
        """Begins a rest; a `long` one for what will not have passed soon."""
        length = _LONGEST if long else self._length.get(queue, _FIRST)
        self._length[queue] = min(2 * length, _LONGEST)
        self._until[queue] = monotonic() + length

    def worked(self, queue: str) -> None:
        """The next failure is a first one again."""
        self._length.pop(queue, None)
        self._length.pop(None, None)
