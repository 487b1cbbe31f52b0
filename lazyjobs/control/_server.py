"""A small server for the control plane of a worker process."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING

from lazyjobs.control._connections import Connections
from lazyjobs.control._plane import ControlPlane, Options, Source
from lazyjobs.runner import call_in_child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BACKLOG = 128


@contextmanager
def serve(source: Source, host: str, port: int, **options: Unpack[Options]) -> Iterator[tuple[str, int]]:
    """Serves a runner, or a backend alone, from a daemon thread while the context lasts.

    Gives the address, with the port chosen for 0. The page and requeueing are there unless `page=False`. On loopback it
    may be asked by the names of loopback, `host` and `hosts` only, so that no page of another site gets at it by a name
    of its own. Beyond loopback it needs a token: without one this raises ValueError, and nothing listens. Raises
    OSError when the address cannot be had. It keeps 32 connections at the most, gives each 10 seconds to send its
    request and 30 to read the answer, and answers 8 requests at once.
    """
    with _bind(host, port) as listener:
        name, chosen = listener.getsockname()[:2]
        loopback = ip_address(name.partition("%")[0]).is_loopback
        if options.get("token") is None and not loopback:
            raise ValueError(
                f"the address {name} can be reached from other machines, so the control plane needs a token there; "
                "give it one, or choose 127.0.0.1"
            )
        server = _Server(ControlPlane(source, **_complete(options, host, loopback=loopback)), listener)
        listener.listen(_BACKLOG)
        server.start()
        try:
            yield name, chosen
        finally:
            server.stop()


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _complete(options: Options, host: str, *, loopback: bool) -> Options:
    named = options.get("hosts")
    hosts = (*_LOOPBACK, host, *(named or ())) if loopback or named is not None else None
    return {"page": True, **options, "hosts": hosts}


class _Server:
    """An event loop in a daemon thread."""

    def __init__(self, plane: ControlPlane, listener: socket.socket) -> None:
        self._connections = Connections(plane)
        self._listener = listener
        self._loop = asyncio.SelectorEventLoop()
        self._stopping = asyncio.Event()
        self._thread = Thread(target=self._run, name="lazyjobs-control", daemon=True)
        call_in_child(self, _Server._let_go)

    def _let_go(self) -> None:
        # A child that lives longer would keep the port from the next worker, and its clients without an answer.
        self._listener.close()
        self._connections.let_go()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Closes every connection at once; what is being answered is not waited for."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        accepting = asyncio.create_task(self._connections.accept(self._listener))
        await self._stopping.wait()
        accepting.cancel()
        await asyncio.wait({accepting})
