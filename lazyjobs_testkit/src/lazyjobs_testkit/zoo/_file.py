"""The correct durable backend: the records of a namespace in a journal, a file that threads and processes share.

Each commit appends one frame with the records that it changed. A frame that a crash has cut off does not count, and
the next commit overwrites it. A lock file keeps all others out of a transaction, which begins by taking in what they
have appended since.
"""

import fcntl
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from lazyjobs import BackendClosedError, BackendError, BackendUnavailableError, Record, State, WaitParams
from lazyjobs_testkit import Traits
from lazyjobs_testkit.harness import private_directory
from lazyjobs_testkit.zoo._base import CorrectBackend, SevenMethods
from lazyjobs_testkit.zoo._faults import SWITCHES, FaultSwitch
from lazyjobs_testkit.zoo._table import Table, TableHarness

HEADER = b"lazyjobs zoo journal 2\n"
OLD_HEADER = b"lazyjobs zoo journal 1\n"
NEWER_HEADER = b"lazyjobs zoo journal 3\n"
ROOT = private_directory("lazyjobs-zoo")

Changes = Mapping[int, Record | None]
"""What a commit makes of records, by id; None is deleted."""

_LENGTH_AND_SUM = struct.Struct("<II")
HEAD_SIZE = _LENGTH_AND_SUM.size
"""How many bytes stand before a frame's content."""
_BLINK = 0.005
_HOUR = timedelta(hours=1)


