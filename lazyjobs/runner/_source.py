"""Where a runner's backend comes from, and who closes it."""

import os
from threading import RLock

from lazyjobs.contract import Backend, BackendClosedError, BackendURL, SupportsClose, open_backend
from lazyjobs.jobs import show_given
from lazyjobs.runner._siblings import note_memory, warn_of_child

DEFAULT_URL = "memory://"
URL_VARIABLE = "LAZYJOBS_BACKEND"
"""The environment variable with the URL of the backend, where nothing else names one."""

_IN_MEMORY = BackendURL.parse(DEFAULT_URL).scheme

_left_behind: list[Backend] = []


class BackendSource:
    """A backend that was given, or one that is opened from a URL at first use and then closed by its owner."""

    def __init__(self, given: object) -> None:
        self._url: str | None = None
        self._backend: Backend | None = None
        match given:
            case None:
                self._url = os.environ.get(URL_VARIABLE) or DEFAULT_URL
            case str():
                self._url = given
            case Backend() if not isinstance(given, type):
                self._backend = given
            case _:
                raise TypeError(f"backend must be a Backend, a URL or None, not {show_given(given)}")
        self._closed = False
        self._forgotten = False
        self._lock = RLock()

    @property
    def url(self) -> str | None:
        """The URL it opens; None if a backend was given."""
        return self._url

    @property
    def opened(self) -> bool:
        """Whether a URL was opened already; a backend that was given never counts as opened here."""
        return self._url is not None and self._backend is not None

    @property
    def at_hand(self) -> Backend | None:
        """The backend, unless it is still to be opened."""
        return self._backend

    def get(self) -> Backend:
        """The backend, opened if need be; raises what `open_backend` raises, and `BackendClosedError` after close."""
        backend = self._backend
        return backend if backend is not None else self._open()

    def _open(self) -> Backend:
        with self._lock:
            if self._closed or self._url is None:
                opened = BackendURL.mask(self._url or "")
                raise BackendClosedError(f"the runner that opened {opened!r} was closed; make another runner")
            if self._backend is None:
                self._backend = open_backend(self._url)
                if BackendURL.parse(self._url).scheme == _IN_MEMORY:
                    warn_of_child() if self._forgotten else note_memory()
            return self._backend

    def close(self) -> None:
        """Closes what this opened; leaves a backend that was given to whoever opened it."""
        if self._url is None:
            return
        with self._lock:
            backend: object = self._backend
            self._backend = None
            self._closed = True
        if isinstance(backend, SupportsClose):
            backend.close()

    def forget(self) -> None:
        """In the child after a fork: the parent's connections are not used, nor closed; a URL is opened anew."""
        self._lock = RLock()
        if self._url is not None and self._backend is not None:
            _left_behind.append(self._backend)
            self._backend = None
            self._forgotten = True
