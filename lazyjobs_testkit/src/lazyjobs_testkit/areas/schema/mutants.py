"""Backends that make something wrong of what an older or a newer version of them has written."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from lazyjobs import BackendError, Record
from lazyjobs_testkit.zoo._file import HEADER, NEWER_HEADER, FileMethods, Journal, WatchedFileHarness
from lazyjobs_testkit.zoo._mutant import Mutant


class ForgettingJournal(Journal):
    def upgraded(self, record: Record) -> Record:
        return replace(record, last_error="")


class ErrorDropper(FileMethods):
    """Forgets in the upgrade which errors an older version has stored."""

    table_class = ForgettingJournal
    harness_base = WatchedFileHarness


class OldIgnorer(FileMethods):
    """Lists what an older version has stored, and never claims it."""

    harness_base = WatchedFileHarness

    def due_records(self, queues: Sequence[str], now: datetime) -> Sequence[Record]:
        return [record for record in super().due_records(queues, now) if record.kind != "old"]


class AnyVersionJournal(Journal):
    def begin(self, content: bytes) -> None:
        super().begin(content.replace(NEWER_HEADER, HEADER))


class VersionIgnorer(FileMethods):
    """Opens whatever it finds."""

    table_class = AnyVersionJournal
    harness_base = WatchedFileHarness


class StampingJournal(Journal):
    def begin(self, content: bytes) -> None:
        if content.startswith(NEWER_HEADER):
            self.replace(HEADER + content.removeprefix(NEWER_HEADER))
            raise BackendError(f"{self.path} was written by a newer version")
        super().begin(content)


class VersionStamper(FileMethods):
    """Refuses what a newer version has written after having put its own mark on it."""

    table_class = StampingJournal
    harness_base = WatchedFileHarness


MUTANTS = (
    Mutant(ErrorDropper.Harness, "MIG-01", "last_error"),
    Mutant(OldIgnorer.Harness, "MIG-02", "not handed out"),
    Mutant(VersionIgnorer.Harness, "MIG-04", "opened and used"),
    Mutant(VersionStamper.Harness, "MIG-04", "was changed"),
)
