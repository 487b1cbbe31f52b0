"""The one job: a file's checksum."""

import hashlib
import os
from dataclasses import dataclass
from datetime import timedelta
from io import BufferedReader
from pathlib import Path
from stat import S_ISREG
from typing import ClassVar, Self

from examples.checksums.manifest import append_line, format_line
from lazyjobs import BaseJob


@dataclass
class Checksum(BaseJob):
    """Computes a file's SHA-256 and appends it to the lines of a manifest. Run twice, it only repeats its line.

    The fields are bytes because file names are: not every one of them is text that JSON could hold.
    """

    kind: ClassVar[str] = "checksum"
    job_queue: ClassVar[str] = "checksums"
    job_max_attempts: ClassVar[int] = 3
    directory: bytes
    name: bytes
    """Relative to the directory."""
    lines: bytes
    """The file that all jobs of one run append to."""

    @classmethod
    def of(cls, directory: Path, name: Path, lines: Path) -> Self:
        """The job for the file `directory / name`."""
        return cls(directory=os.fsencode(directory), name=os.fsencode(name), lines=os.fsencode(lines))

    def job_retry_delay(self, attempt: int) -> timedelta:
        """What makes a file unreadable seldom passes, so a failure is known within a second."""
        return timedelta(milliseconds=200 * attempt)

    def work(self) -> None:
        """Raises OSError for a file that cannot be read."""
        with _open_regular(_path(self.directory) / _path(self.name)) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        append_line(_path(self.lines), format_line(digest, self.name))


def _path(name: bytes) -> Path:
    return Path(os.fsdecode(name))


def _open_regular(path: Path) -> BufferedReader:
    if not S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
        raise OSError("no longer a regular file")
    return path.open("rb")
