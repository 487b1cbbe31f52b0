"""Long polls in the background, and the threads that wait for what they bring."""

from collections import defaultdict, deque
from collections.abc import Iterable
from threading import Condition, Thread
from time import monotonic

from lazyjobs_aws._clients import LONG_POLL
from lazyjobs_aws._hints import Hint, Hints

_PAUSE = 0.5
"""In seconds, after a poll that ended at once with nothing."""
_AT_ONCE = 0.1


class Watch:
    """Keeps one long poll open for each queue that somebody waits for; thread-safe.

    A poll that is under way when nobody waits any more ends by itself, and what it brings is kept for the next claim.
    Its thread is a daemon, so that no process has to stay for it.
    """

    def __init__(self, hints: Hints) -> None:
        self._hints = hints
        self._changed = Condition()
        self._polled: set[str] = set()
        self._found: defaultdict[str, deque[Hint]] = defaultdict(deque)
        self._changes = 0
        self._closed = False

    def take(self, queues: Iterable[str]) -> Hint | None:
        """A hint that a poll has brought for one of those queues."""
        with self._changed:
            for queue in queues:
                if found := self._found.get(queue):
                    return found.popleft()
        return None

    def keep(self, hint: Hint) -> None:
        """Keeps a hint for the next claim."""
        with self._changed:
            self._found[hint.queue].append(hint)

    def polls(self, queue: str) -> bool:
        """Whether a poll is under way, so that to ask beside it would bring nothing."""
        return queue in self._polled

    @property
    def changes(self) -> int:
        """Grows with everything that may end a waiting."""
        return self._changes

    def announce(self) -> None:
        """Something of this process's may have become due, or due earlier."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def sleep(self, queues: Iterable[str], seen: int, seconds: float) -> bool:
        """Waits so long, or until there is a hint, or a change since `changes` was `seen`; whether there is a hint."""
        queues = tuple(queues)
        with self._changed:
            if seconds >= _AT_ONCE:
                for queue in queues:
                    self._poll(queue)
            self._changed.wait_for(
                lambda: self._closed or self._changes != seen or any(self._found.get(queue) for queue in queues),
                seconds,
            )
            return any(self._found.get(queue) for queue in queues)

    def _poll(self, queue: str) -> None:
        if queue not in self._polled and not self._closed:
            Thread(target=self._run, args=(queue,), name=f"lazyjobs-aws long poll {queue}", daemon=True).start()
            self._polled.add(queue)

    def _run(self, queue: str) -> None:
        found: list[Hint] = []
        began = monotonic()
        try:
            found = self._hints.receive(queue, 1, wait=LONG_POLL)
        finally:
            with self._changed:
                if not found and monotonic() - began < _AT_ONCE:
                    self._changed.wait_for(lambda: self._closed, _PAUSE)
                self._polled.discard(queue)
                self._found[queue].extend(found)
                self._changed.notify_all()

    def close(self) -> None:
        """Wakes everyone; no poll begins any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
