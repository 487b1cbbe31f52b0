"""What a power cut may leave of what was written.

The model: a sync that has returned makes durable what had been written to that file, or entered in that directory,
before it began. Of anything else any part may be there: of a write any sectors, each old or new as a whole, in any
order; a sector that was never synced may hold anything at all; of the names created, removed and renamed in a directory
any number, those of one file in order. That is harsher than the journal of a common file system, and it is what
"Application crash consistency" (Pillai et al., OSDI 2014) found file systems to do between them.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from torture.disk._log import Entry, Event

SECTOR = 512


class Loss(StrEnum):
    """What becomes of what was not synced."""

    ALL = "nothing of it is left"
    NONE = "all of it is left"
    TAIL = "what came last is lost, the write where that begins is torn"
    ANY = "any sectors of it are left"
    GARBAGE = "any sectors of it are left, and others are garbage"


class _File:
    def __init__(self, content: bytes = b"") -> None:
        self.stable = bytearray(content)
        self.pending: list[tuple[int, Entry]] = []

    def sync(self, place: int) -> None:
        while self.pending and self.pending[0][0] < place:
            _apply(self.stable, self.pending.pop(0)[1])


class _Name(list[tuple[int, _File | None]]):
    """What one name stood for: first what is durable, then what was entered since."""

    def sync(self, place: int) -> None:
        while len(self) > 1 and self[1][0] < place:
            del self[0]


class Found(NamedTuple):
    """A file that was there before anything was remembered."""

    path: str
    inode: int
    content: bytes

    @classmethod
    def all(cls, directory: Path) -> "list[Found]":
        """Every file of a directory."""
        files = [file for file in directory.iterdir() if file.is_file()]
        return [cls(str(file), file.stat().st_ino, file.read_bytes()) for file in files]


class Platter:
    """The files of one directory, from when only these were there; entries of a log are added one by one."""

    def __init__(self, directory: Path, before: Sequence[Found] = ()) -> None:
        self._directory = str(directory)
        self._files: dict[int, _File] = {}
        self._names: defaultdict[str, _Name] = defaultdict(lambda: _Name([(-1, None)]))
        self._syncing: defaultdict[int, list[int]] = defaultdict(list)
        self._place = 0
        for path, inode, content in before:
            self._files[inode] = file = _File(content)
            self._names[path] = _Name([(-1, file)])

    def add(self, entry: Entry) -> None:
        """What happened next."""
        self._place += 1
        match entry.event:
            case Event.CREATED:
                self._create(entry)
            case Event.WRITTEN | Event.TRUNCATED:
                self._files.setdefault(entry.inode, _File()).pending.append((self._place, entry))
            case Event.UNLINKED:
                self._enter(entry.path, None)
            case Event.RENAMED:
                self._enter(entry.data.decode(), self._names[entry.path][-1][1])
                self._enter(entry.path, None)
            case Event.SYNC_BEGUN:
                self._syncing[entry.inode].append(self._place)
            case Event.SYNC_ENDED:
                self._sync(entry, self._syncing[entry.inode].pop(0))

    def _create(self, entry: Entry) -> None:
        """A new file, unless two processes created the same one; the number of a removed file is soon used again."""
        file = self._files.get(entry.inode)
        if file is None or self._names[entry.path][-1][1] is not file:
            self._files[entry.inode] = file = _File()
            self._enter(entry.path, file)

    def _enter(self, path: str, file: _File | None) -> None:
        self._names[path].append((self._place, file))

    def _sync(self, entry: Entry, begun: int) -> None:
        if entry.path == self._directory:
            for name in self._names.values():
                name.sync(begun)
        elif entry.inode in self._files:
            self._files[entry.inode].sync(begun)

    def cut(self, loss: Loss, choices: random.Random) -> dict[str, bytes]:
        """The files that are found when the power has come back, by their path in the directory."""
        share = choices.choice((0.1, 0.5, 0.9))
        found: dict[str, bytes] = {}
        for path, name in self._names.items():
            file = name[_number_left(len(name) - 1, loss, choices)][1]
            if file is not None:
                found[str(Path(path).relative_to(self._directory))] = _content(file, loss, share, choices)
        return found

    @property
    def unsynced(self) -> int:
        """How many changes may be lost."""
        return sum(len(file.pending) for file in self._files.values()) + sum(len(n) - 1 for n in self._names.values())


def _number_left(pending: int, loss: Loss, choices: random.Random) -> int:
    match loss:
        case Loss.ALL:
            return 0
        case Loss.NONE:
            return pending
    return choices.randint(0, pending)


def _content(file: _File, loss: Loss, share: float, choices: random.Random) -> bytes:
    content = bytearray(file.stable)
    entries = [entry for _, entry in file.pending]
    match loss:
        case Loss.ALL:
            entries = []
        case Loss.TAIL if entries:
            entries = entries[: choices.randrange(len(entries)) + 1]
            entries[-1:] = [part for part in _sectors(entries[-1]) if choices.random() < share]
        case Loss.ANY | Loss.GARBAGE:
            entries = list(_some(entries, loss, share, choices, len(content)))
    for entry in entries:
        _apply(content, entry)
    return bytes(content)


def _some(entries: Sequence[Entry], loss: Loss, share: float, choices: random.Random, durable: int) -> Iterator[Entry]:
    for entry in entries:
        for part in _sectors(entry):
            if choices.random() < share:
                yield part
            elif loss is Loss.GARBAGE and part.data and part.offset >= durable:
                yield part._replace(data=choices.randbytes(len(part.data)))


def _sectors(entry: Entry) -> Iterator[Entry]:
    """A write as the sectors that it touches; a truncation as it is."""
    if entry.event is Event.TRUNCATED:
        yield entry
    begin, end = entry.offset, entry.offset + len(entry.data)
    while begin < end:
        after = min(end, (begin // SECTOR + 1) * SECTOR)
        yield entry._replace(offset=begin, data=entry.data[begin - entry.offset : after - entry.offset])
        begin = after


def _apply(content: bytearray, entry: Entry) -> None:
    missing = entry.offset - len(content)
    if missing > 0:
        content.extend(bytes(missing))
    if entry.event is Event.TRUNCATED:
        del content[entry.offset :]
    else:
        content[entry.offset : entry.offset + len(entry.data)] = entry.data
