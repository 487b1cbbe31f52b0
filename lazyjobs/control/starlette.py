"""The control plane for Starlette and FastAPI; needs the extra `lazyjobs[starlette]`."""

from typing import Unpack

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lazyjobs.control import _http
from lazyjobs.control._plane import READING, ControlPlane, Options, Source


def routes(source: Source, **options: Unpack[Options]) -> list[Route]:
    """Routes that answer `GET /jobs` with the `Snapshot` of a runner, or of a backend alone, as JSON.

    To put among those of an application, or to mount. With `page=True` they also answer browsers with the page for
    people, and requeue discarded records by `POST /jobs/ID/requeue`. What else they may be told is said in
    `lazyjobs.control.Options`. A backend blocks, so it is asked in the framework's thread pool. Without a token, put
    them where operators may look and the public may not.
    """
    plane = ControlPlane(source, **options)

    async def jobs(request: Request) -> Response:
        return await _answer(plane, request, "/jobs")

    async def metrics(request: Request) -> Response:
        return await _answer(plane, request, "/metrics")

    async def requeue(request: Request) -> Response:
        return await _answer(plane, request, f"/jobs/{request.path_params['id']}/requeue")

    found = [
        Route("/jobs", jobs, methods=list(READING), name="lazyjobs"),
        Route("/metrics", metrics, methods=list(READING), name="lazyjobs-metrics"),
    ]
    if plane.can_requeue:
        found.append(Route("/jobs/{id}/requeue", requeue, methods=["POST"], name="lazyjobs-requeue"))
    return found


async def _answer(plane: ControlPlane, request: Request, path: str) -> Response:
    asked = _http.Request(method=request.method, path=path, query=request.url.query, headers={**request.headers})
    answer = await run_in_threadpool(plane.answer, asked)
    return Response(answer.body, status_code=answer.status, headers=answer.headers)
