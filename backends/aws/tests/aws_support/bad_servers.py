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


MANNERS: dict[str, Manner] = {
    "says nothing": say_nothing,
    "answers half": answer_half,
    "breaks off": break_off,
    "resets": reset,
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
    """Passes connections on to a server, until those that are open are frozen: then they are as good as dead."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._frozen: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def freeze(self) -> int:
        """Lets nothing more through on the connections that there are; how many."""
        self._frozen |= self._open
        return len(self._frozen)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._open.add(near)
                for source, sink in ((near, far), (far, near)):
                    Thread(target=self._pass, args=(near, source, sink), daemon=True).start()

    def _pass(self, near: socket.socket, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if near not in self._frozen:
                    sink.sendall(data)
        if near not in self._frozen:
            self._open.discard(near)
            for each in (source, sink):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
