"""How one attempt ends: what is to be written, and what is told of it."""

from __future__ import annotations

from msgspec import Struct

from lazyjobs.contract import DiscardParams, FinishParams, Record, RetryParams
from lazyjobs.jobs import forget_tracebacks
from lazyjobs.runner._observer import Outcome


class Ending(Struct):
    """What is to be written of an attempt, why, and the exception behind it, until that is forgotten."""

    finish: FinishParams
    outcome: Outcome = "succeeded"
    reason: str = ""
    error: BaseException | None = None

    @classmethod
    def discard(cls, record: Record, reason: str, error: BaseException | None = None) -> Ending:
        """The record is given up."""
        finish = DiscardParams(id=record.id, attempt=record.attempt, last_error=reason)
        return cls(finish, "discarded", reason, error)

    @classmethod
    def retry(cls, finish: RetryParams, reason: str, error: BaseException | None) -> Ending:
        """The record is tried again."""
        return cls(finish, "retrying", reason, error)

    @classmethod
    def stop(cls, finish: RetryParams, reason: str, error: BaseException | None) -> Ending:
        """The record is given back by a runner that stops."""
        return cls(finish, "stopped", reason, error)

    def forget(self) -> None:
        """Drops the exception and its traceback, once all who are to see them have.

        A traceback holds the frames of the work, and through their callers those of the runner; a frame that holds the
        exception closes a circle that only the cyclic collector opens, with all the data of the work in it.
        """
        error, self.error = self.error, None
        if error is not None:
            forget_tracebacks(error)
