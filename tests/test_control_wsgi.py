"""The control plane as a WSGI application; every call is checked against the rules of WSGI itself."""

import logging
from http import HTTPStatus
from io import BytesIO
from types import TracebackType
from typing import Unpack
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import msgspec
import pytest

from lazyjobs import JobRunner
from lazyjobs.control import Options, wsgi_app
from tests.support.control import (
    FAILURE,
    GUARDED,
    SECRET,
    TOKEN,
    make_discarded,
    make_failing_runner,
    make_runner,
)

Answer = tuple[int, dict[str, str], bytes]


def call(
    runner: JobRunner,
    method: str = "GET",
    path: str = "/jobs",
    *,
    mounted_at: str = "",
    query: str = "",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    **options: Unpack[Options],
) -> Answer:
    """Status, headers and body; the environment and the answer are what WSGI demands, or this raises."""
    environ: dict[str, object] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": mounted_at,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.input": BytesIO(body),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()},
    }
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    setup_testing_defaults(environ)
    answers: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str,
        sent_headers: list[tuple[str, str]],
        _: tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None = None,
    ) -> object:
        answers.append((status, sent_headers))
        return lambda _: None

    app: WSGIApplication = validator(wsgi_app(runner, **options))
    parts = app(environ, start_response)  # type: ignore[arg-type]
    sent = b"".join(parts)
    parts.close()  # type: ignore[attr-defined]
    ((status, answered),) = answers
    number, _, phrase = status.partition(" ")
    assert phrase == HTTPStatus(int(number)).phrase
    assert len(answered) == len(dict(answered))
    return int(number), dict(answered), sent


def test_get_answers_the_snapshot_as_json() -> None:
    runner = make_runner()
    status, headers, body = call(runner)
    assert status == 200
    assert headers == {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **GUARDED,
    }
    assert body == msgspec.json.encode(runner.snapshot())
    shown = msgspec.json.decode(body)
    assert shown["stats"]["by_state"] == {"pending": 2}
    assert [record["id"] for record in shown["recent"]] == [2, 1]


def test_no_payload_is_shown() -> None:
    _, _, body = call(make_runner())
    assert b"payload" not in body
    assert SECRET.encode() not in body


def test_head_answers_the_headers_of_get_without_a_body() -> None:
    runner = make_runner()
    status, headers, _ = call(runner)
    assert call(runner, "HEAD") == (status, headers, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused_and_told_the_right_one(method: str) -> None:
    status, headers, body = call(make_runner(), method)
    assert (status, body) == (405, f"{method} is not allowed; use GET\n".encode())
    assert headers["Allow"] == "GET, HEAD"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["", "/", "/jobs/", "/jobs/1", "/other"])
def test_other_paths_are_not_found(path: str) -> None:
    status, headers, body = call(make_runner(), path=path, mounted_at="" if path else "/app")
    assert (status, body) == (404, b"not found; this serves /jobs\n")
    assert headers["Content-Type"].startswith("text/plain")


