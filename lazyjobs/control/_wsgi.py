"""The control plane for WSGI servers and frameworks."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from lazyjobs.control._http import Answer, Request, text
from lazyjobs.control._plane import ControlPlane, Options, Source
from lazyjobs.control._wire import RefusedRequestError, read_length

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def wsgi_app(source: Source, **options: Unpack[Options]) -> WSGIApplication:
    """A WSGI application that answers `GET /jobs` with the `Snapshot` of a runner, or of a backend alone, as JSON.

    With `page=True` it also answers browsers with the page for people, and requeues discarded records by
    `POST /jobs/ID/requeue`. What else it may be told is said in `Options`. Without a token, mount it where operators
    may look and the public may not.
    """
    plane = ControlPlane(source, **options)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = _answer(plane, environ)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    return app


def _answer(plane: ControlPlane, environ: WSGIEnvironment) -> Answer:
    try:
        _skip_body(environ)
    except RefusedRequestError as error:
        return text(error.status, str(error))
    except OSError:
        return text(HTTPStatus.BAD_REQUEST, "the body did not come as its Content-Length says")
    return plane.answer(_read(environ))


def _read(environ: WSGIEnvironment) -> Request:
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        headers={
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        },
        version=environ.get("SERVER_PROTOCOL", ""),
    )


def _skip_body(environ: WSGIEnvironment) -> None:
    """Reads what was sent and means nothing: closing a connection over unread bytes would reset it."""
    if length := read_length(environ.get("CONTENT_LENGTH") or "0"):
        environ["wsgi.input"].read(length)
