"""A small server for the control plane of a worker process."""

from __future__ import annotations

import logging
import socket
import sys
from contextlib import contextmanager
from io import TextIOBase
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from lazyjobs.control._wsgi import wsgi_app
from lazyjobs.runner import JobRunner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import ErrorStream

logger = logging.getLogger("lazyjobs")


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

    def server_bind(self) -> None:
        # HTTPServer would look the host's name up, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: object, client_address: tuple[str, int]) -> None:  # noqa: ARG002 (the base's)
        error = sys.exception()
        level = logging.DEBUG if isinstance(error, OSError) else logging.ERROR
        logger.log(level, "control plane: the connection from %s failed: %s", client_address[0], error, exc_info=error)


@contextmanager
def serve(runner: JobRunner, host: str, port: int) -> Iterator[tuple[str, int]]:
    """Serves `GET /jobs` from a daemon thread while the context lasts; gives the address, with the port chosen for 0.

    Raises OSError when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server_class = type("_FamilyServer", (_Server,), {"address_family": family})
    with server_class((host, port), _Handler) as server:
        server.set_app(wsgi_app(runner))
        thread = Thread(target=server.serve_forever, name="lazyjobs-control", daemon=True)
        thread.start()
        try:
            yield server.server_name, server.server_port
        finally:
            server.shutdown()
            thread.join()
