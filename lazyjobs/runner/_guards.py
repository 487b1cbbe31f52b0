"""What a framework may say before anything is stored: that it cannot be now."""

from collections.abc import Callable

from lazyjobs.contract import Backend

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
