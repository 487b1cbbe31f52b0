"""The control plane for Starlette and FastAPI; needs the extra `lazyjobs[starlette]`."""

from typing import Unpack

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from lazyjobs.control import _http
from lazyjobs.control._plane import ControlPlane, Options, Source


def routes(source: Source, **options: Unpack[Options]) -> list[Route]:
    """Routes that answer `GET /jobs` with the `Snapshot` of a runner, or of a backend alone, as JSON.

    To put among those of an application, or to mount. With `page=True` they also answer browsers with the page for
    people, and requeue discarded records by `POST /jobs/ID/requeue`. What else they may be told is said in
    `lazyjobs.control.Options`. A backend blocks, so it is asked in the framework's thread pool. Without a token, put
    them where operators may look and the public may not.
    """
    plane = ControlPlane(source, **options)

    return [
        Route("/jobs", _Place(plane, "/jobs"), name="lazyjobs"),
        Route("/metrics", _Place(plane, "/metrics"), name="lazyjobs-metrics"),
        Route("/jobs/{id}/requeue", _Place(plane, "/jobs/{id}/requeue"), name="lazyjobs-requeue"),
    ]


class _Place:
    """An ASGI application, since a route with one leaves every method to it: what is refused has all headers, too."""

    def __init__(self, plane: ControlPlane, path: str) -> None:
        self._plane = plane
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        answer = await run_in_threadpool(self._plane.answer, self._read(request))
        response = Response(answer.body, status_code=answer.status, headers=answer.headers)
        await response(scope, receive, send)

    def _read(self, request: Request) -> _http.Request:
        return _http.Request(
            method=request.method,
            path=self._path.format_map(request.path_params),
            query=request.url.query,
            headers={name: ", ".join(request.headers.getlist(name)) for name in request.headers},
            version=f"HTTP/{request.scope['http_version']}",
        )
