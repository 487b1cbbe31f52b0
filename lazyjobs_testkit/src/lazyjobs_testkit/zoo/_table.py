"""What the backends of the zoo store records in, and the harness that opens them on it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar

from lazyjobs import Record
from lazyjobs_testkit import Harness

if TYPE_CHECKING:
    from lazyjobs_testkit.zoo._base import SevenMethods


class Table:
    """The records of one namespace by id, shared by all handles on it. `changed` is the lock, and tells waiters."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.records: dict[int, Record] = {}
        self.last_id = 0

    def exclusive(self) -> AbstractContextManager[object]:
        """Keeps all others out; what is called outside of it is atomic by itself."""
        return self.changed

    def get(self, id: int) -> Record | None:
        return self.records.get(id)

    def put(self, record: Record) -> None:
        with self.changed:
            self.records[record.id] = record
            self.changed.notify_all()

    def delete(self, id: int) -> None:
        del self.records[id]

    def all(self) -> Sequence[Record]:
        return list(self.records.values())


class TableHarness(Harness):
    """Opens a backend on the table of a namespace."""

    backend: ClassVar[type[SevenMethods]]
    tables: ClassVar[dict[str, Table]]

    def open(self, namespace: str) -> SevenMethods:
        return self.backend(self.tables.setdefault(namespace, self.backend.table_class()))

    def destroy(self, namespace: str) -> None:
        self.tables.pop(namespace, None)


def make_harness(backend: type[SevenMethods]) -> type[Harness]:
    members = {
        "backend": backend,
        "tables": {},
        "traits": backend.traits,
        "name": backend.__name__.lower(),
        "__doc__": backend.__doc__,
        "__module__": backend.__module__,
        "__qualname__": f"{backend.__qualname__}.Harness",
    }
    return type("Harness", (backend.harness_base,), members)
