"""Looks at a backend, shared by those who ask at the same time."""

from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Condition
from typing import Generic, TypeVar

Asked = TypeVar("Asked", bound=Hashable)
Seen = TypeVar("Seen")

MOST = 2
"""How many looks are taken at once: one, and one beside it, so that one that takes long does not stop the others."""


class Looks(Generic[Asked, Seen]):
    """Takes looks by `look`, a few at once, and gives one look to all who ask for the same while they wait for it.

    Whoever asks gets a look that begins after the question, and so sees all that was written before. However many ask,
    there are never more than `MOST` looks under way. Safe in any thread.
    """

    def __init__(self, look: Callable[[Asked], Seen]) -> None:
        self._look = look
        self._turn = Condition()
        self._under_way = 0
        self._next: dict[Asked, Future[Seen]] = {}
        """Looks that are asked for and not begun."""

    def take(self, asked: Asked) -> Seen:
        """What the look shows; raises what it raises."""
        with self._turn:
            shared = self._next.get(asked)
            future = self._next[asked] = shared or Future()
        if shared is None:
            self._fulfil(asked, future)
        return future.result()

    def _fulfil(self, asked: Asked, future: Future[Seen]) -> None:
        try:
            with self._begun(asked):
                future.set_result(self._look(asked))
        except BaseException as error:
            future.set_exception(error)

    @contextmanager
    def _begun(self, asked: Asked) -> Iterator[None]:
        """Waits for its turn; from then on whoever asks for the same asks for the look after it."""
        with self._turn:
            try:
                self._turn.wait_for(lambda: self._under_way < MOST)
                self._under_way += 1
            finally:
                del self._next[asked]
        try:
            yield
        finally:
            with self._turn:
                self._under_way -= 1
                self._turn.notify_all()
