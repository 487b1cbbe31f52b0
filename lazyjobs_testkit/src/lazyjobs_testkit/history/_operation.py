"""Recorded calls, and the histories they make up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from lazyjobs import Record
from lazyjobs_testkit import model as m
from lazyjobs_testkit.model import Answer, Entry, Request, Terms, Unknown, Window

FOREVER = 2**63 - 1
"""The return time of a call that may still take effect at any time."""
_END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)


class Operation(Struct, frozen=True, kw_only=True, gc=False):
    """One call, who made it, when, and what came of it."""

    caller: str
    """Who made it: a thread, perhaps of another process. One caller makes one call at a time."""
    handle: str
    """Which instance of the backend it was made on."""
    request: Request
    answer: Answer
    called: int
    """The monotonic clock just before the call, in nanoseconds; one clock for all processes of a machine."""
    returned: int
    """The same clock just after it."""
    began: datetime
    """The wall clock just before the call."""
    ended: datetime
    """The wall clock just after it."""

    @property
    def settled(self) -> int:
        """By when it had taken effect, if ever: `FOREVER` if its answer is unknown."""
        return FOREVER if isinstance(self.answer, Unknown) else self.returned

    @property
    def window(self) -> Window:
        """When it may have taken effect, by the wall clock."""
        return Window(self.began, _END_OF_TIME if isinstance(self.answer, Unknown) else self.ended)


class History(Struct, frozen=True, kw_only=True):
    """All calls made on one namespace, in any order; `initial` are the records that it held before them."""

    operations: tuple[Operation, ...]
    initial: tuple[Entry, ...] = ()
    terms: Terms = Terms()


def inserted(operation: Operation) -> Sequence[Record]:
    """The records that a call acknowledged as new."""
    return _records(operation.answer) if isinstance(operation.request, m.Insert | m.InsertMany) else ()


def claimed(operation: Operation) -> Sequence[Record]:
    """The records that a call claimed."""
    return _records(operation.answer) if isinstance(operation.request, m.Claim | m.ClaimMany | m.FinishAndClaim) else ()


def _records(answer: Answer) -> Sequence[Record]:
    if isinstance(answer, m.One):
        return (answer.record,)
    return answer.records if isinstance(answer, m.Many) else ()


def to_nanoseconds(duration: timedelta) -> int:
    """The duration in the unit of `Operation.called`."""
    return duration // timedelta(microseconds=1) * 1000
