"""A thread that makes calls for a test, so that one that never returns fails the test and nothing more."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

_PATIENCE = 10.0


class Clerk:
    """Does one thing after the other in a thread of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        # A daemon, since nothing can end a call that does not return.
        threading.Thread(target=self._work, name=f"lazyjobs-kit-{name}", daemon=True).start()

    def do(self, task: Callable[[], T], *, patience: float | None = None) -> T:
        """What the task returns, or raises; fails if it does neither within ten seconds, or as many as given."""
        future: Future[T] = Future()
        self._tasks.put(lambda: _settle(future, task))
        seconds = _PATIENCE if patience is None else patience
        wait([future], timeout=seconds)
        assert future.done(), f"{self._name} made a call that had not returned after {seconds:.0f} s"
        return future.result()

    def dismiss(self) -> None:
        """Ends the thread, when it has done what it was given."""
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


def _settle(future: "Future[T]", task: Callable[[], T]) -> None:
    try:
        future.set_result(task())
    except BaseException as error:
        future.set_exception(error)
