"""Delta debugging: leaving out all that a failure does not need."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def minimize(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """The items that are left when no single one can be taken out without `fails` turning false.

    In the manner of Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): large parts are
    tried first. `items` itself must fail.
    """
    size = max(1, len(items) // 2)
    while True:
        before = len(items)
        end = len(items)
        while end > 0:
            fewer = [*items[: max(0, end - size)], *items[end:]]
            if fails(fewer):
                items = fewer
            end -= size
        if size == 1 and len(items) == before:
            return items
        size = max(1, size // 2)
