"""Backends that are right unless their storage fails."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from msgspec.structs import replace

from lazyjobs import (
    BackendUnavailableError,
    ClaimLostError,
    ClaimParams,
    FinishParams,
    InsertParams,
    ListOptions,
    Record,
)
from lazyjobs_testkit import Traits
from lazyjobs_testkit.zoo._file import FileMethods, WatchedFileHarness
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class Watched(FileMethods):
    """A correct one whose storage can be made to fail."""

    traits = Traits()
    harness_base = WatchedFileHarness


class Sulker(Watched):
    """Is never well again once the storage has failed."""

    sulking = False

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if self.sulking:
            raise BackendUnavailableError("still broken") from OSError()
        try:
            with super().exclusive(method):
                yield
        except BackendUnavailableError:
            self.sulking = True
            raise


class LockKeeper(Watched):
    """Keeps a lock when the storage has failed, which only the same thread can pass."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.lock = threading.RLock()

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        self.lock.acquire()
        try:
            with super().exclusive(method):
                yield
        except ClaimLostError:
            self.lock.release()
            raise
        self.lock.release()


class ErrorLeaker(Watched):
    """Lets the storage's own errors out of list."""

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        try:
            return super().list(options)
        except BackendUnavailableError as error:
            raise OSError("no answer") from error


class CauseDropper(Watched):
    """Raises its errors without a cause."""

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        try:
            with super().exclusive(method):
                yield
        except BackendUnavailableError:
            message = "no answer"
        else:
            return
        raise BackendUnavailableError(message)


class HalfClaimer(Watched):
    """Makes a claim in two requests, and does not undo the first when the second fails."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        self.table.put(replace(record, attempt=record.attempt + 1))
        self.table.commit()
        return super().run(record, params, now)


class Repeater(Watched):
    """Asks again when an insert failed."""

    def insert(self, params: InsertParams) -> Record:
        try:
            return super().insert(params)
        except BackendUnavailableError:
            return super().insert(params)


class ClaimDropper(Watched):
    """Gives a claim up for lost when its finish failed."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.dropped: set[tuple[int, int]] = set()

    def finish(self, params: FinishParams) -> None:
        if (params.id, params.attempt) in self.dropped:
            raise ClaimLostError(params.id, params.attempt, "dropped")
        try:
            super().finish(params)
            self.table.commit()
        except (OSError, BackendUnavailableError):
            self.dropped.add((params.id, params.attempt))
            raise


class Taker(Watched):
    """Takes a record from what is due, and does not put it back when the claim failed."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.taken: set[int] = set()

    def is_due(self, record: Record, now: datetime) -> bool:
        return record.id not in self.taken and super().is_due(record, now)

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        self.taken.add(record.id)
        running = super().run(record, params, now)
        self.table.commit()
        self.taken.remove(record.id)
        return running


class Swallower(Watched):
    """Answers as if nothing had happened when a finish could not be written."""

    def finish(self, params: FinishParams) -> None:
        super().finish(params)
        with suppress(OSError):
            self.table.commit()
        self.table.pending = {}


MUTANTS = (
    Mutant(Sulker.Harness, "FLT-01", "still broken"),
    Mutant(LockKeeper.Harness, "FLT-01", "had not returned"),
    Mutant(ErrorLeaker.Harness, "FLT-02", "no BackendError"),
    Mutant(CauseDropper.Harness, "FLT-02", "without a __cause__"),
    Mutant(HalfClaimer.Harness, "FLT-03", "altered", racy=True),
    Mutant(Repeater.Harness, "FLT-04", "invented", racy=True),
    Mutant(ClaimDropper.Harness, "FLT-05", "asked for again", racy=True),
    Mutant(Taker.Harness, "FLT-06", "no claim hands out", racy=True),
    Mutant(Swallower.Harness, "FLT-07", "answered all the same", racy=True),
)
