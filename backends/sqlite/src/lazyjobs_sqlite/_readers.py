"""Connections for reading, beside the one that writes."""

from collections.abc import Callable
from threading import Lock
from time import sleep
from typing import Any

from lazyjobs_sqlite._file import Link
from lazyjobs_sqlite._group import Action

_SPARE = 4
_PAUSE = 0.001


class Readers:
    """As many connections as are needed at once, of which a few are kept."""

    def __init__(self, make_link: Callable[[], Link]) -> None:
        self._make_link = make_link
        self._mutex = Lock()
        self._spare: list[Link] = []
        self._used: set[Link] = set()
        self._closed = False

    def run(self, action: Action) -> Any:
        link = self._take()
        try:
            return link.run(action)
        finally:
            self._give(link)

    def _take(self) -> Link:
        with self._mutex:
            link = self._spare.pop() if self._spare else self._make_link()
            if self._closed:
                link.shut()
            self._used.add(link)
            return link

    def _give(self, link: Link) -> None:
        with self._mutex:
            self._used.discard(link)
            if self._closed or len(self._spare) >= _SPARE:
                link.shut()
            else:
                self._spare.append(link)

    def hold(self) -> None:
        """Waits until nobody reads, and keeps it so until `release`."""
        self._mutex.acquire()
        while self._used:
            self._mutex.release()
            sleep(_PAUSE)
            self._mutex.acquire()

    def release(self) -> None:
        self._mutex.release()

    def close(self) -> None:
        """Closes what is not in use now, and the rest when its caller is done."""
        with self._mutex:
            self._closed = True
            spare, self._spare = self._spare, []
        for link in spare:
            link.shut()

    def disconnect(self) -> None:
        """Closes every connection, while held; whoever comes next opens another."""
        for link in self._spare:
            link.close()

    def start_over(self) -> None:
        """In a forked child, while held and disconnected: lets go of `hold`."""
        self._mutex = Lock()
