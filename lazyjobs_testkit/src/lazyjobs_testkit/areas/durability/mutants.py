"""Backends that lose, double or spoil what they had acknowledged when a process dies."""

import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from msgspec.structs import replace

from lazyjobs import (
    BackendError,
    BackendUnavailableError,
    ClaimParams,
    FinishParams,
    Record,
    State,
)
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._file import (
    HEADER,
    ClosingMethods,
    FileMethods,
    Journal,
    SharedFileHarness,
)
from lazyjobs_testkit.zoo._mutant import Mutant

_SOON = 0.005


class ClosingWriter(ClosingMethods):
    """Writes all records once more when it is closed, and forgets their errors."""

    def last_words(self) -> Sequence[Record]:
        return [replace(record, last_error="") for record in self.table.all()]


class BackgroundJournal(Journal):
    def open(self) -> None:
        self.unwritten: queue.SimpleQueue[tuple[bytes, int]] = queue.SimpleQueue()
        threading.Thread(target=self.keep_writing, daemon=True).start()
        super().open()

    def keep_writing(self) -> None:
        while True:
            content, position = self.unwritten.get()
            time.sleep(_SOON)
            with suppress(FileNotFoundError):
                self.write_at(content, position)

    def write(self, content: bytes) -> None:
        self.unwritten.put((content, self.known))


class BackgroundWriter(FileMethods):
    """Answers first: another thread writes some milliseconds later, as a cache does."""

    table_class = BackgroundJournal
    harness_base = SharedFileHarness


class LateJournal(Journal):
    late: tuple[bytes, int] | None = None

    def write(self, content: bytes) -> None:
        if self.late is not None:
            self.write_at(*self.late)
        self.late = (content, self.known)


class LateCommitter(FileMethods):
    """Writes what a call has changed when the next one changes something."""

    table_class = LateJournal
    harness_base = SharedFileHarness


class InPlaceJournal(Journal):
    """Holds one frame, of all records."""

    def catch_up(self) -> None:
        self.known = 0
        self.records.clear()
        super().catch_up()

    def commit(self) -> None:
        if self.pending:
            content = HEADER + self.framed({**self.records, **self.pending})
            self.write_at(content, 0)


class InPlaceWriter(FileMethods):
    """Rewrites the file in place with all records, and takes an empty one for a new one."""

    table_class = InPlaceJournal


class TwoStepFinisher(FileMethods):
    """Writes the new state first and the rest of a finish after it."""

    def finish(self, params: FinishParams) -> None:
        record = self.table.get(params.id)
        if record is None or not self.is_settled(record, params):
            held = self.held(record, params)
            outcome = self.outcome(held, params)
            self.table.put(replace(held, state=outcome.state, lease_expires_at=None))
            self.table.commit()
            self.table.put(outcome)


