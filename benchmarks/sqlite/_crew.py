"""Worker threads for the contenders that bring none, and the count of what they acknowledged."""

from collections.abc import Callable
from threading import Event, Thread

from benchmarks._job import runs, wait_until


class Crew:
    """Threads that do `work` until `stopping` is set; each acknowledged job is noted in `acknowledged`."""

    def __init__(self, work: Callable[[], None], workers: int) -> None:
        self.stopping = Event()
        self.acknowledged: list[int] = []
        self._threads = [Thread(target=work, daemon=True) for _ in range(workers)]

    def start(self) -> None:
        """Starts every thread."""
        for thread in self._threads:
            thread.start()

    def settle(self, total: int) -> None:
        """Returns once that many were acknowledged."""
        runs.wait()
        wait_until(lambda: len(self.acknowledged) >= total)

    def stop(self) -> None:
        """Waits for the end of every thread."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()
