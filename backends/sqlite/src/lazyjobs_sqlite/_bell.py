"""Waking those who wait for work, in this process and in others.

Each waiter has an *ear*: a named pipe beside the file, which it listens to. Who has made something due rings: it writes
a byte to the ears of those who wait on that queue. In this process the bell knows them. Whether anyone in another
process waits is told by a *board*, a small file that all map into their memory: a waiter marks its queues there before
it looks for work, so whoever commits after that look sees the mark. Who sees one takes it down and rings every ear in
the directory. A pipe that nobody reads any more was its dead owner's, and is removed.
"""

import errno
import mmap
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from pathlib import Path
from threading import Lock
from time import sleep, time
from zlib import crc32

_SLOTS = 256
_PREFIX = "ear-"
_HIDDEN = "new-"
_MAKING = 60
"""Seconds after which a hidden pipe was its dead maker's."""
_NAP = 0.01


class Bell:
    """The ears of one backend, and its voice to those of others."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._lock = Lock()
        self._listening: list[Ear] = []
        self._spare: list[Ear] = []
        self._numbers = count(1)
        self._board: mmap.mmap | None = None
        self._closed = False

    @contextmanager
    def listening(self, queues: tuple[str, ...]) -> Iterator["Ear"]:
        """An ear that hears of those queues; where no pipe can be made, one that takes short naps."""
        ear = self._take()
        ear.queues = frozenset(queues)
        ear.slots = tuple({_slot(queue) for queue in queues})
        with self._lock:
            self._listening.append(ear)
        try:
            yield ear
        finally:
            with self._lock:
                self._listening.remove(ear)
                if self._closed:
                    ear.close()
                else:
                    self._spare.append(ear)

    def ring(self, queue: str) -> None:
        """Wakes those who wait on the queue; called after the commit."""
        if self._listening:
            with self._lock:
                for ear in self._listening:
                    if queue in ear.queues:
                        ear.wake()
        slot = _slot(queue)
        board = self._board or self._open_board()
        if board is not None and board[slot]:
            board[slot] = 0
            self._ring_others()

    def close(self) -> None:
        """Wakes those who listen, and removes every ear: now, or when it is no longer listened to."""
        with self._lock:
            self._closed, self._board = True, None
            for ear in self._listening:
                ear.wake()
            while self._spare:
                self._spare.pop().close()

    def hold(self) -> None:
        """Keeps the ears as they are until `release`."""
        self._lock.acquire()

    def release(self) -> None:
        self._lock.release()

    def start_over(self) -> None:
        """In a forked child, while held: lets go of the parent's pipes, which stay where they are."""
        for ear in [*self._listening, *self._spare]:
            ear.let_go()
        self._lock = Lock()
        self._listening, self._spare, self._board = [], [], None

    def _take(self) -> "Ear":
        with self._lock:
            if self._spare:
                return self._spare.pop()
        board = self._board or self._open_board()
        return Ear(self._place / f"{_PREFIX}{os.getpid()}-{id(self):x}-{next(self._numbers)}", board)

    def _open_board(self) -> mmap.mmap | None:
        if self._closed:
            return None
        try:
            descriptor = os.open(self._place / "board", os.O_RDWR | os.O_CREAT, 0o666)
            try:
                # Written, not just lengthened: touching a hole of a full disk through a map would end the process.
                if (size := os.fstat(descriptor).st_size) < _SLOTS:
                    os.pwrite(descriptor, bytes(_SLOTS - size), size)
                self._board = mmap.mmap(descriptor, _SLOTS)
            finally:
                os.close(descriptor)
        except (OSError, ValueError):
            return None
        return self._board

    def _ring_others(self) -> None:
        own = {ear.path for ear in (*self._listening, *self._spare)}
        with suppress(OSError):
            for name in os.listdir(self._place):  # noqa: PTH208 (names are all that is needed)
                if name.startswith(_PREFIX) and (path := self._place / name) not in own:
                    _ring(path)
                elif name.startswith(_HIDDEN):
                    _remove_if_old(self._place / name)


class Ear:
    """What one waiter listens to."""

    def __init__(self, path: Path, board: mmap.mmap | None) -> None:
        self.path = path
        self.queues: frozenset[str] = frozenset()
        self.slots: tuple[int, ...] = ()
        self._board = board
        self._pipe = _make_pipe(path)

    def attend(self) -> None:
        """From here on what is rung is heard; to be called before looking for work."""
        if self._pipe is not None:
            with suppress(BlockingIOError):
                while os.read(self._pipe, 4096):
                    pass
        if self._board is not None:
            for slot in self.slots:
                self._board[slot] = 1

    def sleep(self, seconds: float) -> None:
        """Until it is rung, or for so long."""
        if self._pipe is None or self._board is None:
            sleep(min(seconds, _NAP))
            return
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        poll.poll(max(0.0, seconds) * 1000)

    def wake(self) -> None:
        if self._pipe is not None:
            with suppress(OSError):
                os.write(self._pipe, b"!")

    def close(self) -> None:
        with suppress(OSError):
            self.path.unlink()
        self.let_go()

    def let_go(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


def _make_pipe(path: Path) -> int | None:
    """A pipe that appears under its name only when it is listened to; None where there are none."""
    hidden = path.with_name(f"{_HIDDEN}{path.name}")
    try:
        os.mkfifo(hidden, 0o666)
        pipe = os.open(hidden, os.O_RDWR | os.O_NONBLOCK)
        hidden.rename(path)
    except OSError:
        return None
    return pipe


def _ring(path: Path) -> None:
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            with suppress(OSError):
                path.unlink()
        return
    try:
        with suppress(OSError):
            os.write(pipe, b"!")
    finally:
        os.close(pipe)


def _remove_if_old(path: Path) -> None:
    with suppress(OSError):
        if time() - path.stat().st_mtime > _MAKING:
            path.unlink()


@lru_cache(maxsize=1024)
def _slot(queue: str) -> int:
    return crc32(queue.encode()) % _SLOTS
