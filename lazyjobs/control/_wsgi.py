"""The control plane for WSGI servers and frameworks."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from lazyjobs.control._http import Request
from lazyjobs.control._plane import ControlPlane, Options, Source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_LONGEST_BODY = 65_536


def wsgi_app(source: Source, **options: Unpack[Options]) -> WSGIApplication:
    """A WSGI application that answers `GET /jobs` with the `Snapshot` of a runner, or of a backend alone, as JSON.

    With `page=True` it also answers browsers with the page for people, and requeues discarded records by
    `POST /jobs/ID/requeue`. What else it may be told is said in `Options`. Without a token, mount it where operators
    may look and the public may not.
    """
    plane = ControlPlane(source, **options)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = _read(environ)
        answer = plane.answer(request)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
        return [b"" if request.method == "HEAD" else answer.body]

    return app


def _read(environ: WSGIEnvironment) -> Request:
    _skip_body(environ)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        headers={
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        },
    )


def _skip_body(environ: WSGIEnvironment) -> None:
    """Reads what was sent and means nothing: closing a connection over unread bytes would reset it."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and 0 < int(length) <= _LONGEST_BODY:
        environ["wsgi.input"].read(int(length))
