"""What `GET /metrics` answers, whatever serves it."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol, runtime_checkable

from lazyjobs.control._http import describe

logger = logging.getLogger("lazyjobs")

_TEXT = "text/plain; charset=utf-8"
_NONE = (
    b"no metrics are kept here; give the runner the observer lazyjobs.telemetry.prometheus.Prometheus, or start the "
    b"worker, or the control plane alone, with --prometheus\n"
)


@runtime_checkable
class Exposer(Protocol):
    """An observer that has metrics to show."""

    def expose(self, accept: str) -> tuple[str, bytes]:
        """The content type and the metrics, in a format that the header `Accept` of a request allows."""


def expose_metrics(observers: Iterable[object], accept: str) -> tuple[HTTPStatus, str, bytes]:
    """Status, content type and body: the metrics of the first of the observers that has some to show.

    One line of text with status 404 if there is none, and with 500 if it fails.
    """
    exposer = next((observer for observer in observers if isinstance(observer, Exposer)), None)
    if exposer is None:
        return HTTPStatus.NOT_FOUND, _TEXT, _NONE
    try:
        return HTTPStatus.OK, *exposer.expose(accept)
    except Exception as error:
        logger.exception("the control plane could not show the metrics")
        return HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, f"no metrics: {describe(error)}\n".encode(errors="replace")
