"""moto as a server on this machine's loopback."""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from threading import Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from lazyjobs_aws.emulator._lock import Turnstile

HOST = "127.0.0.1"

Environ = dict[str, Any]
Answer = tuple[str, Any, bytes]


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


def make_emulator(port: int) -> BaseWSGIServer:
    """A server that is listening; port 0 takes a free one."""
    moto = DomainDispatcherApplication(create_backend_app)
    turnstile = Turnstile()

    def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, headers, content = turnstile.pass_through(
            environ.get("HTTP_X_AMZ_TARGET", ""),
            body,
            lambda body: _ask(moto, environ, body),
            lambda answer: b"Messages" not in answer[2],
        )
        start_response(status, headers)
        return [content]

    return make_server(HOST, port, serve, threaded=True, request_handler=_Handler)


def _ask(moto: Callable[..., Iterable[bytes]], environ: Environ, body: bytes) -> Answer:
    told: list[Any] = []
    environ = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    content = b"".join(moto(environ, lambda status, headers, _=None: told.extend((status, headers))))
    return told[0], told[1], content


def serve_until_abandoned(port: int) -> None:
    """Serves, tells the address on standard output, and ends with standard input: when whoever started it is gone."""
    server = make_emulator(port)
    sys.stdout.write(f"http://{HOST}:{server.server_port}\n")
    sys.stdout.flush()
    Thread(target=server.serve_forever, daemon=True).start()
    while os.read(sys.stdin.fileno(), 4096):
        pass


def serve_here(port: int) -> None:
    """Serves until it is interrupted or terminated."""
    server = make_emulator(port)
    sys.stdout.write(f"DynamoDB and SQS are emulated at http://{HOST}:{server.server_port}; nothing of it lasts\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    serve_until_abandoned(0)
