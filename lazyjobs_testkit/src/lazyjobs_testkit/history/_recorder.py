"""Recording the calls that one caller makes."""

import time
from datetime import UTC, datetime

from lazyjobs import Backend
from lazyjobs_testkit.history._operation import Operation
from lazyjobs_testkit.model import Answer, Request, Unknown, ask

_Row = tuple[Request, Answer, int, int, datetime, datetime]


class Recorder:
    """Makes calls on one handle and remembers them with their times; each caller has its own.

    As little as possible happens around a call, so that the calls of several callers overlap as often as may be.
    """

    def __init__(self, backend: Backend, *, caller: str, handle: str) -> None:
        self.caller = caller
        self.handle = handle
        self._backend = backend
        self._rows: list[_Row] = []
        self._pending: tuple[Request, int, datetime] | None = None

    def ask(self, request: Request) -> Answer:
        """Makes the call and answers with what came of it."""
        began, called = datetime.now(UTC), time.monotonic_ns()
        self._pending = (request, called, began)
        answer = ask(self._backend, request)
        self._rows.append((request, answer, called, time.monotonic_ns(), began, datetime.now(UTC)))
        self._pending = None
        return answer

    def operations(self) -> list[Operation]:
        """Every call so far; one that has not returned counts as unknown."""
        rows = list(self._rows)
        if (pending := self._pending) is not None:
            request, called, began = pending
            rows.append((request, Unknown("still running"), called, time.monotonic_ns(), began, datetime.now(UTC)))
        return [
            Operation(
                caller=self.caller,
                handle=self.handle,
                request=request,
                answer=answer,
                called=called,
                returned=returned,
                began=began,
                ended=ended,
            )
            for request, answer, called, returned, began, ended in rows
        ]
