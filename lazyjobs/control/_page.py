"""The one page of the control plane, whatever serves it."""

import logging

import msgspec
from msgspec import Struct

from lazyjobs.runner import JobRunner

logger = logging.getLogger("lazyjobs")

METHODS = ("GET", "HEAD")


class Page(Struct, frozen=True):
    """An answer to `GET /jobs`."""

    status: int
    content_type: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it; never to be stored, since it is old at once."""
        return {"Content-Type": self.content_type, "Content-Length": str(len(self.body)), "Cache-Control": "no-store"}


def render(runner: JobRunner) -> Page:
    """The runner's snapshot as JSON, or one line of text with status 500 when its backend fails."""
    try:
        return Page(200, "application/json", msgspec.json.encode(runner.snapshot()))
    except Exception as error:
        logger.exception("the control plane could not make a snapshot")
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return text(500, f"no snapshot: {reason}")


def text(status: int, line: str) -> Page:
    """One line of plain text."""
    return Page(status, "text/plain; charset=utf-8", f"{line}\n".encode(errors="replace"))
