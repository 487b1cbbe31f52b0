"""The control plane: `GET /jobs` shows what a runner and its backend are doing.

`wsgi_app` serves it from any WSGI server, `lazyjobs.control.starlette.routes` from a Starlette or FastAPI application,
and `serve` from a thread of its own. Programs get a `Snapshot` as JSON. Where the page is asked for, browsers get it at
the same place, and a discarded record is requeued by `POST /jobs/ID/requeue`. Nothing shows a payload.
"""

from lazyjobs.control._plane import Options, Source
from lazyjobs.control._server import serve
from lazyjobs.control._wsgi import wsgi_app

__all__ = ["Options", "Source", "serve", "wsgi_app"]
