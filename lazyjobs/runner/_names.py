"""Who claims: the name that a backend keeps with each claim."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from threading import current_thread, local

from msgspec.structs import replace

from lazyjobs.contract import ClaimParams
from lazyjobs.runner._options import to_worker_name

_HOST = 50
"""So many characters of the host's name, so that process and thread still fit."""


class NamedParams:
    """The parameters of a claim with the name of whoever asks: that of the runner, or host, process and thread.

    Where one worker claims for several, the claims have the name of that one.
    """

    def __init__(self, name: str | None, params: Callable[[], ClaimParams]) -> None:
        self._name = name
        self._params = params
        self._mine = local()

    def __call__(self) -> ClaimParams:
        """For the calling thread."""
        try:
            named: ClaimParams = self._mine.params
        except AttributeError:
            named = self._mine.params = replace(self._params(), worker=self._name or _here())
        return named

    def forget(self) -> None:
        """Has them made anew, as the parameters of the runner have changed, or the process."""
        self._mine = local()


def _here() -> str:
    host = socket.gethostname()[:_HOST] or "localhost"
    return to_worker_name(f"{host}:{os.getpid()}:{current_thread().name}")
