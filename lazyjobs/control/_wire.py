"""Requests as bytes, read strictly, and answers as bytes.

Whatever programs on the way could read in two ways is refused: it is how one request is smuggled in another.
"""

import re
from email.utils import formatdate
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import unquote

from msgspec import Struct

from lazyjobs.control._host import read_host
from lazyjobs.control._http import Answer, Request

LONGEST_LINE = 8_192
LONGEST_HEAD = 16_384
LONGEST_BODY = 65_536
_MOST_FIELDS = 100

HEAD_END = b"\r\n\r\n"
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_REQUEST_LINE = re.compile(rb"(%b{1,40}) ([!-~]+) HTTP/([0-9])\.([0-9])" % _TOKEN)
_NAME = re.compile(rb"%b{1,200}" % _TOKEN)
_VALUE = re.compile(rb"[\t -~\x80-\xff]*")
# What the last byte is followed by is not known yet, so a carriage return may stand there.
_STRAY = re.compile(rb"\0|(?<!\r)\n|\r(?=[^\n])")
_LENGTH = re.compile(r"[0-9]{1,19}")
_ONCE = frozenset({"host", "content-length", "transfer-encoding", "authorization"})


class RefusedRequestError(Exception):
    """What came is no request that is answered here; `status` and the text say why, and quote nothing of it."""

    def __init__(self, status: HTTPStatus, line: str) -> None:
        super().__init__(line)
        self.status = status


class Head(Struct, frozen=True):
    """A request without its body."""

    request: Request
    length: int
    """How many bytes of body follow."""


def check_unfinished(head: bytearray, start: int) -> None:
    """Raises `RefusedRequestError` if what follows cannot make a head of it; what is before `start` was checked."""
    if _STRAY.search(head, max(0, start - 1)):
        _refuse(HTTPStatus.BAD_REQUEST, "a line must end with CR and LF, and neither these nor NUL stand elsewhere")
    if len(head) > LONGEST_LINE and head.find(b"\r\n", 0, LONGEST_LINE) < 0:
        _refuse(HTTPStatus.REQUEST_URI_TOO_LONG, f"the request line is longer than {LONGEST_LINE} bytes")
    if len(head) > LONGEST_HEAD:
        line = f"the request line and its headers are longer than {LONGEST_HEAD} bytes"
        _refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, line)


def parse_head(head: bytes) -> Head:
    """The request whose lines these are, without the empty one at their end; raises `RefusedRequestError`."""
    first, *lines = head.split(b"\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        _refuse(HTTPStatus.BAD_REQUEST, "the request line must be METHOD, /path and HTTP/1.1, with one space between")
    method, target, major, minor = (part.decode("ascii") for part in found.groups())
    if major != "1" or minor not in "01":
        _refuse(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this speaks HTTP/1.1")
    if not target.startswith("/") or "#" in target:
        _refuse(HTTPStatus.BAD_REQUEST, "the target of a request must be a path, as /jobs")
    if len(lines) > _MOST_FIELDS:
        _refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"there are more than {_MOST_FIELDS} headers")
    headers = _parse_fields(lines)
    version = f"HTTP/1.{minor}"
    _check_host(headers, version)
    path, _, query = target.partition("?")
    request = Request(method=method, path=unquote(path), query=query, headers=headers, version=version)
    return Head(request, _read_length(headers, version))


def _parse_fields(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        raw_name, colon, raw_value = line.partition(b":")
        if not colon or not _NAME.fullmatch(raw_name) or not _VALUE.fullmatch(raw_value):
            _refuse(HTTPStatus.BAD_REQUEST, "a header must be Name: value, on one line and without control characters")
        name, value = raw_name.decode("ascii").lower(), raw_value.strip(b" \t").decode("latin-1")
        if name not in headers:
            headers[name] = value
        elif name in _ONCE:
            _refuse(HTTPStatus.BAD_REQUEST, f"the header {name} is there twice")
        else:
            headers[name] += f", {value}"
    return headers


def _check_host(headers: dict[str, str], version: str) -> None:
    host = headers.get("host")
    if host is None and version == "HTTP/1.0":
        return
    if host is None or read_host(host) is None:
        _refuse(HTTPStatus.BAD_REQUEST, "the header Host must be a host name or an address, with a port or without one")


def _read_length(headers: dict[str, str], version: str) -> int:
    length = headers.get("content-length")
    if "transfer-encoding" in headers:
        if length is not None or version == "HTTP/1.0":
            _refuse(HTTPStatus.BAD_REQUEST, "Transfer-Encoding cannot be beside Content-Length, or in HTTP/1.0")
        _refuse(HTTPStatus.LENGTH_REQUIRED, "a body must come with its Content-Length, not in chunks")
    return 0 if length is None else read_length(length)


def read_length(value: str) -> int:
    """What a header `Content-Length` says; raises `RefusedRequestError` if that is no length, or too much."""
    if not _LENGTH.fullmatch(value):
        _refuse(HTTPStatus.BAD_REQUEST, "the header Content-Length must be a number of at most 19 digits")
    if int(value) > LONGEST_BODY:
        _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {LONGEST_BODY} bytes, and needs none")
    return int(value)


def write_head(answer: Answer) -> bytes:
    """What is sent before the body of the answer; the connection is to be closed after it."""
    headers = {"Date": formatdate(usegmt=True), **answer.headers, "Connection": "close"}
    lines = [f"HTTP/1.0 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def _refuse(status: HTTPStatus, line: str) -> NoReturn:
    raise RefusedRequestError(status, line)
