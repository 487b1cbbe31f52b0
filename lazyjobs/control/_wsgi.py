"""The control plane for WSGI servers and frameworks."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from lazyjobs.control._metrics import expose_metrics
from lazyjobs.control._page import METHODS, Page, render, text
from lazyjobs.runner import JobRunner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def wsgi_app(runner: JobRunner) -> WSGIApplication:
    """A WSGI application that answers `GET /jobs` with the runner's `Snapshot` as JSON.

    Mount it wherever operators may look and the public may not: it asks for no password.
    """

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        page = _answer(runner, environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), environ.get("HTTP_ACCEPT", ""))
        headers = list(page.headers.items())
        if page.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", ", ".join(METHODS)))
        start_response(f"{page.status} {HTTPStatus(page.status).phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else page.body]

    return app


def _answer(runner: JobRunner, method: str, path: str, accept: str) -> Page:
    if path not in ("/jobs", "/metrics"):
        return text(HTTPStatus.NOT_FOUND, "not found; this serves /jobs")
    if method not in METHODS:
        return text(HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not allowed; use GET")
    return render(runner) if path == "/jobs" else Page(*expose_metrics(runner.observers, accept))
