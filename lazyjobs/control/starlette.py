"""The control plane for Starlette and FastAPI; needs the extra `lazyjobs[starlette]`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lazyjobs.control._metrics import expose_metrics
from lazyjobs.control._page import METHODS, Page, render
from lazyjobs.runner import JobRunner


def routes(runner: JobRunner) -> list[Route]:
    """Routes that answer `GET /jobs` with the runner's `Snapshot` as JSON, to put among those of an application.

    The endpoint runs in the framework's thread pool, since a backend blocks. It asks for no password.
    """

    def jobs(_: Request) -> Response:
        return _respond(render(runner))

    def metrics(request: Request) -> Response:
        return _respond(Page(*expose_metrics(runner.observers, request.headers.get("accept", ""))))

    return [
        Route("/jobs", jobs, methods=list(METHODS), name="lazyjobs"),
        Route("/metrics", metrics, methods=list(METHODS), name="lazyjobs-metrics"),
    ]


def _respond(page: Page) -> Response:
    return Response(page.body, status_code=page.status, headers=page.headers)
