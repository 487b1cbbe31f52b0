"""The server that a worker process shows itself with: real HTTP over real sockets."""

import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from lazyjobs import JobRunner
from lazyjobs.control import _server, serve
from lazyjobs.control._plane import ControlPlane
from tests.support.backends import PlainBackend
from tests.support.control import FAILURE, TOKEN, make_discarded, make_failing_runner, make_runner
from tests.support.waiting import GENEROUS

Address = tuple[str, int]
TIMEOUT = GENEROUS.total_seconds()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def runner() -> JobRunner:
    return make_runner()


@pytest.fixture(scope="module")
def address(runner: JobRunner) -> Iterator[Address]:
    with serve(runner, "127.0.0.1", 0) as address:
        yield address


def request(
    address: Address, method: str = "GET", path: str = "/jobs", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def connect(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=TIMEOUT)


def test_it_serves_the_snapshot_and_gives_the_port_it_chose(runner: JobRunner, address: Address) -> None:
    status, headers, body = request(address)
    assert status == 200
    assert address[0] == "127.0.0.1"
    assert address[1] > 0
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert body == msgspec.json.encode(runner.snapshot())


def test_head_has_the_length_of_get_and_no_body(address: Address) -> None:
    status, headers, body = request(address, "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) == len(request(address)[2])


def test_other_paths_and_methods_are_refused(address: Address) -> None:
    assert request(address, path="/")[0] == 404
    assert request(address, "DELETE")[0] == 405


def test_what_is_no_http_is_answered_with_an_error(address: Address) -> None:
    with connect(address) as connection:
        connection.sendall(b"GET /jobs HTTP/1.1 and more\r\n\r\n")
        assert b"400" in connection.makefile("rb").read()


def test_requests_are_answered_beside_one_that_takes_long() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold(_: str) -> None:
        if not entered.is_set():
            entered.set()
            assert leave.wait(TIMEOUT)

    with serve(JobRunner(PlainBackend(hold)), "127.0.0.1", 0) as address, ThreadPoolExecutor(1) as pool:
        first = pool.submit(request, address)
        assert entered.wait(TIMEOUT)
        assert request(address)[0] == 200
        assert not first.done()
        leave.set()
        assert first.result(TIMEOUT)[0] == 200


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback address")
def test_it_serves_on_ipv6_as_well(runner: JobRunner) -> None:
    with serve(runner, "::1", 0) as address:
        assert address[0] == "::1"
        assert request(address)[0] == 200


def test_a_name_is_an_address_too(runner: JobRunner) -> None:
    with serve(runner, "localhost", 0) as address:
        assert request(address)[0] == 200


def test_browsers_get_the_page_unless_it_is_not_wanted(runner: JobRunner, address: Address) -> None:
    assert request(address, Accept="text/html")[1]["Content-Type"] == "text/html; charset=utf-8"
    with serve(runner, "127.0.0.1", 0, page=False) as other:
        assert request(other, Accept="text/html")[1]["Content-Type"] == "application/json"


def test_a_record_is_requeued_over_http_whatever_body_comes_along() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    with serve(runner, "127.0.0.1", 0) as address, connect(address) as connection:
        body = b"x" * 10_000
        head = f"POST /jobs/{discarded.id}/requeue HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.0 201 Created\r\n")
    assert runner.backend.stats().total == 4


@pytest.mark.parametrize(
    ("host", "status"), [("localhost", 200), ("127.0.0.1:1", 200), ("[::1]", 200), ("evil.example", 421), ("ops", 421)]
)
def test_on_loopback_it_answers_to_the_names_of_loopback_only(address: Address, host: str, status: int) -> None:
    assert request(address, Host=host)[0] == status


def test_on_loopback_it_answers_to_names_that_were_allowed_too(runner: JobRunner) -> None:
    with serve(runner, "127.0.0.1", 0, hosts=["ops.example.org"]) as address:
        assert request(address, Host="ops.example.org")[0] == 200
        assert request(address, Host="localhost")[0] == 200
        assert request(address, Host="evil.example")[0] == 421


@pytest.mark.parametrize("host", ["0.0.0.0", ""])
def test_beyond_loopback_it_refuses_to_listen_without_a_token(
    runner: JobRunner, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "listen", lambda *_: pytest.fail("it listens"))
    with pytest.raises(ValueError, match=r"0\.0\.0\.0 can be reached from other machines, .* needs a token there"):
        serve(runner, host, 0).__enter__()


def test_beyond_loopback_with_a_token_it_answers_to_any_name_unless_names_are_given() -> None:
    assert _server._complete({"token": TOKEN}, "0.0.0.0", loopback=False)["hosts"] is None
    assert _server._complete({"hosts": ["ops"]}, "0.0.0.0", loopback=False)["hosts"] == (
        *_server._LOOPBACK,
        "0.0.0.0",
        "ops",
    )


def test_with_a_token_it_answers_those_who_know_it(
    runner: JobRunner, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(runner, "127.0.0.1", 0, token=TOKEN) as address:
        status, headers, _ = request(address)
        assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="lazyjobs", charset="UTF-8"')
        assert request(address, Authorization=f"Bearer {TOKEN}")[0] == 200
    assert '"GET /jobs HTTP/1.1" 200' in caplog.text
    assert TOKEN not in caplog.text
    assert capfd.readouterr() == ("", "")


@pytest.mark.logs_errors("could not make a snapshot")
def test_a_failing_backend_is_a_500_of_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with serve(make_failing_runner(), "127.0.0.1", 0) as address:
        status, _, body = request(address)
    assert (status, body) == (500, FAILURE)
    assert "could not make a snapshot" in caplog.text


def test_a_connection_that_breaks_leaves_no_trace(
    address: Address, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    for sent in (b"", b"GET /jo", b"GET /jobs HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        connection = connect(address)
        connection.sendall(sent)
        # Closing with this option resets the connection.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    assert request(address)[0] == 200
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


@pytest.mark.logs_errors("a request failed", "a connection failed")
def test_what_goes_wrong_in_the_server_itself_is_logged(
    address: Address, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    with monkeypatch.context() as patched:
        patched.setattr(ControlPlane, "answer", fail)
        status, headers, body = request(address)
        assert (status, body) == (500, b"the control plane failed; its log says why\n")
        assert headers["Cache-Control"] == "no-store"
        assert "a request failed" in caplog.text
        patched.setattr(ControlPlane, "refuse", fail)
        with connect(address) as connection:
            connection.sendall(b"GET /jobs HTTP/1.0\r\n\r\n")
            assert connection.recv(1) == b""
        assert "a connection failed" in caplog.text
    assert request(address)[0] == 200


def test_afterwards_it_is_stopped_and_the_port_is_free_for_the_next(runner: JobRunner) -> None:
    with serve(runner, "127.0.0.1", 0) as address:
        assert request(address)[0] == 200
    with pytest.raises(ConnectionRefusedError):
        request(address)
    with serve(runner, *address) as again:
        assert again == address


def test_it_stops_without_waiting_for_an_idle_connection(runner: JobRunner) -> None:
    with serve(runner, "127.0.0.1", 0) as address:
        idle, slow = connect(address), connect(address)
        slow.sendall(b"GET /jo")
        assert request(address)[0] == 200
    with idle, slow:
        assert (idle.recv(1), slow.recv(1)) == (b"", b"")


def test_it_stops_without_waiting_for_an_answer_that_takes_long() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold(_: str) -> None:
        entered.set()
        assert leave.wait(TIMEOUT)

    with ThreadPoolExecutor(1) as pool:
        with serve(JobRunner(PlainBackend(hold)), "127.0.0.1", 0) as address:
            first = pool.submit(request, address)
            assert entered.wait(TIMEOUT)
        with pytest.raises(http.client.RemoteDisconnected):
            first.result(TIMEOUT)
        leave.set()


def test_an_address_in_use_is_an_oserror(runner: JobRunner, address: Address) -> None:
    with pytest.raises(OSError, match="in use"), serve(runner, *address):
        pass
