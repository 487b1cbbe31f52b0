"""Group commit: callers that come at about the same time share one transaction, and one wait for the disk.

There is no writer thread. The first caller leads: it runs what has come in, commits, and hands the lead to the first of
those who came meanwhile. That one waits a little until as many have come as were just served or in line then: who was
just served is likely to be back at once, and a commit without him would leave him waiting for another. A caller that
is alone never waits. The idea is old: DeWitt and others, "Implementation Techniques for Main Memory Database Systems",
1984.
"""

from collections import deque
from collections.abc import Callable, Sequence
from sqlite3 import Connection
from threading import Lock
from time import monotonic
from typing import Any

from lazyjobs import BackendError, BackendUnavailableError

Action = Callable[[Connection], Any]
"""What a caller wants done within a transaction; it may be run more than once."""

_PATIENCE = 0.5
"""For what part of a mean commit the leader waits for company."""
_SMOOTHING = 0.2


class Call:
    """One caller, waiting to be served or to lead."""

    __slots__ = ("_error", "_result", "_served", "action", "appointed", "wakeup")

    def __init__(self, action: Action | None) -> None:
        self.action = action
        self.appointed = False
        self.wakeup = Lock()
        self.wakeup.acquire()
        self._served = False
        self._result: Any = None
        self._error: Exception | None = None

    def answer(self, result: object) -> None:
        self._result, self._error, self._served = result, None, True

    def fail(self, error: Exception) -> None:
        self._error, self._served = error, True

    def outcome(self) -> Any:
        """The result; raises the error that the call met."""
        if not self._served:
            raise BackendUnavailableError("the thread that wrote for this call was interrupted; try again")
        if isinstance(error := self._error, BackendError):  # which others may be raising at the same time
            raise type(error)(*error.args) from error.__cause__
        if error is not None:
            raise error
        return self._result


class Group:
    """The callers of one file in this process; `serve` answers a number of calls in one commit, or fails them."""

    def __init__(self, serve: Callable[[Sequence[Call]], None]) -> None:
        self._serve = serve
        self._mutex = Lock()
        self._waiting: deque[Call] = deque()
        self._led = False
        self._filled: Lock | None = None
        self._company = 0
        self._mean = 0.0
        self._ended_at = 0.0

    def run(self, action: Action) -> Any:
        """What `action` returns or raises, once it is committed."""
        call = Call(action)
        if self._join(call):
            self._lead(call)
        else:
            self._await(call)
        return call.outcome()

    def hold(self) -> None:
        """Lets the commit under way end and no other begin, until `release`."""
        call = Call(None)
        if not self._join(call):
            call.wakeup.acquire()

    def release(self) -> None:
        self._hand_over(())

    def start_over(self) -> None:
        """In a forked child, which has none of the threads that were waiting."""
        self.__init__(self._serve)  # type: ignore[misc]

    def _join(self, call: Call) -> bool:
        """Whether the caller is to lead at once."""
        with self._mutex:
            if not self._led:
                self._led = True
                return True
            self._waiting.append(call)
            if self._filled is not None and len(self._waiting) + 1 >= self._company:
                self._filled.release()
                self._filled = None
            return False

    def _await(self, call: Call) -> None:
        try:
            call.wakeup.acquire()
        except BaseException:
            self._withdraw(call)
            raise
        if call.appointed:
            self._lead(call)

    def _withdraw(self, call: Call) -> None:
        with self._mutex:
            if call in self._waiting:
                self._waiting.remove(call)
        if call.appointed:
            self._hand_over(())

    def _lead(self, call: Call) -> None:
        calls = [call]
        try:
            self._linger()
            with self._mutex:
                while self._waiting and self._waiting[0].action is not None:
                    calls.append(self._waiting.popleft())
            began_at = monotonic()
            self._serve(calls)
            self._mean += _SMOOTHING * (monotonic() - began_at - self._mean)
            self._company = len(calls) + len(self._waiting)
        finally:
            self._hand_over(calls[1:])

    def _linger(self) -> None:
        with self._mutex:
            left = self._ended_at + _PATIENCE * self._mean - monotonic()
            if left <= 0 or len(self._waiting) + 1 >= self._company:
                return
            filled = self._filled = Lock()
            filled.acquire()
        filled.acquire(timeout=left)
        with self._mutex:
            self._filled = None

    def _hand_over(self, served: Sequence[Call]) -> None:
        with self._mutex:
            successor = self._waiting.popleft() if self._waiting else None
            if successor is None:
                self._led = False
            else:
                successor.appointed = True
            self._ended_at = monotonic()
        if successor is not None:
            successor.wakeup.release()
        for call in served:
            call.wakeup.release()
