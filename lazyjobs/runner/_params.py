"""What the claims of a runner ask for: its queues, its lease, and the name of who claims."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from threading import RLock, current_thread, local

from msgspec.structs import replace

from lazyjobs.contract import ClaimParams
from lazyjobs.jobs import Job, Registry
from lazyjobs.runner._errors import RunnerStateError
from lazyjobs.runner._options import to_worker_name

_HOST = 50
"""So many characters of the host's name, so that process and thread still fit."""


class Params:
    """The parameters of a runner's claims, made at first use, and anew when its queues or its jobs change.

    Each has the name of whoever asks: that of the runner, or host, process and thread. Where one worker claims for
    several, the claims have the name of that one.
    """

    def __init__(
        self, registry: Registry, *, queues: tuple[str, ...] | None, lease: timedelta, name: str | None
    ) -> None:
        self._registry = registry
        self._queues = queues
        self._lease = lease
        self._name = name
        self._lock = RLock()
        self._unnamed: ClaimParams | None = None
        self._mine = local()

    def __call__(self) -> ClaimParams:
        """For the calling thread; raises `RunnerStateError` if there is no queue to watch."""
        try:
            named: ClaimParams = self._mine.params
        except AttributeError:
            named = self._mine.params = self._put_name(self.unnamed)
        return named

    @property
    def unnamed(self) -> ClaimParams:
        """Without the name of who claims; raises `RunnerStateError` if there is no queue to watch."""
        params = self._unnamed
        if params is None:
            with self._lock:
                registered = dict.fromkeys(definition.queue for definition in self._registry.definitions())
                queues = tuple(registered) if self._queues is None else self._queues
                if not queues:
                    raise RunnerStateError("the runner has no queue to watch; register a job, or pass queues=")
                params = self._unnamed = ClaimParams(queues=queues, lease=self._lease)
        return params

    def on(self, queues: tuple[str, ...] | None) -> ClaimParams:
        """For the calling thread, and for these queues instead of the runner's, unless they are None."""
        return self() if queues is None else self._put_name(ClaimParams(queues=queues, lease=self._lease))

    def register(self, job: type[Job]) -> None:
        """Registers the class, whose queue may be another; raises what the registry raises."""
        with self._lock:
            self._registry.register(job)
            self._forget()

    def watch(self, queues: tuple[str, ...]) -> None:
        """Has these queues instead."""
        with self._lock:
            self._queues = queues
            self._forget()

    def after_fork(self) -> None:
        """In the child, which has another name."""
        self._lock = RLock()
        self._forget()

    def _forget(self) -> None:
        self._unnamed = None
        self._mine = local()

    def _put_name(self, params: ClaimParams) -> ClaimParams:
        return replace(params, worker=self._name or _here())


def _here() -> str:
    host = socket.gethostname()[:_HOST] or "localhost"
    return to_worker_name(f"{host}:{os.getpid()}:{current_thread().name}")
