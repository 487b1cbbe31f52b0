"""A time limit for an answer as a whole: that of a socket is for each piece, and a server may send byte by byte."""

import io
import socket
from contextlib import suppress
from http.client import HTTPResponse
from time import monotonic
from typing import Any, ClassVar


def limit_answers(client: Any, seconds: float) -> None:
    """Lets no answer to the client take longer, from the request's end on; it is then a time-out like any other."""
    # boto3 offers no way to its connections; one that keeps them elsewhere has the limit of each piece alone.
    pools: dict[str, Any] = {}
    with suppress(AttributeError):
        pools = client._endpoint.http_session._pool_classes_by_scheme  # noqa: SLF001
    for scheme, pool in list(pools.items()):
        answer = type("Answer", (_Answer,), {"seconds": seconds})
        connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": answer})
        pools[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Answer(HTTPResponse):
    seconds: ClassVar[float]

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Source(sock, monotonic() + self.seconds), *args, **kwargs)  # type: ignore[arg-type]


class _Source:
    """What `HTTPResponse` needs of a socket."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, *_: str) -> io.BufferedReader:
        return io.BufferedReader(_Pieces(self._sock, self._deadline))


class _Pieces(io.RawIOBase):
    """Reads as the socket's own file does, until the deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the answer as a whole took too long")
        each = self._sock.gettimeout()
        self._sock.settimeout(left if each is None else min(each, left))
        try:
            return self._file.readinto(buffer)
        finally:
            if self._sock.fileno() >= 0:
                self._sock.settimeout(each)

    def close(self) -> None:
        self._file.close()
        super().close()
