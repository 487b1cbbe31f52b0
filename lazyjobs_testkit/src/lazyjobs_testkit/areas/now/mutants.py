"""Backends whose now is wrong."""

import threading
from contextlib import suppress
from datetime import UTC, datetime

from lazyjobs import BackendError, InsertParams
from lazyjobs_testkit import Traits
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._file import FileMethods, WatchedFileHarness
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class NaiveNow(CorrectBackend):
    """Now is UTC, and does not say so."""

    def now(self) -> datetime:
        return super().now().replace(tzinfo=None)


class KeepsItsNow(CorrectBackend):
    """Asks for the time once, and answers it ever after."""

    kept: datetime | None = None

    def now(self) -> datetime:
        self.kept = self.kept or super().now()
        return self.kept


class WholeSeconds(CorrectBackend):
    """Now is cut to whole seconds, while created_at is exact."""

    def now(self) -> datetime:
        return super().now().replace(microsecond=0)


class ClockByInsert(CorrectBackend):
    """Inserts a record to see which time it gets."""

    def now(self) -> datetime:
        return self.insert(InsertParams(kind="clock", queue="clock")).created_at


class ClockOfOneThread(CorrectBackend):
    """Has a connection for the clock that only the thread that opened it may use."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.owner = threading.get_ident()

    def now(self) -> datetime:
        if threading.get_ident() != self.owner:
            raise BackendError("the connection belongs to another thread")
        return super().now()


class ServerClock(FileMethods):
    """A correct one that asks its storage for the time, and whose clock can be set and its storage made to fail."""

    traits = Traits()
    harness_base = WatchedFileHarness

    def now(self) -> datetime:
        with self.exclusive("now"):
            return self.clock()


class MachineNow(ServerClock):
    """Now is the machine's clock, while the storage's decides what is due."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ClockLeaker(ServerClock):
    """Lets the storage's own error out of now."""

    def now(self) -> datetime:
        try:
            return super().now()
        except BackendError as error:
            raise OSError("no answer") from error


class FallsBack(ServerClock):
    """Answers the machine's clock when the storage gives no answer."""

    def now(self) -> datetime:
        with suppress(BackendError):
            return super().now()
        return datetime.now(UTC)


class AsksTwice(ServerClock):
    """Asks its storage for the time, and then once more."""

    def now(self) -> datetime:
        return max(super().now(), super().now())


MUTANTS = (
    Mutant(NaiveNow.Harness, "NOW-01", r"now is naive"),
    Mutant(KeepsItsNow.Harness, "NOW-02", r"now was .*, inserted before, has created_at"),
    Mutant(WholeSeconds.Harness, "NOW-02", r"now was .*, inserted before, has created_at"),
    Mutant(MachineNow.Harness, "NOW-03", r"now is .*, which is not the clock"),
    Mutant(ClockByInsert.Harness, "NOW-04", r"asking for now: the records were \[1, 2, 3\] and are \[1, 2, 3, 4, 5\]"),
    Mutant(ClockOfOneThread.Harness, "NOW-05", r"the connection belongs to another thread"),
    Mutant(ClockLeaker.Harness, "NOW-06", r"which is no BackendError"),
    Mutant(FallsBack.Harness, "NOW-06", r"what now, whose request failed .* answered is .*, which is not the clock"),
    Mutant(AsksTwice.Harness, "NOW-07", r"now made a second request to the storage"),
)
