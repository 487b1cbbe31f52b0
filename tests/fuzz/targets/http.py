"""The control plane, in this process and over a socket: every request has an answer, and no answer tells too much."""

import json
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path

from lazyjobs import JobRunner
from lazyjobs.control import serve
from lazyjobs.control._http import Request
from lazyjobs.control._plane import ControlPlane
from lazyjobs_memory import MemoryBackend
from tests.fuzz.mutation import mutate, mutate_text
from tests.fuzz.targets.target import Target
from tests.support.control import GUARDED, SECRET, TOKEN, make_discarded
from tests.support.jobs import Do

_HOSTILE = "<script>alert(1)</script>\r\nSet-Cookie: a=b\r\n\r\n\x1b[2J\u202e"
_METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "<b>")
_PATHS = ("/jobs", "/metrics", "/jobs/1/requeue", "/jobs/9223372036854775807/requeue", "/", "//evil/jobs", "/jobs/..")
_QUERIES = ("", "state=discarded", "state=pending&state=running", "state=%00", "x=" + "y" * 50)
_HEADERS = (
    ("accept", "text/html,application/json;q=0.5"),
    ("accept", "application/vnd.lazyjobs.page+json;q=1.000, */*;q=0"),
    ("host", "127.0.0.1:80"),
    ("host", "evil@localhost"),
    ("origin", "http://127.0.0.1"),
    ("sec-fetch-site", "cross-site"),
    ("authorization", f"Bearer {TOKEN}"),
    ("authorization", "Basic dXNlcjphLXRva2VuLW9mLXNvbWUtbGVuZ3Ro"),
    ("cookie", "lazyjobs=1"),
    ("content-length", "5"),
)
_WHOLE = (
    b"GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n\r\n",
    b"POST /jobs/1/requeue HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
    b"HEAD /metrics HTTP/1.0\r\n\r\n",
    b"GET /jobs\r\n",
    b"GET http://a/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET /jobs HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
)
_EACH = 20
"""After so many bad requests the server has to answer a good one."""
_PATIENCE = 15.0


def _make_runner() -> JobRunner:
    runner = JobRunner(MemoryBackend(), jobs=[Do])
    runner.enqueue(Do(name=SECRET))
    make_discarded(runner.backend, _HOSTILE)
    return runner


@contextmanager
def requests_target(_: Path) -> Iterator[Target]:
    """What `ControlPlane.answer` makes of anything that a server could hand it."""
    runner = _make_runner()
    planes = [
        ControlPlane(runner, page=True),
        ControlPlane(runner.backend),
        ControlPlane(runner, page=True, token=TOKEN, hosts=["127.0.0.1", "localhost"]),
    ]

    def make(chance: random.Random) -> tuple[int, Request]:
        headers = dict(chance.sample(_HEADERS, chance.randint(0, 4)))
        return chance.randrange(len(planes)), Request(
            method=chance.choice(_METHODS) if chance.random() < 0.8 else mutate_text(chance, _METHODS),
            path=chance.choice(_PATHS) if chance.random() < 0.6 else mutate_text(chance, _PATHS),
            query=mutate_text(chance, _QUERIES),
            headers={name: mutate_text(chance, (value,)) for name, value in headers.items()},
        )

    def give(given: tuple[int, Request]) -> None:
        number, request = given
        answer = planes[number].answer(request)
        assert 200 <= answer.status < 600
        for name in ("Cache-Control", "X-Content-Type-Options", "X-Frame-Options"):
            assert answer.headers[name] == GUARDED[name]
        for name, value in answer.headers.items():
            assert not {"\r", "\n", "\0"} & set(f"{name}{value}"), (name, value)
        told = answer.body.decode()
        assert SECRET not in told
        if answer.content_type.startswith("text/html"):
            assert "<script>alert" not in told
        elif "json" in answer.content_type:
            json.loads(told)

    yield Target(make, give)


@contextmanager
def sockets_target(_: Path) -> Iterator[Target]:
    """What the server makes of bytes, whole requests or not."""
    numbers = count(1)
    with serve(_make_runner(), "127.0.0.1", 0, refresh=timedelta(seconds=1)) as address:

        def give(content: bytes) -> None:
            told = _ask(address, content)
            assert SECRET.encode() not in told
            if next(numbers) % _EACH == 0:
                assert _ask(address, _WHOLE[0]).startswith(b"HTTP/1.0 200"), "a good request is not answered"

        yield Target(lambda chance: mutate(chance, _WHOLE), give)


def _ask(address: tuple[str, int], content: bytes) -> bytes:
    told = b""
    # Whoever is refused early is told so by a reset, or finds the connection gone.
    with socket.create_connection(address, timeout=_PATIENCE) as connection, suppress(ConnectionError):
        connection.sendall(content)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            told += part
    return told
