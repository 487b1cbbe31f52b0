"""A small server for the control plane of a worker process."""

from __future__ import annotations

import logging
import socket
import sys
from contextlib import contextmanager
from io import TextIOBase
from ipaddress import ip_address
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from lazyjobs.control._plane import Options, Source
from lazyjobs.control._wsgi import wsgi_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack
    from wsgiref.types import ErrorStream

logger = logging.getLogger("lazyjobs")

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Complaints(TextIOBase):
    """Takes what wsgiref would print on standard error, which is about clients that went away or do not read."""

    def write(self, text: str) -> int:
        logger.debug("control plane: %s", text.rstrip())
        return len(text)


class _Handler(WSGIRequestHandler):
    timeout = 10

    def get_stderr(self) -> ErrorStream:
        return _Complaints()

    def log_message(self, format: str, *arguments: object) -> None:
        logger.debug("control plane: " + format, *arguments)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    loopback = True
    needs_loopback = True

    def server_bind(self) -> None:
        # HTTPServer would look the host's name up, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.loopback = ip_address(self.server_name.partition("%")[0]).is_loopback
        if self.needs_loopback and not self.loopback:
            raise ValueError(
                f"the address {self.server_name} can be reached from other machines, so the control plane needs a "
                "token there; give it one, or choose 127.0.0.1"
            )
        self.setup_environ()

    def handle_error(self, request: object, client_address: tuple[str, int]) -> None:  # noqa: ARG002 (the base's)
        error = sys.exception()
        level = logging.DEBUG if isinstance(error, OSError) else logging.ERROR
        logger.log(level, "control plane: the connection from %s failed: %s", client_address[0], error, exc_info=error)


@contextmanager
def serve(source: Source, host: str, port: int, **options: Unpack[Options]) -> Iterator[tuple[str, int]]:
    """Serves a runner, or a backend alone, from a daemon thread while the context lasts.

    Gives the address, with the port chosen for 0. The page and requeueing are there unless `page=False`. On loopback it
    may be asked by the names of loopback, `host` and `hosts` only, so that no page of another site gets at it by a name
    of its own. Beyond loopback it needs a token: without one this raises ValueError, and nothing listens. Raises
    OSError when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    needs_loopback = options.get("token") is None
    server_class = type("_OneServer", (_Server,), {"address_family": family, "needs_loopback": needs_loopback})
    with server_class((host, port), _Handler) as server:
        server.set_app(wsgi_app(source, **_complete(options, host, loopback=server.loopback)))
        thread = Thread(target=server.serve_forever, name="lazyjobs-control", daemon=True)
        thread.start()
        try:
            yield server.server_name, server.server_port
        finally:
            server.shutdown()
            thread.join()


def _complete(options: Options, host: str, *, loopback: bool) -> Options:
    named = options.get("hosts")
    hosts = (*_LOOPBACK, host, *(named or ())) if loopback or named is not None else None
    return {"page": True, **options, "hosts": hosts}
