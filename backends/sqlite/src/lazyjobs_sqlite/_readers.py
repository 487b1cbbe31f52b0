"""Connections for reading, beside the one that writes."""

from collections.abc import Callable
from functools import partial
from random import Random
from threading import Lock
from typing import Any

from lazyjobs import BackendClosedError
from lazyjobs_sqlite._file import Link
from lazyjobs_sqlite._group import Action

_MOST = 8
_choices = Random()  # noqa: S311 (nothing secret)


class Readers:
    """As many connections as are needed at once, up to eight; beyond that, readers wait for one another."""

    def __init__(self, make_link: Callable[[], Link]) -> None:
        self._make_link = make_link
        self._mutex = Lock()
        self._links: tuple[Link, ...] = ()
        self._closed = False

    def run(self, action: Action, *, whole: bool = False) -> Any:
        """What `action` returns; `whole` says that its statements are to see the same."""
        link = self._choose()
        with link.lock:
            if whole:
                return link.run(partial(link.transact, action), alone=True)
            return link.run(action)

    def _choose(self) -> Link:
        for link in self._links:
            if not link.lock.locked():
                return link
        with self._mutex:
            if self._closed:
                raise BackendClosedError
            if len(self._links) < _MOST:
                link = self._make_link()
                self._links = (*self._links, link)
                return link
        return _choices.choice(self._links)

    def hold(self) -> None:
        """Waits until nobody reads, and keeps it so until `release`."""
        self._mutex.acquire()
        for link in self._links:
            link.lock.acquire()

    def release(self) -> None:
        for link in self._links:
            link.lock.release()
        self._mutex.release()

    def disconnect(self) -> None:
        """Closes every connection, while held; whoever comes next opens another."""
        for link in self._links:
            link.close()

    def start_over(self) -> None:
        """In a forked child, while held and disconnected: lets go of `hold`."""
        self._mutex = Lock()
        self._links = ()

    def close(self) -> None:
        """Closes for good, once those who read have ended."""
        with self._mutex:
            self._closed = True
        for link in self._links:
            with link.lock:
                link.shut()
