"""Waking those who wait for work, in this process and in others.

Each waiter has an *ear*: a named pipe beside the file, which it listens to. Who has made something due rings: it writes
a byte to the ears of those who wait on that queue. In this process the bell knows them. Whether anyone in another
process waits is told by a *board*, a small file that all map into their memory: a waiter marks its queues there before
it looks for work, so whoever commits after that look sees the mark. Who sees one takes it down and rings every ear in
the directory. A pipe that nobody reads any more was its dead owner's, and is removed.
"""

import mmap
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from secrets import token_hex
from threading import Lock
from time import sleep, time
from zlib import crc32

from lazyjobs import BackendError
from lazyjobs_sqlite._place import NEW, Directory, Place

_SLOTS = 256
_PREFIX = "ear-"
_MAKING = 60
"""Seconds after which what is not ready was its dead maker's."""
_NAP = 0.01


class Bell:
    """The ears of one backend, and its voice to those of others."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = Lock()
        self._listening: list[Ear] = []
        self._spare: list[Ear] = []
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
        return Ear(self._place, f"{_PREFIX}{os.getpid()}-{token_hex(8)}", board)

    def _open_board(self) -> mmap.mmap | None:
        if self._closed:
            return None
        try:
            with self._place.opened(make=True) as directory:
                descriptor = None if directory is None else directory.open_file("board")
            if descriptor is None:
                return None
            try:
                # Written, not just lengthened: touching a hole of a full disk through a map would end the process.
                if (size := os.fstat(descriptor).st_size) < _SLOTS:
                    os.pwrite(descriptor, bytes(_SLOTS - size), size)
                self._board = mmap.mmap(descriptor, _SLOTS)
            finally:
                os.close(descriptor)
        except (OSError, ValueError, BackendError):
            return None
        return self._board

    def _ring_others(self) -> None:
        own = {ear.name for ear in (*self._listening, *self._spare)}
        with suppress(OSError, BackendError), self._place.opened(make=False) as directory:
            if directory is None:
                return
            for name in directory.names():
                if name.startswith(_PREFIX) and name not in own:
                    directory.ring(name)
                elif name.startswith(NEW):
                    _remove_if_old(directory, name)


class Ear:
    """What one waiter listens to."""

    def __init__(self, place: Place, name: str, board: mmap.mmap | None) -> None:
        self.name = name
        self.queues: frozenset[str] = frozenset()
        self.slots: tuple[int, ...] = ()
        self._place = place
        self._board = board
        self._pipe = _make_pipe(place, name)

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
        with suppress(OSError, BackendError), self._place.opened(make=False) as directory:
            if directory is not None:
                directory.remove(self.name)
        self.let_go()

    def let_go(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


def _make_pipe(place: Place, name: str) -> int | None:
    """None where there are none, or this user may make none."""
    try:
        with place.opened(make=True) as directory:
            return None if directory is None else directory.make_pipe(name)
    except (OSError, BackendError):
        return None


def _remove_if_old(directory: Directory, name: str) -> None:
    with suppress(OSError):
        if time() - directory.changed_at(name) > _MAKING:
            directory.remove(name)


@lru_cache(maxsize=1024)
def _slot(queue: str) -> int:
    return crc32(queue.encode()) % _SLOTS
