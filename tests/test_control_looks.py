"""What a look at the backend costs: requests at one moment share it, payloads are not read, few rows are rendered."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from lazyjobs.control._looks import Looks
from tests.support.waiting import GENEROUS

TIMEOUT = GENEROUS.total_seconds()


class Gate:
    """A look that takes until it is opened, and counts what it was asked for."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.opened = Event()

    def look(self, asked: str) -> str:
        self.begun.append(asked)
        assert self.opened.wait(TIMEOUT)
        return f"{asked} {len(self.begun)}"


@contextmanager
def asking(looks: Looks[str, str], *asked: str) -> Iterator[Callable[[], list[str]]]:
    """Asks for these, each in a thread of its own and each after the one before; gives what was seen, later."""
    with ThreadPoolExecutor(len(asked)) as pool:
        yield lambda: [future.result(TIMEOUT) for future in futures]
        futures = [pool.submit(looks.take, one) for one in asked]
