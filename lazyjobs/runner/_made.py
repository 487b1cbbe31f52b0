"""Runners that an application does not make by itself, but has made when it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lazyjobs.runner._runner import JobRunner

Take = Callable[["JobRunner"], object]

_takers: list[Take] = []


@contextmanager
def taking_made_runners(take: Take) -> Iterator[None]:
    """Has `take` called, while the code inside runs, with each runner that is made for an application at its startup.

    For tests, which have no other name for such a runner; it is called before the runner is started, perhaps in another
    thread. Of several that are asked for this, the last one is called.
    """
    _takers.append(take)
    try:
        yield
    finally:
        _takers.remove(take)


def hand_over(runner: JobRunner) -> None:
    """Tells of a runner that was made, before anything is done with it."""
    if _takers:
        _takers[-1](runner)
