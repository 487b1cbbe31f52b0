"""Counts of records, kept at each transition so that nobody ever counts records."""

from collections import Counter
from collections.abc import Mapping

from lazyjobs import Record, State, Stats


class Tally:
    """How many records there are by kind, and by queue and state; a name without a record is forgotten."""

    __slots__ = ("_by_kind", "_by_queue")

    def __init__(self) -> None:
        self._by_kind: dict[str, int] = {}
        self._by_queue: dict[str, dict[State, int]] = {}

    def add(self, record: Record) -> None:
        self._by_kind[record.kind] = self._by_kind.get(record.kind, 0) + 1
        states = self._by_queue.get(record.queue)
        if states is None:
            states = self._by_queue[record.queue] = dict.fromkeys(State, 0)
        states[record.state] += 1

    def move(self, queue: str, before: State, after: State) -> None:
        states = self._by_queue[queue]
        states[before] -= 1
        states[after] += 1

    def remove(self, record: Record) -> bool:
        """Whether this was the last record of its queue."""
        self._by_kind[record.kind] -= 1
        if not self._by_kind[record.kind]:
            del self._by_kind[record.kind]
        states = self._by_queue[record.queue]
        states[record.state] -= 1
        if states[record.state] or any(states.values()):
            return False
        del self._by_queue[record.queue]
        return True

    def stats(self) -> Stats:
        by_state: Counter[State] = Counter()
        for states in self._by_queue.values():
            by_state.update(states)
        return Stats(
            total=by_state.total(),
            by_state=_present(by_state),
            by_kind=dict(self._by_kind),
            by_queue={queue: sum(states.values()) for queue, states in self._by_queue.items()},
            by_queue_state={queue: _present(states) for queue, states in self._by_queue.items()},
        )


def _present(counts: Mapping[State, int]) -> dict[State, int]:
    return {state: number for state, number in counts.items() if number}