class TwoStepClaimer(FileMethods):
    """Raises the attempt first, then writes the rest of a claim."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        self.table.put(replace(record, attempt=record.attempt + 1))
        self.table.commit()
        return super().run(record, params, now)


class TwoCommitter(FileMethods):
    """Finishes in one commit and claims in another where both were to be one."""

    def finish_and_claim(self, finish: FinishParams, params: ClaimParams) -> Record | None:
        with self.exclusive("finish_and_claim"):
            self.finish(finish)
        with self.exclusive("finish_and_claim"):
            return self.take(params)


class Claims(Journal):
    def open(self) -> None:
        self.mine: set[int] = set()
        """The records that this process has claimed."""
        super().open()


class Deserter(FileMethods):
    """Claims a running record again only if the same process has claimed it before."""

    table_class = Claims
    harness_base = SharedFileHarness
    table: Claims

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        self.table.mine.add(record.id)
        return super().run(record, params, now)

    def is_due(self, record: Record, now: datetime) -> bool:
        deserted = record.state is State.RUNNING and record.id not in self.table.mine
        return not deserted and super().is_due(record, now)


class LeaselessClaimer(FileMethods):
    """Writes the state of a claim first and its lease after it, and never looks at a running record without one."""

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        self.table.put(replace(record, state=State.RUNNING))
        self.table.commit()
        return super().run(record, params, now)


class LockFileJournal(Journal):
    opened = False

    def open(self) -> None:
        super().open()
        self.opened = True

    @contextmanager
    def locked(self) -> Iterator[None]:
        if not self.opened:
            with super().locked():
                yield
            return
        path = self.path.with_suffix(".pid")
        deadline = time.monotonic() + 0.5
        while not self.taken(path):
            if time.monotonic() > deadline:
                raise BackendUnavailableError(f"{path} is there")
            time.sleep(0.001)
        try:
            yield
        finally:
            path.unlink()

    def taken(self, path: "os.PathLike[str]") -> bool:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
            return True
        return False


class LockLeaver(FileMethods):
    """Locks by a file that a killed process leaves behind, and gives up after a while."""

    table_class = LockFileJournal


class HighestIdJournal(Journal):
    def open(self) -> None:
        super().open()
        self.last_id = max(self.records, default=0)


class IdForgetter(FileMethods):
    """Counts ids in memory, from the highest one that is there when a process first opens the file."""

    table_class = HighestIdJournal
    harness_base = SharedFileHarness

    prune = CorrectBackend.prune
    is_old = CorrectBackend.is_old
    prune_order = CorrectBackend.prune_order


class Orphans(Journal):
    def open(self) -> None:
        super().open()
        self.orphans = {(record.id, record.attempt) for record in self.all() if record.state is State.RUNNING}


class LeaseForgetter(FileMethods):
    """Takes for abandoned whatever runs when a process first opens the file."""

    table_class = Orphans
    harness_base = SharedFileHarness
    table: Orphans

    def due_time(self, record: Record) -> datetime | None:
        orphaned = record.state is State.RUNNING and (record.id, record.attempt) in self.table.orphans
        return record.run_at if orphaned else super().due_time(record)


class FenceForgetter(FileMethods):
    """Lets any token finish a running record that this process has not claimed."""

    table_class = Claims
    harness_base = SharedFileHarness
    table: Claims

    def run(self, record: Record, params: ClaimParams, now: datetime) -> Record:
        self.table.mine.add(record.id)
        return super().run(record, params, now)

    def may_finish(self, record: Record, attempt: int) -> bool:
        others = record.state is State.RUNNING and record.id not in self.table.mine
        return others or super().may_finish(record, attempt)


class EmptyFirstJournal(Journal):
    def begin(self, content: bytes) -> None:
        if not content:
            if self.path.exists():
                raise BackendError(f"{self.path} is truncated")
            self.path.touch()
        super().begin(content)


class EmptyFirst(FileMethods):
    """Makes an empty file, fills it afterwards, and does not open an empty one."""

    table_class = EmptyFirstJournal


MUTANTS = (
    Mutant(ClosingWriter.Harness, "DUR-01", "last_error was"),
    Mutant(BackgroundWriter.Harness, "DUR-02", "lost|altered", racy=True),
    Mutant(LateCommitter.Harness, "DUR-02", "lost|altered", racy=True),
    Mutant(InPlaceWriter.Harness, "DUR-03", "lost", racy=True),
    Mutant(TwoStepFinisher.Harness, "DUR-03", "altered", racy=True),
    Mutant(TwoStepClaimer.Harness, "DUR-03", "altered", racy=True),
    Mutant(TwoCommitter.Harness, "DUR-03", "the finish was done, and the claim was not", racy=True),
    Mutant(Deserter.Harness, "DUR-04", "no claim hands out", racy=True),
    Mutant(LeaselessClaimer.Harness, "DUR-04", "no claim hands out", racy=True),
    Mutant(LockLeaver.Harness, "DUR-04", "pid is there|no claim hands out", racy=True),
    Mutant(IdForgetter.Harness, "DUR-05", "gave the ids .* again", racy=True),
    Mutant(LeaseForgetter.Harness, "DUR-06", "was leased until", racy=True),
    Mutant(FenceForgetter.Harness, "DUR-07", "overwritten", racy=True),
    Mutant(EmptyFirst.Harness, "DUR-08", "is truncated", racy=True),
)
