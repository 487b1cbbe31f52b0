"""What was asked of a disk, in order."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

_ENTRY = struct.Struct("=qqqqqq")


class Event(IntEnum):
    """What happened to a file, or to a directory."""

    CREATED = 1
    WRITTEN = 2
    SYNC_BEGUN = 3
    SYNC_ENDED = 4
    TRUNCATED = 5
    UNLINKED = 6
    RENAMED = 7


class Entry(NamedTuple):
    """One thing that happened."""

    time: int
    """The monotonic clock just afterwards, in nanoseconds; before it, where a sync begins."""
    event: Event
    inode: int
    offset: int
    """Where a write begins, or the size after a truncation."""
    path: str
    data: bytes
    """What was written; the new path, of a rename."""


def read_log(log: Path) -> list[Entry]:
    """Everything that was remembered."""
    return list(_entries(log.read_bytes())) if log.exists() else []


def _entries(content: bytes) -> Iterator[Entry]:
    place = 0
    while place < len(content):
        time, event, inode, offset, size, name = _ENTRY.unpack_from(content, place)
        begin = place + _ENTRY.size
        middle, place = begin + name, begin + name + size
        yield Entry(time, Event(event), inode, offset, content[begin:middle].decode(), content[middle:place])
