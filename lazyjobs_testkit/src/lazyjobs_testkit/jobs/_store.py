"""The backend behind a test's jobs."""

from collections.abc import Callable, Sequence
from datetime import datetime

from lazyjobs import InsertParams, Record
from lazyjobs_memory import MemoryBackend
from lazyjobs_testkit.jobs._clock import Clock


class Store(MemoryBackend):
    """Memory that says when something was inserted, in the thread that did so, once it is stored."""

    def __init__(self, clock: Clock, inserted: Callable[[], None]) -> None:
        super().__init__(clock=clock)
        self._inserted = inserted
        self.first_due: dict[int, datetime] = {}
        """By id, when each record was to run as it was inserted."""

    def insert(self, params: InsertParams) -> Record:
        __tracebackhide__ = True
        record = super().insert(params)
        self.first_due[record.id] = record.run_at
        self._inserted()
        return record

    def insert_many(self, params: Sequence[InsertParams]) -> Sequence[Record]:
        __tracebackhide__ = True
        records = super().insert_many(params)
        self.first_due.update((record.id, record.run_at) for record in records)
        self._inserted()
        return records
