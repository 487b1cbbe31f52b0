"""Group commit: callers that come at about the same time share one transaction, and one wait for the disk.

There is no writer thread. The first caller leads: it runs what has come in, commits, and hands the lead to the first of
those who came meanwhile. That one waits a little until as many have come as were just served or in line then: who was
just served is likely to be back at once, and a commit without him would leave him waiting for another. A caller that
is alone never waits. The idea is old: DeWitt and others, "Implementation Techniques for Main Memory Database Systems",
1984.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
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

    __slots__ = ("_error", "_result", "action", "followers", "served", "successor", "wakeup")

    def __init__(self, action: Action | None) -> None:
        self.action = action
        self.followers: list[Call] = []
        self.successor: Call | None = None
        self.served = False
        self.wakeup = Lock()
        self.wakeup.acquire()
        self._result: Any = None
        self._error: Exception | None = None

    def answer(self, result: object) -> None:
        self._result, self._error, self.served = result, None, True

    def fail(self, error: Exception) -> None:
        self._error, self.served = error, True

    def wake(self) -> None:
        """Lets its thread go on; doing so again changes nothing."""
        with suppress(RuntimeError):
            self.wakeup.release()

    def outcome(self) -> Any:
        """The result; raises the error that the call met."""
        if not self.served:
            raise BackendUnavailableError("the thread that was to write this too was interrupted; try again")
        if isinstance(error := self._error, BackendError):  # which others may be raising at the same time
            raise type(error)(*error.args) from error.__cause__
        if error is not None:
            raise error
        return self._result


class Group:
    """The callers of one file in this process; `serve` answers a number of calls in one commit, or fails them.

    A signal's handler may raise in any of them at any step. So leading is one reference, a leader is found among those
    who wait until it takes itself out, and leaving may be begun again.
    """

    def __init__(self, serve: Callable[[Sequence[Call]], None]) -> None:
        self._serve = serve
        self.start_over()

    def start_over(self) -> None:
        """Forgets every caller: in a forked child, which has none of the threads."""
        self._mutex = Lock()
        self._waiting: deque[Call] = deque()
        self._leader: Call | None = None
        self._filled: Lock | None = None
        self._company = 0
        self._mean = 0.0
        self._ended_at = 0.0

    def run(self, action: Action) -> Any:
        """What `action` returns or raises, once it is committed."""
        call = Call(action)
        try:
            self._join(call)
            if self._leader is call:
                self._lead(call)
            self._leave(call)
        except BaseException:
            self._leave(call)
            raise
        return call.outcome()

    def hold(self) -> None:
        """Lets the commit under way end and no other begin, until `release`."""
        call = Call(None)
        self._join(call)
        with self._mutex:
            self._take_out(call)

    def release(self) -> None:
        assert self._leader is not None
        self._leave(self._leader)

    def _join(self, call: Call) -> None:
        """Returns when the call is served, or is to lead."""
        with self._mutex:
            if self._leader is None:
                self._leader = call
                return
            self._waiting.append(call)
            if self._filled is not None and len(self._waiting) + 1 >= self._company:
                filled, self._filled = self._filled, None
                filled.release()
        call.wakeup.acquire()

    def _lead(self, call: Call) -> None:
        with self._mutex:
            self._take_out(call)
        self._linger()
        with self._mutex:
            while self._waiting and self._waiting[0].action is not None:
                call.followers.append(self._waiting[0])
                self._waiting.popleft()
        calls = [call, *call.followers]
        began_at = monotonic()
        self._serve(calls)
        self._mean += _SMOOTHING * (monotonic() - began_at - self._mean)
        self._company = len(calls) + len(self._waiting)

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

    def _leave(self, call: Call) -> None:
        with self._mutex:
            self._take_out(call)
            if self._leader is call:
                call.successor = self._waiting[0] if self._waiting else None
                self._ended_at = monotonic()
                self._leader = call.successor
        if call.successor is not None:
            call.successor.wake()
        for follower in call.followers:
            follower.wake()

    def _take_out(self, call: Call) -> None:
        if call in self._waiting:
            self._waiting.remove(call)
