"""Backends that are right as long as one process at a time uses them. None of them sleeps."""

import fcntl
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lazyjobs_testkit import Traits
from lazyjobs_testkit.zoo._file import HEADER, OLD_HEADER, FileMethods, Journal, WatchedFileHarness
from lazyjobs_testkit.zoo._mutant import Mutant

_SHARED = Traits(multi_process=True)
LOCKS: defaultdict[Path, threading.RLock] = defaultdict(threading.RLock)
"""By file, for the threads of this process."""


class ThreadLock(FileMethods):
    """Keeps threads out of a claim with a lock that other processes do not know of."""

    traits = _SHARED

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        with LOCKS[self.table.path]:
            if method == "claim":
                yield
                return
            with super().exclusive(method):
                yield


class ThreadLockedFinish(FileMethods):
    """Keeps threads out of a finish with a lock that other processes do not know of."""

    traits = _SHARED

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        with LOCKS[self.table.path]:
            if method in ("complete", "retry", "discard"):
                yield
                return
            with super().exclusive(method):
                yield


class LoneCounter(FileMethods):
    """Counts ids in each process by itself, from what it found when it first inserted."""

    traits = _SHARED
    counted: defaultdict[Path, int] = defaultdict(int)

    def next_id(self) -> int:
        path = self.table.path
        self.counted[path] = (self.counted[path] or self.table.last_id) + 1
        return self.counted[path]


class OverwritingJournal(Journal):
    """Writes a new record without a lock that others respect."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        if self.inserting:
            yield
            return
        with super().locked():
            yield

    inserting = False

    def count(self) -> int:
        """A number that nobody has had."""
        with self.path.with_suffix(".ids").open("ab", buffering=0) as ids:
            fcntl.flock(ids, fcntl.LOCK_EX)
            ids.write(b".")
            return ids.tell()


class OverwritingInserter(FileMethods):
    """Writes a new record over whatever another process has stored since this one last looked."""

    traits = _SHARED
    table_class = OverwritingJournal
    table: OverwritingJournal

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        with LOCKS[self.table.path]:
            self.table.inserting = method == "insert"
            with super().exclusive(method):
                yield

    def next_id(self) -> int:
        return self.table.count()


class HastyJournal(Journal):
    """Looks whether there is a file, and makes one if there is none, with room for others between."""

    def open(self) -> None:
        if not self.path.exists():
            self.path.write_bytes(HEADER)
        super().open()


class HastyOpener(FileMethods):
    """Looks whether there is a file, and makes a new one if there is none, with room for others between."""

    traits = _SHARED
    table_class = HastyJournal


class TwiceUpgradingJournal(Journal):
    def open(self) -> None:
        content = self.read()
        if content.startswith(OLD_HEADER):
            with self.locked():
                self.upgrade(content.removeprefix(OLD_HEADER))
        super().open()


class TwiceUpgrader(FileMethods):
    """Looks for an older version without a lock and upgrades what another process has upgraded already."""

    traits = _SHARED
    table_class = TwiceUpgradingJournal
    harness_base = WatchedFileHarness


MUTANTS = (
    Mutant(ThreadLock.Harness, "CON-03", "duplicated: record", racy=True),
    Mutant(ThreadLockedFinish.Harness, "CON-05", "overwritten|revived|refused|altered", racy=True),
    Mutant(LoneCounter.Harness, "CON-08", "reused id", racy=True),
    Mutant(OverwritingInserter.Harness, "CON-10", "lost|altered|invented|miscounted", racy=True),
    Mutant(HastyOpener.Harness, "DUR-09", "lost|reused id|unexpected|died|raised", racy=True),
    Mutant(TwiceUpgrader.Harness, "MIG-03", "lost|reused id|unexpected|raised", racy=True),
)
