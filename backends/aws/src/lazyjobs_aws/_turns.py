"""Whose turn it is: hints, or what the index has."""

from time import monotonic

from lazyjobs_aws._hints import Hint
from lazyjobs_aws._ids import milliseconds_since
from lazyjobs_aws._index import Entry

_OVERTAKEN = 60_000
"""In milliseconds: a hint so much older than one that has just come on its queue is taken to be lost."""


class Turns:
    """Shared by the threads of one instance; a race between them costs a request at most.

    The index goes first once every `sweep` seconds, and while it has records that no hint tells of; but never twice
    running, be the claims ever so far apart.
    """

    def __init__(self, sweep: float) -> None:
        self._sweep = sweep
        self._looked = float("-inf")
        self._more = False
        self._index_was_first = False
        self._newest: dict[str, int] = {}

    def index_first(self) -> bool:
        due = monotonic() - self._looked >= self._sweep
        self._index_was_first = not self._index_was_first and (due or self._more)
        return self._index_was_first

    def looked(self, untold: int) -> None:
        """The index had so many that no hint tells of."""
        self._looked = monotonic()
        self._more = untold > 1

    def came(self, hint: Hint) -> None:
        self._newest[hint.queue] = max(self._newest.get(hint.queue, 0), hint.id)

    def is_told(self, entry: Entry) -> bool:
        """Whether a hint for the entry is still to be expected, unless its queue in SQS has none."""
        return entry.hinted and milliseconds_since(self._newest.get(entry.queue, 0), entry.id) < _OVERTAKEN
