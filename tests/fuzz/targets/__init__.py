"""What is given bad inputs, and what each has to answer."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tests.fuzz.targets import http, kit, payloads, sqlite, urls
from tests.fuzz.targets.target import Target

__all__ = ["TARGETS", "Target"]

TARGETS: Mapping[str, Callable[[Path], AbstractContextManager[Target]]] = {
    "urls": urls.target,
    "payloads": payloads.target,
    "requests": http.requests_target,
    "sockets": http.sockets_target,
    "sqlite": sqlite.target,
    "kit": kit.target,
}
"""By name; each is given a directory of its own."""
