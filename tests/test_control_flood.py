"""Connections that mean no good: none of them holds anything for long, and jobs go on beside them."""

import errno
import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import count, pairwise, repeat
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest

from lazyjobs import JobRunner
from lazyjobs.control import _connections, serve
from lazyjobs.control._http import Answer
from lazyjobs.control._plane import ControlPlane
from tests.support.backends import PlainBackend
from tests.support.control import TOKEN, make_runner
from tests.support.waiting import GENEROUS, wait_until

Address = tuple[str, int]
TIMEOUT = GENEROUS.total_seconds()
REQUEST = b"GET /jobs HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST /jobs HTTP/1.1\r\nHost: localhost\r\n"
ROOT = Path(__file__).parents[1]


def connect(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=TIMEOUT)


def ask(address: Address, sent: bytes = REQUEST) -> bytes:
    with connect(address) as connection:
        connection.sendall(sent)
        return connection.makefile("rb").read()


def rush(address: Address, stack: ExitStack, number: int) -> list[socket.socket]:
    """Connections that come faster than they may be accepted; the last may be on their way yet."""
    rushed = [stack.enter_context(socket.socket()) for _ in range(number)]
    for connection in rushed:
        connection.settimeout(0.05)
        with suppress(TimeoutError):
            connection.connect(address)
    return rushed


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed it, without waiting."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@contextmanager
def flooded_worker(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Address]]:
    """`tests.support.flooded_worker`, once it waits, and the address of its control plane."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.flooded_worker", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            assert process.stdout.readline() == "waiting\n"
            yield process, ("127.0.0.1", port)
        finally:
            process.kill()


@pytest.mark.parametrize(
    "sent", [b"", b"GET /jo", b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"]
)
def test_with_128_descriptors_and_200_connections_a_thousand_jobs_that_open_files_succeed(
    tmp_path: Path, sent: bytes
) -> None:
    with flooded_worker(str(tmp_path), "1000") as (process, address), ExitStack() as stack:
        for connection in rush(address, stack, 200):
            with suppress(OSError):  # it may be closed already, to make room for others
                connection.sendall(sent)
        output, errors = process.communicate("go\n", timeout=60)
    told = json.loads(output)
    assert told["counts"] == {"succeeded": 1_000}
    assert errors == ""


def test_those_who_send_nothing_keep_no_core_busy_and_the_next_is_answered(tmp_path: Path) -> None:
    with flooded_worker(str(tmp_path), "1") as (process, address), ExitStack() as stack:
        connections = rush(address, stack, 200)
        assert b"401 Unauthorized" in ask(address)
        most = _connections.MOST_CONNECTIONS
        wait_until(lambda: sum(map(is_closed, connections)) >= 200 - most, what="the end of those that are too many")
        output, _ = process.communicate("go\n", timeout=60)
    assert json.loads(output)["waited"] < 1  # seconds of the processor


def test_without_a_descriptor_left_it_says_so_once_and_goes_on(tmp_path: Path) -> None:
    with flooded_worker(str(tmp_path), "1000", "hold") as (process, address), ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connect(address))
        last = stack.enter_context(connect(address))
        assert process.stdin is not None
        assert process.stderr is not None
        said = process.stderr.readline()
        process.stdin.write("go\n")
        process.stdin.flush()
        last.sendall(REQUEST)
        assert b"401 Unauthorized" in last.makefile("rb").read()
        output, more = process.communicate(timeout=60)
    assert "the control plane accepts nothing for 1 s: [Errno 24] Too many open files" in said
    assert more == ""
    assert json.loads(output)["counts"] == {"succeeded": 1_000}


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_without_a_descriptor_left_it_pauses_and_closes_those_who_have_sent_nothing(
    address: Address, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert _connections._PAUSE == 1
    monkeypatch.setattr(_connections, "_PAUSE", 0.2)
    tried: list[float] = []

    def accept(_: socket.socket) -> tuple[socket.socket, object]:
        tried.append(monotonic())
        raise OSError(number, "none left")

    with connect(address) as silent:
        assert b"200 OK" in ask(address)  # so the one before was accepted, too
        with monkeypatch.context() as patched:
            patched.setattr(socket.socket, "accept", accept)
            late = connect(address)
            wait_until(lambda: len(tried) >= 4)
        assert silent.recv(1) == b""
        with late:
            late.sendall(REQUEST)
            assert b"200 OK" in late.makefile("rb").read()
    assert min(later - earlier for earlier, later in pairwise(tried)) >= 0.19
    (said,) = caplog.records
    assert "it closed the connections without a request (1)" in said.getMessage()


def test_a_client_that_is_gone_before_it_is_accepted_holds_up_nobody(
    address: Address, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    real, failed = socket.socket.accept, list[OSError]()

    def accept(listener: socket.socket) -> tuple[socket.socket, object]:
        if len(failed) < 3:
            failed.append(ConnectionAbortedError() if len(failed) else BlockingIOError())
            raise failed[-1]
        return real(listener)

    monkeypatch.setattr(socket.socket, "accept", accept)
    assert b"200 OK" in ask(address)
    assert len(failed) == 3
    assert not caplog.records


@pytest.fixture
def address() -> Iterator[Address]:
    with serve(make_runner(), "127.0.0.1", 0) as address:
        yield address


def drip(connection: socket.socket, parts: Iterable[bytes]) -> float:
    """Sends them one after another until the server ends it; after how many seconds it did."""
    began = monotonic()
    for part in parts:
        with suppress(OSError):
            connection.sendall(part)
        if is_closed(connection):
            return monotonic() - began
        assert monotonic() - began < TIMEOUT, "the server goes on reading"
        sleep(0.01)
    raise AssertionError("all was sent")


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (b"", repeat(b"")),
        (b"GET /jo", repeat(b"")),
        (b"GET /", repeat(b"a")),
        (HEAD, (b"X%d: y\r\n" % index for index in count())),
        (HEAD + b"Content-Length: 65536\r\n\r\n", repeat(b"x")),
    ],
    ids=["nothing", "the beginning", "a line byte by byte", "headers one by one", "a body byte by byte"],
)
def test_a_request_must_be_there_as_a_whole_in_time(
    address: Address,
    first: bytes,
    rest: Iterable[bytes],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert _connections.SENDING_TIME == 10
    monkeypatch.setattr(_connections, "SENDING_TIME", 0.3)
    caplog.set_level("INFO")
    with connect(address) as connection:
        connection.sendall(first)
        assert drip(connection, rest) > 0.2
    assert not caplog.records


@pytest.mark.parametrize("reads", [0, 1])
def test_an_answer_must_be_taken_as_a_whole_in_time(
    address: Address, reads: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    size = 50_000_000  # more than the sockets of both sides hold
    big = Answer(status=200, content_type="text/plain", body=bytes(size))
    monkeypatch.setattr(ControlPlane, "answer", lambda *_: big)
    assert _connections.READING_TIME == 30
    monkeypatch.setattr(_connections, "READING_TIME", 0.3)
    caplog.set_level("INFO")
    received = 0
    with connect(address) as connection:
        connection.sendall(REQUEST)
        ended = monotonic() + 0.5
        while monotonic() < ended:
            received += len(connection.recv(reads)) if reads else 0
            sleep(0.01)
        with suppress(ConnectionResetError):
            while part := connection.recv(1_000_000):
                received += len(part)
    assert received < size
    assert not caplog.records


def test_where_there_is_no_room_the_one_that_was_waited_for_longest_makes_it(address: Address) -> None:
    most = _connections.MOST_CONNECTIONS
    assert most == 32
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(address)) for _ in range(most)]
        assert b"200 OK" in ask(address)
        wait_until(lambda: is_closed(connections[0]))
        assert not any(map(is_closed, connections[2:]))


@pytest.fixture
def held() -> Iterator[tuple[Address, Event, list[str]]]:
    """A control plane whose backend answers nothing until it is told to, and the calls that it got."""
    leave, calls = Event(), list[str]()

    def hold(name: str) -> None:
        calls.append(name)
        assert leave.wait(TIMEOUT)

    with serve(JobRunner(PlainBackend(hold)), "127.0.0.1", 0, token=TOKEN) as address:
        yield address, leave, calls
        leave.set()


def test_a_backend_that_hangs_keeps_few_threads_and_those_without_a_token_none(
    held: tuple[Address, Event, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, leave, _ = held
    monkeypatch.setattr(_connections, "QUEUEING_TIME", 0.3)
    known = REQUEST[:-2] + f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()

    def answering() -> int:
        return sum(thread.name == "lazyjobs-control-answer" for thread in threading.enumerate())

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ask, address, known) for _ in range(20)]
        wait_until(lambda: sum(future.done() for future in asked) == 20 - _connections.MOST_ANSWERS)
        assert answering() == _connections.MOST_ANSWERS
        assert b"401 Unauthorized" in ask(address)
        leave.set()
        answers = [future.result(TIMEOUT) for future in asked]
    statuses = Counter(answer.split()[1] for answer in answers)
    assert statuses == {b"503": 20 - _connections.MOST_ANSWERS, b"200": _connections.MOST_ANSWERS}
    assert all(b"Cache-Control: no-store" in answer for answer in answers)


def test_without_a_thread_to_be_had_it_says_so_and_goes_on(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr("lazyjobs.control._connections.Thread.start", start)
        for _ in range(_connections.MOST_ANSWERS + 1):
            assert b"503 Service Unavailable" in ask(address)
    assert b"200 OK" in ask(address)


@pytest.mark.parametrize("sent", [b"\0", REQUEST], ids=["refused", "answered"])
def test_whole_requests_are_paced_after_a_burst_too(address: Address, sent: bytes) -> None:
    assert (_connections._BURST, _connections._PACE) == (64, 0.01)
    began = monotonic()
    for _ in range(_connections._BURST + 50):
        assert ask(address, sent).startswith(b"HTTP/1.0")
    assert monotonic() - began >= 50 * _connections._PACE


def test_a_request_in_a_thousand_pieces_is_read_a_hundred_times_a_second(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _connections._PIECE == 0.01
    read = list[float]()
    receive = _connections._Connection._receive

    async def count_reads(connection: _connections._Connection) -> bytes:
        received = await receive(connection)
        read.append(monotonic())
        return received

    monkeypatch.setattr(_connections._Connection, "_receive", count_reads)
    with connect(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")
        assert b"405" in connection.makefile("rb").read()
    assert min(later - earlier for earlier, later in pairwise(read)) > 0.005
