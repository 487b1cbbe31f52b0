"""The control plane: `GET /jobs` shows what a runner and its backend are doing.

`wsgi_app` serves it from any WSGI server, `lazyjobs.control.starlette.routes` from a Starlette or FastAPI application,
and `serve` from a thread of its own.
"""

from lazyjobs.control._server import serve
from lazyjobs.control._wsgi import wsgi_app

__all__ = ["serve", "wsgi_app"]
