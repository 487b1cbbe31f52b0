"""Backends that are right unless a process is killed, or the storage restarted, while others are at work."""

import fcntl
import os
import time

import msgspec

from lazyjobs import Record
from lazyjobs_testkit import Traits
from lazyjobs_testkit.zoo._file import HEAD_SIZE, HEADER, Changes, FileHarness, FileMethods, Journal
from lazyjobs_testkit.zoo._mutant import Mutant, OddBackend


class PiecewiseJournal(Journal):
    """Writes a frame piece by piece, behind a mark by which one that was cut off is passed over."""

    MARK = b"\xf5\xc1jo"
    PIECE = 16

    def open(self) -> None:
        """Cuts the file off where the first frame does not end."""
        with self.locked():
            content = self.read()
            whole = len(HEADER)
            while (frame := self.marked_frame(content[whole:])) is not None:
                whole += len(self.MARK) + HEAD_SIZE + len(frame)
            if whole < len(content):
                os.truncate(self.path, whole)
        super().open()

    def marked_frame(self, content: bytes) -> bytes | None:
        return self.frame_of(content[len(self.MARK) :]) if content.startswith(self.MARK) else None

    def catch_up(self) -> None:
        if not self.known:
            self.begin(self.read())
        content = self.read()
        self.known += len(content)
        for place in _places(content, self.MARK):
            if (frame := self.marked_frame(content[place:])) is not None:
                self.take_in(msgspec.msgpack.decode(frame, type=dict[int, Record | None]), 0)

    def framed(self, changes: Changes) -> bytes:
        return self.MARK + super().framed(changes)

    def write(self, content: bytes) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | (0 if self.known else os.O_CREAT))
        try:
            for start in range(0, len(content), self.PIECE):
                os.pwrite(descriptor, content[start : start + self.PIECE], self.known + start)
        finally:
            os.close(descriptor)


def _places(content: bytes, mark: bytes) -> list[int]:
    """Where the mark stands."""
    places: list[int] = []
    place = content.find(mark)
    while place >= 0:
        places.append(place)
        place = content.find(mark, place + 1)
    return places


class OverTruncator(FileMethods):
    """Cuts the file off, when it opens it, at a frame that was not finished, and so what others wrote behind it."""

    traits = Traits(durable=True, multi_process=True)
    table_class = PiecewiseJournal


class RestartedFileHarness(FileHarness):
    """Restarts a storage that keeps everything: nobody gets at the file for a while."""

    def restart(self, namespace: str) -> None:
        with self.journal(namespace).locked():
            time.sleep(0.05)


class Restarted(FileMethods):
    """Is not to be reached for a while now and then, when its storage restarts."""

    harness_base = RestartedFileHarness
    traits = Traits(durable=True, multi_process=True)


class ForgetfulFileHarness(FileHarness):
    """Restarts a storage that loses what it had acknowledged last."""

    def restart(self, namespace: str) -> None:
        path = self.path(namespace)
        before = path.stat().st_size
        time.sleep(0.05)
        with path.with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.truncate(path, before)


class ForgetfulRestart(FileMethods):
    """Loses in a restart of its storage what was acknowledged last."""

    harness_base = ForgetfulFileHarness


MUTANTS = (
    Mutant(
        OverTruncator.Harness,
        "DUR-10",
        "lost|altered|reused id|duplicated|revived|refused|overwritten|empty|invented",
        racy=True,
    ),
    Mutant(ForgetfulRestart.Harness, "DUR-11", "lost|altered|reused id|duplicated|refused|overwritten", racy=True),
)
ODD_BACKENDS = (OddBackend(Restarted.Harness),)
