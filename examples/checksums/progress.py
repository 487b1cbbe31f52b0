"""How far a run is: a bar on a terminal, a line every few seconds elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from examples.checksums.run import Show

SECONDS_BETWEEN_LINES = 2.0


@contextmanager
def show_progress(console: Console) -> Iterator[Show]:
    """Gives the function to call with every change; a bar is gone again at the end."""
    if not console.is_terminal:
        yield _Lines(console).show
        return
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("looking for files", total=None)

        def show(done: int, found: int, complete: bool) -> None:
            total = found if complete else None
            progress.update(task, completed=done, total=total, description=_describe(done, found, complete))

        yield show


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_at = monotonic() + SECONDS_BETWEEN_LINES

    def show(self, done: int, found: int, complete: bool) -> None:
        if monotonic() >= self._next_at:
            self._next_at = monotonic() + SECONDS_BETWEEN_LINES
            self._console.out(_describe(done, found, complete), highlight=False)


def _describe(done: int, found: int, complete: bool) -> str:
    return f"{done:,} of {found:,} files" if complete else f"{done:,} of {found:,} files found so far"
