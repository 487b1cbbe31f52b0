"""Requests that no browser sends, over real sockets: what could be read in two ways is refused, quickly and whole."""

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

import pytest

from lazyjobs import JobRunner
from lazyjobs.control import serve
from lazyjobs.control._connections import SENDING_TIME
from tests.support.control import GUARDED, make_discarded, make_runner
from tests.support.waiting import GENEROUS

Address = tuple[str, int]
TIMEOUT = GENEROUS.total_seconds()
HOST = b"Host: localhost\r\n"


@pytest.fixture(scope="module")
def runner() -> JobRunner:
    runner = make_runner()
    make_discarded(runner.backend)
    return runner


@pytest.fixture(scope="module")
def address(runner: JobRunner) -> Iterator[Address]:
    with serve(runner, "127.0.0.1", 0) as address:
        yield address


def send(address: Address, *parts: bytes) -> tuple[int, Message, bytes]:
    """Status, headers and body of the answer to what is sent as it is; the connection ends with it."""
    with socket.create_connection(address, timeout=min(TIMEOUT, SENDING_TIME / 2)) as connection:
        for part in parts:
            connection.sendall(part)
        received = connection.makefile("rb").read()
    head, _, body = received.partition(b"\r\n\r\n")
    line, _, fields = head.partition(b"\r\n")
    return int(line.split()[1]), message_from_bytes(fields), body


def get(target: bytes = b"/jobs", *fields: bytes, host: bytes = HOST) -> bytes:
    return b"GET %b HTTP/1.1\r\n%b%b\r\n" % (target, host, b"".join(field + b"\r\n" for field in fields))


LENGTHS = {
    "5,000 digits": b"9" * 5_000,
    "20 digits": b"1" * 20,
    "negative": b"-1",
    "a sign": b"+5",
    "an underscore": b"1_000",
    "hexadecimal": b"0x10",
    "a fraction": b"1.0",
    "nothing": b"",
    "a list": b"5, 5",
    "two words": b"5 5",
    "other digits": "\u0665".encode(),
    "superscripts": "\u00b2".encode("latin-1"),
    "an exponent": b"1e3",
    "a letter": b"5a",
}


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS.keys())
@pytest.mark.parametrize("line", [b"GET /jobs", b"POST /jobs/1/requeue", b"GET /elsewhere"])
def test_a_length_that_is_none_is_refused_before_anything_else(address: Address, line: bytes, length: bytes) -> None:
    status, _, body = send(address, b"%b HTTP/1.1\r\n%bContent-Length: %b\r\n\r\n" % (line, HOST, length))
    assert status == 400
    assert b"Content-Length must be a number" in body


