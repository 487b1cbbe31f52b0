"""Counting records while they are read, in little memory."""

from array import array
from collections import Counter, defaultdict

from lazyjobs import State, Stats
from lazyjobs_aws._items import Item
from lazyjobs_aws._records import state_of, text

Group = tuple[str, str, State]
"""Kind, queue and state."""


class Tally:
    """How many records there are of each group."""

    def __init__(self) -> None:
        self._counts: Counter[Group] = Counter()

    def add(self, group: Group, number: int = 1) -> None:
        self._counts[group] += number

    def stats(self) -> Stats:
        by_kind: Counter[str] = Counter()
        by_queue_state: defaultdict[str, Counter[State]] = defaultdict(Counter)
        for (kind, queue, state), number in self._counts.items():
            if number:
                by_kind[kind] += number
                by_queue_state[queue][state] += number
        return Stats(
            total=by_kind.total(),
            by_state=dict(sum(by_queue_state.values(), Counter[State]())),
            by_kind=dict(by_kind),
            by_queue={queue: states.total() for queue, states in by_queue_state.items()},
            by_queue_state={queue: dict(states) for queue, states in by_queue_state.items()},
        )


class MovingTally(Tally):
    """The same where a record that moves while it is counted is met again, later, with a newer `seen`.

    It keeps twelve bytes of each record, and more only of those seen since a time in microseconds.
    """

    def __init__(self, since: int) -> None:
        super().__init__()
        self._since = since
        self._ids = array("q")
        self._places = array("i")
        self._groups: dict[Group, int] = {}
        self._moved: dict[int, Group] = {}

    def meet(self, id: int, group: Group, seen: int) -> None:
        if seen >= self._since:
            self._moved[id] = group
            return
        self.add(group)
        self._ids.append(id)
        self._places.append(self._groups.setdefault(group, len(self._groups)))

    def stats(self) -> Stats:
        groups = list(self._groups)
        for id, place in zip(self._ids, self._places, strict=True):
            if id in self._moved:
                self.add(groups[place], -1)
        for group in self._moved.values():
            self.add(group)
        self._moved.clear()
        return super().stats()


def group_of(item: Item) -> Group:
    return text(item, "kind"), text(item, "queue"), state_of(item)
