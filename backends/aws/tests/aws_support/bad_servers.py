"""Servers that accept connections and then do not do what a server should."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

Manner = Callable[[socket.socket, Event], None]
_HALF = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 1000\r\n\r\n{"


def say_nothing(connection: socket.socket, over: Event) -> None:
    """Keeps the connection, and never answers."""
    over.wait(120)


def answer_half(connection: socket.socket, over: Event) -> None:
    """Begins an answer, and never ends it."""
    connection.recv(65536)
    connection.sendall(_HALF)
    over.wait(120)


def break_off(connection: socket.socket, over: Event) -> None:
    """Begins an answer, and closes."""
    connection.recv(65536)
    connection.sendall(_HALF)


def reset(connection: socket.socket, over: Event) -> None:
    """Resets the connection once it was asked something."""
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip_headers(connection: socket.socket, over: Event) -> None:
    """Sends a byte of the headers at a time, without end."""
    connection.recv(65536)
    connection.sendall(_HALF[: _HALF.index(b"Content-Length")] + b"X-Slow: ")
    while not over.wait(0.2):
        connection.sendall(b"x")


def drip_body(connection: socket.socket, over: Event) -> None:
    """The same of the body, of which there is more than anyone waits for."""
    connection.recv(65536)
    connection.sendall(_HALF)
    for _ in range(999):
        if over.wait(0.2):
            return
        connection.sendall(b" ")


MANNERS: dict[str, Manner] = {
    "says nothing": say_nothing,
    "answers half": answer_half,
    "breaks off": break_off,
    "resets": reset,
    "drips headers": drip_headers,
    "drips the body": drip_body,
}


@contextmanager
def bad_server(manner: Manner) -> Iterator[str]:
    """The URL of a server on loopback that treats every connection in that manner."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def treat(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                manner(connection, over)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    Thread(target=treat, args=(connection,), daemon=True).start()

        accepting = Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
    accepting.join(5)


class Proxy:
    """Passes connections on to a server, but for those that it swallows: what is sent on them goes nowhere."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._to_swallow = 0
        self._over = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def swallow(self, number: int) -> None:
        """The next so many requests are lost on connections that stay open."""
        self._to_swallow = number

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._port)) as far, suppress(OSError):
            Thread(target=self._return, args=(far, near), daemon=True).start()
            while request := near.recv(65536):
                if self._to_swallow:
                    self._to_swallow -= 1
                    self._over.wait(120)
                    return
                far.sendall(request)

    def _return(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while answer := far.recv(65536):
                near.sendall(answer)
            near.shutdown(socket.SHUT_RDWR)