class Journal(Table):
    """The records of a namespace as one handle knows them. What is called outside of `exclusive` commits by itself."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.switch = SWITCHES[path]
        self.known = 0
        """How many bytes of the file this handle has taken in."""
        self.pending: dict[int, Record | None] = {}
        self._inside = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self.open()

    def open(self) -> None:
        """Makes the file if there is none, upgrades an older one, and refuses a newer one."""
        with self.exclusive():
            pass

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """A transaction: nobody else reads or writes, and what was put is committed at the end, all or nothing."""
        with self.changed:
            if self._inside:
                yield
                return
            try:
                with self.locked(), self.transaction():
                    yield
            except OSError as error:
                raise BackendUnavailableError(f"{self.path}: {error}; try again") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps all other handles out, in this process and in others."""
        with self.path.with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._inside = True
        try:
            self.catch_up()
            yield
            self.commit()
        finally:
            self._inside = False
            self.pending = {}

    def get(self, id: int) -> Record | None:
        with self.exclusive():
            return self.pending[id] if id in self.pending else self.records.get(id)

    def put(self, record: Record) -> None:
        with self.exclusive():
            self.pending[record.id] = record

    def delete(self, id: int) -> None:
        with self.exclusive():
            self.pending[id] = None

    def all(self) -> Sequence[Record]:
        with self.exclusive():
            return [record for record in {**self.records, **self.pending}.values() if record is not None]

    def catch_up(self) -> None:
        """Takes in what was appended since."""
        if not self.known:
            self.begin(self.switch.request(self.read))
        content = self.switch.request(self.read)
        while (changes := self.frame_of(content)) is not None:
            length = HEAD_SIZE + len(changes)
            self.take_in(msgspec.msgpack.decode(changes, type=dict[int, Record | None]), length)
            content = content[length:]

    def read(self) -> bytes:
        """The file from where this handle has got to; nothing if there is none."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.known)
                return file.read()
        except FileNotFoundError:
            return b""

    def begin(self, content: bytes) -> None:
        """Looks at a file for the first time."""
        if content.startswith(OLD_HEADER):
            self.upgrade(content.removeprefix(OLD_HEADER))
        elif HEADER.startswith(content):
            self.write(HEADER)
        elif not content.startswith(HEADER):
            raise BackendError(f"{self.path} was written by a newer version; upgrade, or open another file")
        self.known = len(HEADER)

    def upgrade(self, lines: bytes) -> None:
        """Rewrites what the older version wrote: a line of JSON for each record."""
        records = [self.upgraded(msgspec.json.decode(line, type=Record)) for line in lines.splitlines()]
        self.replace(HEADER + self.framed({record.id: record for record in records}))

    def upgraded(self, record: Record) -> Record:
        return record

    def replace(self, content: bytes) -> None:
        incoming = self.path.with_suffix(".incoming")
        incoming.write_bytes(content)
        incoming.replace(self.path)

    def frame_of(self, content: bytes) -> bytes | None:
        """The first whole frame; None if there is none."""
        if len(content) < HEAD_SIZE:
            return None
        length, checksum = _LENGTH_AND_SUM.unpack_from(content)
        frame = content[HEAD_SIZE:][:length]
        return frame if frame and len(frame) == length and zlib.crc32(frame) == checksum else None

    def framed(self, changes: Changes) -> bytes:
        frame = msgspec.msgpack.encode(changes)
        return _LENGTH_AND_SUM.pack(len(frame), zlib.crc32(frame)) + frame

    def commit(self) -> None:
        if self.pending:
            frame = self.framed(self.pending)
            self.switch.request(lambda: self.write(frame))
            self.take_in(self.pending, len(frame))

    def write(self, content: bytes) -> None:
        """Appends to what is known; whatever may stand behind that was cut off by a crash."""
        self.write_at(content, self.known)

    def write_at(self, content: bytes, position: int) -> None:
        """Writes there, and cuts off what stood behind; only what begins a file makes one."""
        descriptor = os.open(self.path, os.O_WRONLY | (0 if position else os.O_CREAT))
        try:
            os.ftruncate(descriptor, position)
            os.pwrite(descriptor, content, position)
        finally:
            os.close(descriptor)

    def take_in(self, changes: Changes, length: int) -> None:
        self.known += length
        for id, record in changes.items():
            self.last_id = max(self.last_id, id)
            if record is None:
                self.records.pop(id, None)
            else:
                self.records[id] = record


class FileHarness(TableHarness):
    """Opens a backend on a journal."""

    def path(self, namespace: str) -> Path:
        return ROOT / type(self).name / namespace

    def open(self, namespace: str) -> SevenMethods:
        return self.backend(self.journal(namespace))

    def journal(self, namespace: str) -> Journal:
        kind = self.backend.table_class
        assert issubclass(kind, Journal)
        return kind(self.path(namespace))

    def destroy(self, namespace: str) -> None:
        super().destroy(namespace)
        for path in self.path(namespace).parent.glob(f"{namespace}*"):
            path.unlink(missing_ok=True)
        SWITCHES.pop(self.path(namespace), None)


class SharedFileHarness(FileHarness):
    """All handles of a process are on one journal, so that only another process sees what the file holds."""

    def open(self, namespace: str) -> SevenMethods:
        if namespace not in self.tables:
            self.tables[namespace] = self.journal(namespace)
        return self.backend(self.tables[namespace])


class WatchedFileHarness(FileHarness):
    """Offers what else the kit may try: a storage that fails, a wrong clock, an older and a newer file."""

    def faults(self, namespace: str) -> FaultSwitch:
        return SWITCHES[self.path(namespace)]

    def set_clock(self, namespace: str, offset: timedelta) -> None:
        SWITCHES[self.path(namespace)].offset = offset

    def old_schema(self, namespace: str) -> Sequence[Record]:
        records = [_old_record(id, state) for id, state in enumerate(State, 1)]
        self._leave(namespace, OLD_HEADER + b"\n".join(map(msgspec.json.encode, records)))
        return records

    def newer_schema(self, namespace: str) -> Callable[[], bytes]:
        self._leave(namespace, NEWER_HEADER + b"something unheard of")
        return self.path(namespace).read_bytes

    def _leave(self, namespace: str, content: bytes) -> None:
        path = self.path(namespace)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _old_record(id: int, state: State) -> Record:
    now = datetime.now(UTC)
    return Record(
        id=id,
        kind="old",
        queue=f"queue{id % 2}",
        payload=b'{"id": %d}' % id,
        state=state,
        attempt=0 if state is State.PENDING else 1,
        max_attempts=3,
        run_at=now - _HOUR,
        created_at=now - 2 * _HOUR,
        updated_at=now - timedelta(minutes=id),
        lease_expires_at=now + _HOUR if state is State.RUNNING else None,
        last_error="" if state is State.PENDING else "once",
    )


class FileMethods(SevenMethods):
    """The seven methods over a journal, for one process at a time."""

    traits = Traits(durable=True)
    table_class = Journal
    harness_base = FileHarness
    table: Journal

    def now(self) -> datetime:
        return super().now() + self.table.switch.offset


class ClosingMethods(FileMethods):
    """The same with a close, which rewrites what `last_words` says."""

    closed = False

    @contextmanager
    def exclusive(self, method: str) -> Iterator[None]:
        if self.closed:
            raise BackendClosedError
        with super().exclusive(method):
            yield

    def close(self) -> None:
        if not self.closed:
            with self.exclusive("close"):
                for record in self.last_words():
                    self.table.put(record)
        self.closed = True

    def last_words(self) -> Sequence[Record]:
        return ()


class FileBackend(FileMethods, CorrectBackend):
    """The seven methods and every capability over a journal, which processes share."""

    traits = Traits(durable=True, multi_process=True)

    def wait(self, params: WaitParams) -> bool:
        deadline = time.monotonic() + self.patience(params)
        while True:
            with self.exclusive("wait"):
                if self.is_something_due(params):
                    return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_BLINK)
