"""Which records are wanted: what DynamoDB can be told of it, and the whole of it."""

from collections.abc import Collection
from typing import Any, Self

from msgspec import Struct

from lazyjobs import ListOptions, Record, State
from lazyjobs_aws._items import encode
from lazyjobs_aws._times import to_microseconds

_MOST_OPERANDS = 100
"""What DynamoDB allows in one IN; of more names it is told nothing."""


class Filter(Struct, frozen=True, kw_only=True):
    """What a record must be to be wanted."""

    states: Collection[str] | None = None
    kinds: Collection[str] | None = None
    queues: Collection[str] | None = None
    before: tuple[int, int] | None = None
    """In microseconds, and an id: only what was updated before, or then and with a lower id."""

    @classmethod
    def of(cls, options: ListOptions) -> Self:
        before = None if options.before is None else (to_microseconds(options.before[0]), options.before[1])
        return cls(states=options.states, kinds=options.kinds, queues=options.queues, before=before)

    @property
    def lets_nothing_pass(self) -> bool:
        return any(chosen is not None and not chosen for chosen in (self.states, self.kinds, self.queues))

    def passes(self, record: Record) -> bool:
        return (
            (self.states is None or record.state in self.states)
            and (self.kinds is None or record.kind in self.kinds)
            and (self.queues is None or record.queue in self.queues)
            and self.is_before(to_microseconds(record.updated_at), record.id)
        )

    def is_before(self, seen: int, id: int) -> bool:
        return self.before is None or (seen, id) < self.before

    def spell(self) -> tuple[list[str], dict[str, Any]]:
        """Conditions for state, kind and queue, of the names `#state` and so on, and the values in them."""
        conditions: list[str] = []
        values: dict[str, Any] = {}
        for name, chosen in (("state", self.states), ("kind", self.kinds), ("queue", self.queues)):
            if chosen is not None and len(chosen) <= _MOST_OPERANDS:
                named = {f":{name}{number}": encode(str(each)) for number, each in enumerate(chosen)}
                conditions.append(f"#{name} IN ({', '.join(named)})")
                values |= named
        return conditions, values


FINISHED = Filter(states=frozenset({State.SUCCEEDED, State.DISCARDED}))
"""What may be pruned."""
EVERYTHING = Filter()