MALFORMED = {
    "no version": (b"GET /jobs\r\n\r\n", 400),
    "more words": (b"GET /jobs HTTP/1.1 and more\r\n\r\n", 400),
    "two spaces": (b"GET  /jobs HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tab between": (b"GET\t/jobs\tHTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a space before": (b" GET /jobs HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an empty line first": (b"\r\nGET /jobs HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "the version in small letters": (b"GET /jobs http/1.1\r\n" + HOST + b"\r\n", 400),
    "another protocol": (b"GET /jobs ICY/1.1\r\n" + HOST + b"\r\n", 400),
    "a version of many digits": (b"GET /jobs HTTP/" + b"1" * 5_000 + b".1\r\n" + HOST + b"\r\n", 400),
    "version 2": (b"PRI * HTTP/2.0\r\n\r\n", 505),
    "version 0.9": (b"GET /jobs HTTP/0.9\r\n\r\n", 505),
    "a method that is markup": (b"<script>alert(1)</script> /jobs HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a long method": (b"A" * 41 + b" /jobs HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "lines that end with LF": (b"GET /jobs HTTP/1.1\nHost: localhost\n\n", 400),
    "one line that ends with LF": (b"GET /jobs HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", 400),
    "a CR in a line": (b"GET /jobs HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n", 400),
    "CR CR LF": (b"GET /jobs HTTP/1.1\r\r\n" + HOST + b"\r\n", 400),
    "NUL in the target": (b"GET /jobs\0 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "NUL in a value": (get(b"/jobs", b"X: a\0b"), 400),
    "NUL alone": (b"\0", 400),
    "an escape in a value": (get(b"/jobs", b"X: \x1b[31m"), 400),
    "a form feed in a name": (get(b"/jobs", b"X\x0c: y"), 400),
    "a folded line": (get(b"/jobs", b"X: y", b" z"), 400),
    "a folded line first": (b"GET /jobs HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    "a folded line with a tab": (get(b"/jobs", b"X: y", b"\tz: a"), 400),
    "a space before the colon": (get(b"/jobs", b"X : y"), 400),
    "a line without a colon": (get(b"/jobs", b"X"), 400),
    "a line without a name": (get(b"/jobs", b": y"), 400),
    "a name that is not ASCII": (get(b"/jobs", b"X\xc3\xa4: y"), 400),
    "a target that is not ASCII": (get(b"/jobs/\xc3\xa4"), 400),
    "a target with a fragment": (get(b"/jobs#here"), 400),
    "an absolute target": (get(b"http://localhost/jobs"), 400),
    "an absolute target elsewhere": (get(b"http://evil.example/jobs"), 400),
    "an authority": (b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a star": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target without a slash": (get(b"jobs"), 400),
    "a path of two slashes": (get(b"//evil.example/jobs"), 404),
    "dots": (get(b"/x/../jobs"), 404),
    "NUL in percents": (get(b"/jobs%00"), 404),
    "a line end in percents": (get(b"/jobs%0d%0aX:%20y"), 404),
    "bad percents": (get(b"/%zz%"), 404),
    "two lengths": (get(b"/jobs", b"Content-Length: 0", b"Content-Length: 5"), 400),
    "two equal lengths": (get(b"/jobs", b"Content-Length: 0", b"content-length: 0"), 400),
    "length and encoding": (get(b"/jobs", b"Content-Length: 5", b"Transfer-Encoding: chunked"), 400),
    "encoding and length": (get(b"/jobs", b"Transfer-Encoding: chunked", b"Content-Length: 5"), 400),
    "two encodings": (get(b"/jobs", b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"), 400),
    "an encoding": (get(b"/jobs", b"Transfer-Encoding: chunked"), 411),
    "an unknown encoding": (get(b"/jobs", b"Transfer-Encoding: \x0bchunked"), 400),
    "an encoding in HTTP/1.0": (b"GET /jobs HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "two tokens": (get(b"/jobs", b"Authorization: Bearer a", b"Authorization: Bearer b"), 400),
    "a body that is too long": (get(b"/jobs", b"Content-Length: 65537"), 413),
    "a body that is much too long": (get(b"/jobs", b"Content-Length: 9999999999999999999"), 413),
    "a huge target": (get(b"/" + b"a" * 9_000), 414),
    "a request line without end": (b"GET /" + b"a" * 20_000, 414),
    "a header without end": (b"GET /jobs HTTP/1.1\r\nX: " + b"a" * 20_000, 431),
    "spaces without end": (b"GET /jobs HTTP/1.1\r\nX:" + b" " * 20_000, 431),
    "thousands of headers": (get(b"/jobs", *(b"X%d: y" % index for index in range(5_000))), 431),
    "more headers than a hundred": (get(b"/jobs", *(b"X%d: y" % index for index in range(100))), 431),
    "a huge header": (get(b"/jobs", b"X: " + b"a" * 17_000), 431),
}


@pytest.mark.parametrize(("sent", "status"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_malformed_is_refused_at_once_with_every_header(address: Address, sent: bytes, status: int) -> None:
    answered, headers, body = send(address, sent)
    assert answered == status
    assert {name: headers[name] for name in GUARDED} == GUARDED
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert int(headers["Content-Length"]) == len(body)
    assert body.count(b"\n") == 1
    assert b"script" not in body


HOSTS = {
    "none": (b"", 400),
    "empty": (b"Host: \r\n", 400),
    "two": (HOST + HOST, 400),
    "two that differ": (HOST + b"Host: evil.example\r\n", 400),
    "a user": (b"Host: evil@localhost\r\n", 400),
    "a user and a password": (b"Host: evil:pw@localhost\r\n", 400),
    "localhost as the user": (b"Host: localhost@evil.example\r\n", 400),
    "an empty port": (b"Host: localhost:\r\n", 400),
    "a port that is none": (b"Host: localhost:http\r\n", 400),
    "a port of other digits": (b"Host: localhost:\xd9\xa1\r\n", 400),
    "a negative port": (b"Host: localhost:-1\r\n", 400),
    "a port that is too high": (b"Host: localhost:65536\r\n", 400),
    "two ports": (b"Host: localhost:80:80\r\n", 400),
    "a list": (b"Host: localhost, evil.example\r\n", 400),
    "a path": (b"Host: localhost/evil.example\r\n", 400),
    "a backslash": (b"Host: evil.example\\localhost\r\n", 400),
    "a fragment": (b"Host: evil.example#localhost\r\n", 400),
    "a query": (b"Host: evil.example?localhost\r\n", 400),
    "a space": (b"Host: localhost evil.example\r\n", 400),
    "a percent": (b"Host: localhost%00.evil.example\r\n", 400),
    "a bracket": (b"Host: [::1\r\n", 400),
    "no address in brackets": (b"Host: [localhost]\r\n", 400),
    "brackets and more": (b"Host: [::1].evil.example\r\n", 400),
    "a zone": (b"Host: [::1%25lo]\r\n", 400),
    "an address without brackets": (b"Host: ::1\r\n", 400),
    "a URL": (b"Host: http://localhost\r\n", 400),
    "letters that look alike": (b"Host: l\xc3\xb6calhost\r\n", 400),
    "another name": (b"Host: evil.example\r\n", 421),
    "a name below another": (b"Host: localhost.evil.example\r\n", 421),
    "a name above": (b"Host: evil.localhost\r\n", 421),
    "a dot at the end": (b"Host: localhost.\r\n", 421),
    "another address": (b"Host: 127.0.0.2\r\n", 421),
    "a short address": (b"Host: 127.1\r\n", 421),
    "an address as a number": (b"Host: 2130706433\r\n", 421),
    "any address": (b"Host: 0.0.0.0\r\n", 421),
    "a mapped address": (b"Host: [::ffff:127.0.0.1]\r\n", 421),
    "capitals": (b"Host: LOCALHOST:80\r\n", 200),
    "the address": (b"Host: 127.0.0.1:65535\r\n", 200),
    "IPv6": (b"Host: [::1]:8765\r\n", 200),
    "IPv6 written in full": (b"Host: [0:0:0:0:0:0:0:1]\r\n", 200),
    "spaces around": (b"Host: \t localhost \t\r\n", 200),
}


@pytest.mark.parametrize(("host", "status"), HOSTS.values(), ids=HOSTS.keys())
def test_only_the_hosts_of_loopback_are_served_however_they_are_written(
    address: Address, host: bytes, status: int
) -> None:
    answered, headers, _ = send(address, get(host=host))
    assert answered == status
    assert {name: headers[name] for name in GUARDED} == GUARDED


def test_http_1_0_needs_no_host(address: Address) -> None:
    assert send(address, b"GET /jobs HTTP/1.0\r\n\r\n")[0] == 200
    assert send(address, b"GET /jobs HTTP/1.0\r\nHost: evil.example\r\n\r\n")[0] == 421


def test_a_request_in_small_pieces_is_the_same_request(address: Address) -> None:
    body = b"x" * 100
    sent = b"POST /jobs/999/requeue HTTP/1.1\r\n%bContent-Length: 100\r\n\r\n%b" % (HOST, body)
    assert send(address, *(sent[index : index + 1] for index in range(len(sent))))[0] == 404


def test_what_follows_a_request_is_no_request(address: Address, runner: JobRunner) -> None:
    before = runner.backend.stats().total
    second = b"POST /jobs/3/requeue HTTP/1.1\r\n%b\r\n" % HOST
    hidden = b"GET /jobs HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (HOST, len(second), second)
    for sent in (get() + second, hidden):
        status, _, body = send(address, sent)
        assert status == 200
        assert b"HTTP/1.0" not in body
    assert runner.backend.stats().total == before


def test_nothing_tells_what_the_server_is_made_of(address: Address) -> None:
    for sent in (get(), get(b"/other"), b"\0"):
        _, headers, body = send(address, sent)
        assert headers["Server"] is None
        assert b"python" not in (str(headers).encode() + body).lower()
        assert headers["Date"].endswith("GMT")


def test_a_method_is_named_only_if_it_is_a_word(address: Address) -> None:
    assert send(address, get().replace(b"GET", b"DELETE", 1))[2] == b"DELETE is not allowed; use GET\n"
    assert send(address, get().replace(b"GET", b"'x'*`|~", 1))[2] == b"this method is not allowed; use GET\n"


def test_a_head_that_is_refused_has_every_header_too(address: Address) -> None:
    status, headers, _ = send(address, b"HEAD /other HTTP/1.1\r\n%b\r\n" % HOST)
    assert status == 404
    assert {name: headers[name] for name in GUARDED} == GUARDED


def test_the_request_log_has_no_query_and_no_line_that_was_sent(
    address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    send(address, get(b"/jobs?token=hunter2&state=running"))
    send(address, get(b"/%1b%5b31m%0aERROR%20lazyjobs%e2%80%ae"))
    send(address, get(b"http://me:hunter2@localhost/jobs"))
    assert '"GET /jobs HTTP/1.1" 200' in caplog.text
    assert "hunter2" not in caplog.text
    (logged,) = [record.getMessage() for record in caplog.records if "31m" in record.getMessage()]
    assert logged == 'control plane: "GET /%1B%5B31m%0AERROR%20lazyjobs%E2%80%AE HTTP/1.1" 404'
