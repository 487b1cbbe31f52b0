"""The newest records, found without sorting all of them.

Records that never were claimed are in no index by age, as most would leave it again at once. Where many wait, those
with the highest ids are the newest, unless the clock went back; where few do, or it did, they are sorted. Where a kind
or a queue has few records, or none, the counts say how many to look for.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from operator import attrgetter
from sqlite3 import Connection
from typing import Any

from lazyjobs import ListOptions, Record, State
from lazyjobs_sqlite._clock import to_micros
from lazyjobs_sqlite._damage import naming_undecodable
from lazyjobs_sqlite._records import read_record
from lazyjobs_sqlite._statements import Statements

_FEW = 2000
"""Unfinished records that are sorted in a few milliseconds."""
_COUNTED_AS = (State.PENDING, State.RUNNING, State.RETRYING, State.SUCCEEDED, State.DISCARDED)
_age = attrgetter("updated_at", "id")


class Listing:
    """One list, within a transaction."""

    def __init__(self, statements: Statements, connection: Connection, options: ListOptions) -> None:
        self._sql = statements
        self._connection = connection
        self._options = options
        given = {name: getattr(options, name) for name in ("kinds", "queues", "before")}
        self._filters = {name: value for name, value in given.items() if value is not None}
        self._values = _read_values(self._filters)

    def read(self) -> Sequence[Record]:
        """The newest records that pass, newest first; raises `UnreadableRowError`."""
        options = self._options
        matching = self._connection.execute(self._sql.matching(self._filters), self._values).fetchone()
        states = list(State if options.states is None else options.states)
        limit = -1 if options.limit is None else options.limit
        if not self._filters.keys().isdisjoint({"kinds", "queues"}):
            numbers = dict(zip(_COUNTED_AS, (matching[0], *matching), strict=True))
            states = [state for state in states if numbers[state]]
            limit = sum(matching) if options.limit is None else min(sum(matching), limit)
        if not states:
            return []
        self._values["limit"] = limit
        many_wait = matching[0] > _FEW and State.PENDING in states and options.limit is not None
        by_id = many_wait and self._newest_are_last()
        statement = self._sql.newest(states, self._filters, by_id=by_id, payloads=options.payloads)
        # Closed, since who keeps the error keeps the cursor, and that would keep the connection at what it saw.
        with naming_undecodable(0), closing(self._connection.execute(statement, self._values)) as rows:
            records = [read_record(row) for row in rows]
        records.sort(key=_age, reverse=True)
        return records

    def _newest_are_last(self) -> bool:
        """Whether no pending record beside those with the highest ids below `bound`, which is set, can be newer."""
        (ordered_from,) = self._connection.execute(self._sql.ordered_from).fetchone()
        (highest,) = self._connection.execute(self._sql.highest).fetchone()
        self._values["bound"] = highest + 1
        if "before" in self._filters:
            if self._values["time"] < ordered_from:
                return False
            self._values["bound"] = self._first_after(self._values["time"], highest + 1)
        (oldest,) = self._connection.execute(self._sql.last_ones(self._filters), self._values).fetchone()
        return oldest is not None and bool(oldest >= ordered_from)

    def _first_after(self, time: int, high: int) -> int:
        """The least id of a record created after `time`, or `high`; where a higher id is never older."""
        low = 1
        while low < high:
            middle = (low + high) // 2
            found = self._connection.execute(self._sql.next_created, (middle,)).fetchone()
            if found is None or found[1] > time:
                high = middle
            else:
                low = found[0] + 1
        return low


def _read_values(filters: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: json.dumps(sorted(filters[name])) for name in filters if name != "before"}
    if "before" in filters:
        time, values["id"] = filters["before"]
        values["time"] = to_micros(time)
    return values
