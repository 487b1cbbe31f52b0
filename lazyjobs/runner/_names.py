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
        """For the calling thread; made anew when the runner's parameters have changed."""
        params = self._params()
        made = getattr(self._mine, "made", None)
        if made is None or made[0] is not params:
            made = self._mine.made = (params, replace(params, worker=self._name or _here()))
        named: ClaimParams = made[1]
        return named


def _here() -> str:
    host = socket.gethostname()[:_HOST] or "localhost"
    return to_worker_name(f"{host}:{os.getpid()}:{current_thread().name}")
