"""The places of a meeting between processes: a small file that all of them map."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lazyjobs_testkit.history._meeting import Places

_WIDTH = 8


def create_places(path: Path, count: int) -> None:
    """Makes the file, every place at round 0."""
    path.write_bytes(bytes(_WIDTH * count))


@contextmanager
def share_places(path: Path) -> Iterator[Places]:
    """The places as a sequence of ints; what one process writes the others read at once."""
    with (
        path.open("r+b") as file,
        mmap.mmap(file.fileno(), 0) as memory,
        memoryview(memory) as content,
        content.cast("q") as places,
    ):
        yield places
