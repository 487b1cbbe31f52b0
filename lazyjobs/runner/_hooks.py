"""What a framework may hook into: each insert, and the runners that are made when its application starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lazyjobs.contract import Backend

if TYPE_CHECKING:
    from lazyjobs.runner._runner import JobRunner


Guard = Callable[[str | None, Backend | None], None]

GUARDS: list[Guard] = []
"""Those of this process; nearly always none, so whoever stores looks here first."""


def add_guard(guard: Guard) -> None:
    """Has `guard` called before each insert of any runner of this process, with the backend's URL and the backend.

    The URL is None for a backend that was given, the backend None for one that is not opened yet. What it raises,
    `enqueue` raises, and nothing is stored. A runner that a test stands in for asks nobody.
    """
    if guard not in GUARDS:
        GUARDS.append(guard)


def ask_guards(url: str | None, backend: Backend | None) -> None:
    """Raises what a guard raises."""
    for guard in GUARDS:
        guard(url, backend)


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
