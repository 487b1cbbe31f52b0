"""Durable backends that are unusual, and right."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from lazyjobs import BackendError
from lazyjobs_testkit import Traits
from lazyjobs_testkit.zoo._base import SevenMethods
from lazyjobs_testkit.zoo._file import FileBackend, FileHarness, FileMethods, Journal, WatchedFileHarness
from lazyjobs_testkit.zoo._mutant import OddBackend
from lazyjobs_testkit.zoo._table import Table


class Durable(FileBackend):
    """Keeps its records in a file, which processes share, and has every capability."""

    harness_base = WatchedFileHarness


class SyncedJournal(Journal):
    def write_at(self, content: bytes, position: int) -> None:
        super().write_at(content, position)
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Synced(FileMethods):
    """Waits after each write until the disk has it."""

    traits = Traits(durable=True, multi_process=True)
    table_class = SyncedJournal


class LoneJournal(Journal):
    """Is locked from the first opening in a process to the last closing."""

    handles = 0
    lock: BinaryIO

    def open(self) -> None:
        self.lock = self.path.with_suffix(".lock").open("ab")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            super().open()
        except BlockingIOError as error:
            self.lock.close()
            raise BackendError(f"{self.path} is open in another process; close it there first") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        yield


class LoneHarness(FileHarness):
    """All handles of a process are on one journal, which the last one closes."""

    def open(self, namespace: str) -> SevenMethods:
        table = self.tables.get(namespace)
        if not isinstance(table, LoneJournal) or table.lock.closed:
            table = self.tables[namespace] = self.journal(namespace)
        return self.backend(table)


class Lone(FileBackend):
    """Keeps its records in a file that one process at a time may have open."""

    traits = Traits(durable=True)
    table_class = LoneJournal
    harness_base = LoneHarness
    table: LoneJournal

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.table.handles += 1

    def close(self) -> None:
        if not self.closed:
            self.table.handles -= 1
            if not self.table.handles:
                self.table.lock.close()
        super().close()


ODD_BACKENDS = (OddBackend(Durable.Harness), OddBackend(Synced.Harness), OddBackend(Lone.Harness))