def test_mounted_under_a_prefix_it_serves_its_path_below() -> None:
    assert call(make_runner(), mounted_at="/internal")[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.logs_errors("could not make a snapshot")
def test_a_failing_backend_is_a_500_of_one_line(method: str, caplog: pytest.LogCaptureFixture) -> None:
    status, headers, body = call(make_failing_runner(), method)
    assert status == 500
    assert body == (FAILURE if method == "GET" else b"")
    assert headers["Content-Length"] == str(len(FAILURE))
    assert headers["Cache-Control"] == "no-store"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


@pytest.mark.logs_errors("could not make a snapshot")
def test_it_answers_again_once_the_backend_does() -> None:
    runner = make_failing_runner()
    assert call(runner)[0] == 500
    runner.configure(backend=make_runner().backend)
    assert call(runner)[0] == 200


def test_browsers_get_the_page_where_it_was_asked_for() -> None:
    asked = {"Accept": "text/html"}
    _, headers, body = call(make_runner(), headers=asked, page=True)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert body.startswith(b"<!doctype html>")
    assert call(make_runner(), headers=asked)[1]["Content-Type"] == "application/json"


def test_a_record_is_requeued_whatever_the_body_says() -> None:
    runner = make_runner()
    discarded = make_discarded(runner.backend)
    path = f"/jobs/{discarded.id}/requeue"
    status, headers, body = call(runner, "POST", path, mounted_at="/internal", body=b'{"any": "thing"}', page=True)
    assert (status, headers["Content-Type"]) == (201, "application/json")
    assert msgspec.json.decode(body)["id"] > discarded.id
    assert call(runner, "POST", path)[0] == 404
    assert call(runner, "GET", path, page=True)[1]["Allow"] == "POST"


def test_the_query_and_the_token_reach_the_control_plane() -> None:
    assert call(make_runner(), token=TOKEN)[0] == 401
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    status, _, body = call(make_runner(), token=TOKEN, headers=allowed, query="state=running")
    assert status == 200
    assert msgspec.json.decode(body)["recent"] == []


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("9" * 5_000, 400),
        ("-1", 400),
        ("+5", 400),
        ("1_000", 400),
        ("\u0665", 400),
        ("\u00b2", 400),
        ("five", 400),
        ("65537", 413),
        ("", 200),
        ("0", 200),
    ],
)
def test_a_length_that_is_none_is_refused_and_nothing_is_read(length: str, status: int) -> None:
    class Unread(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError(f"{size} bytes are read")

    environ: dict[str, object] = {"CONTENT_LENGTH": length, "PATH_INFO": "/jobs", "wsgi.input": Unread()}
    setup_testing_defaults(environ)
    answers: list[tuple[str, list[tuple[str, str]]]] = []
    wsgi_app(make_runner())(environ, lambda *answer: answers.append(answer))  # type: ignore[arg-type]
    ((said, headers),) = answers
    assert said.startswith(str(status))
    assert GUARDED.items() <= dict(headers).items()


def test_a_body_that_breaks_off_is_a_400() -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError("gone")

    environ: dict[str, object] = {"CONTENT_LENGTH": "5", "PATH_INFO": "/jobs", "wsgi.input": Broken()}
    setup_testing_defaults(environ)
    answers: list[str] = []
    wsgi_app(make_runner())(environ, lambda status, _: answers.append(status))  # type: ignore[arg-type]
    assert answers == ["400 Bad Request"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/jobs", 200),
        ("GET", "/jobs?", 404),
        ("GET", "/metrics", 404),
        ("POST", "/metrics", 405),
        ("PUT", "/jobs/1/requeue", 405),
        ("POST", "/jobs/1/requeue", 409),
        ("POST", "/jobs/x/requeue", 404),
    ],
)
def test_every_answer_has_every_header(method: str, path: str, status: int) -> None:
    answered, headers, body = call(make_runner(), method, path, page=True)
    assert answered == status
    assert GUARDED.items() <= headers.items()
    assert int(headers["Content-Length"]) == len(body)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("ops.example", 200),
        ("OPS.example:8000", 200),
        ("evil@ops.example", 421),
        ("ops.example:", 421),
        ("ops.example.evil", 421),
        ("ops.example,evil.example", 421),
        ("", 421),
    ],
)
def test_where_hosts_are_named_no_other_is_served(host: str, status: int) -> None:
    assert call(make_runner(), headers={"Host": host}, hosts=["ops.example"])[0] == status


@pytest.mark.parametrize(("version", "status"), [("HTTP/1.0", 200), ("HTTP/1.1", 421), ("HTTP/2", 421)])
def test_without_a_host_only_what_is_older_than_hosts_is_served(version: str, status: int) -> None:
    environ: dict[str, object] = {"PATH_INFO": "/jobs", "SERVER_PROTOCOL": version}
    setup_testing_defaults(environ)
    del environ["HTTP_HOST"]
    answers: list[str] = []
    wsgi_app(make_runner(), hosts=["ops.example"])(environ, lambda status, _: answers.append(status))  # type: ignore[arg-type]
    assert answers[0].startswith(str(status))


def test_a_method_is_not_named_unless_it_is_a_word() -> None:
    environ: dict[str, object] = {"PATH_INFO": "/jobs", "REQUEST_METHOD": "<script>alert(1)</script>"}
    setup_testing_defaults(environ)
    body = b"".join(wsgi_app(make_runner())(environ, lambda *_: None))  # type: ignore[arg-type]
    assert body == b"this method is not allowed; use GET\n"
