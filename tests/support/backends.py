"""Backends that misbehave on purpose around one that is well: what a runner must live with."""

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
    Stats,
)
from lazyjobs_memory import MemoryBackend


class PlainBackend:
    """The seven methods and extend over a memory backend, each call announced to `before` by its name first.

    It offers nothing else, so a runner has to poll it and to finish and claim in two steps.
    """

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self.inner = MemoryBackend()
        self.calls: Counter[str] = Counter()
        self._before = before
        self._lock = Lock()

    def _announce(self, name: str) -> None:
        with self._lock:
            self.calls[name] += 1
        self._before(name)

    def insert(self, params: InsertParams) -> Record:
        self._announce("insert")
        return self.inner.insert(params)

    def claim(self, params: ClaimParams) -> Record | None:
        self._announce("claim")
        return self.inner.claim(params)

    def complete(self, params: CompleteParams) -> None:
        self._announce("complete")
        self.inner.complete(params)

    def retry(self, params: RetryParams) -> None:
        self._announce("retry")
        self.inner.retry(params)

    def discard(self, params: DiscardParams) -> None:
        self._announce("discard")
        self.inner.discard(params)

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        self._announce("list")
        return self.inner.list(options)

    def stats(self) -> Stats:
        self._announce("stats")
        return self.inner.stats()

    def extend(self, params: ExtendParams) -> None:
        self._announce("extend")
        self.inner.extend(params)


class OldBackend(PlainBackend):
    """Was written when `list` chose by state alone, and does not look at the rest of what it is given."""

    def list(self, options: ListOptions = ListOptions()) -> Sequence[Record]:  # noqa: B008 (an immutable value)
        return super().list(ListOptions(limit=options.limit, states=options.states))
