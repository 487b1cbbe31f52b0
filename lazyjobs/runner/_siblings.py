"""Notices that two processes of one server keep jobs in memory, each for itself."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lazyjobs.runner._fork import call_in_child
from lazyjobs.runner._log import LOG

if TYPE_CHECKING:
    import socket

_DESCRIPTORS = "/proc/self/fd"
_ADVICE = "use a backend that processes share, such as sqlite:///jobs.db, or one process"


class _Mark:
    """A name of the server that one of its processes holds; the system frees it with the process."""

    held: int | None = None
    """A descriptor, since a socket that is open at the end would be warned of."""
    process: int | None = None

    def let_go(self) -> None:
        """In a forked child, which may outlive the process."""
        if self.held is not None:
            os.close(self.held)
            self.held = None


_mark = _Mark()
call_in_child(_mark, _Mark.let_go)


def note_memory() -> None:
    """Warns if another process of this server has noted the same.

    Processes of one server share the socket that it listens on, under uvicorn, gunicorn and their like. Where it cannot
    be told which socket that is, as on other systems than Linux, nothing is noted.
    """
    if _mark.process == os.getpid():
        return
    _mark.process = os.getpid()
    with suppress(OSError):
        for inode in _listening():
            if not _hold(f"\0lazyjobs-memory-{inode}"):
                LOG.warning(
                    "memory:// is in each process for itself, and another process of this server has one too: a job "
                    "runs only in the process that enqueued it, and no page shows those of both; %s",
                    _ADVICE,
                )
            return


def warn_of_child() -> None:
    """Warns in a forked child that what its parent keeps in memory is not there."""
    LOG.warning(
        "memory:// is in each process for itself: this one was forked, and begins with none of its parent's jobs; what "
        "is enqueued here does not come to the parent; %s",
        _ADVICE,
    )


def _hold(name: str) -> bool:
    import socket

    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        mark.bind(name)
    except OSError:
        mark.close()
        return False
    _mark.held = mark.detach()
    return True


def _listening() -> list[int]:
    """The inodes of the sockets that this process listens on or is about to, the oldest first."""
    import socket

    found: list[int] = []
    for entry in Path(_DESCRIPTORS).iterdir():
        with suppress(OSError):
            status = os.fstat(int(entry.name))
            if stat.S_ISSOCK(status.st_mode):
                with socket.socket(fileno=os.dup(int(entry.name))) as seen:
                    if _is_a_servers(seen):
                        found.append(status.st_ino)
    return sorted(found)


def _is_a_servers(seen: socket.socket) -> bool:
    """Whether it has an address and no peer; a server may be told to listen only after the application has begun."""
    import socket

    name = seen.getsockname()
    if seen.type != socket.SOCK_STREAM or not name or (isinstance(name, tuple) and name[1] == 0):
        return False
    try:
        seen.getpeername()
    except OSError:
        return True
    return False
