"""Waiting for a condition instead of sleeping for luck."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep

GENEROUS = timedelta(seconds=20)


def wait_until(condition: Callable[[], object], *, what: str = "the condition") -> None:
    """Returns as soon as `condition` holds; fails the test if that takes unreasonably long."""
    deadline = monotonic() + GENEROUS.total_seconds()
    while not condition():
        assert monotonic() < deadline, f"{what} did not come about"
        sleep(0.002)
