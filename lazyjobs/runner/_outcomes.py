"""Writes how jobs ended."""

from __future__ import annotations

from enum import Enum, auto
from threading import Event
from time import monotonic

from lazyjobs.contract import (
    Backend,
    BackendClosedError,
    ClaimLostError,
    CompleteParams,
    DiscardParams,
    FinishParams,
    RetryParams,
    SupportsFinishAndClaim,
)
from lazyjobs.jobs import brief_of
from lazyjobs.runner._backoff import Backoff
from lazyjobs.runner._claims import Claims
from lazyjobs.runner._current import CurrentJob
from lazyjobs.runner._log import LOG


class Fate(Enum):
    """What became of an outcome."""

    WRITTEN = auto()
    LOST = auto()
    """The claim had gone to another worker, whose outcome counts."""
    ABANDONED = auto()
    """The backend did not answer before the runner gave up."""


WRITTEN, LOST, ABANDONED = Fate  # asking the class of an enumeration takes long, for each job


def finish_claim(backend: Backend, finish: FinishParams) -> None:
    """Writes an outcome by the verb it belongs to; raises what the backend raises."""
    match finish:
        case CompleteParams():
            backend.complete(finish)
        case RetryParams():
            backend.retry(finish)
        case DiscardParams():
            backend.discard(finish)


class Outcomes:
    """Writes outcomes, together with the next claim where the backend can; keeps trying until it is answered."""

    def __init__(self, backend: Backend, claims: Claims, given_up: Event) -> None:
        self._backend = backend
        self._claims = claims
        self._given_up = given_up
        self._finish_and_claim = backend.finish_and_claim if isinstance(backend, SupportsFinishAndClaim) else None

    def write(self, finish: FinishParams) -> tuple[Fate, CurrentJob | None]:
        """What became of the outcome, and the worker's next job if one was claimed on the way.

        Blocks while the backend fails, with growing pauses, until it answers or the runner gives up; tries at least
        once. Raises nothing.
        """
        if self._finish_and_claim is not None and self._claims.open:
            asked_at = monotonic()
            try:
                record = self._finish_and_claim(finish, self._claims.params())
            except ClaimLostError:
                return LOST, self._claims.take()
            except Exception as error:
                # Nothing is claimed, or it is and the answer was lost: then that lease ends and the record comes back.
                self._report(finish, error)
            else:
                return WRITTEN, None if record is None else CurrentJob(record, asked_at)
        fate = self._finish(finish)
        return fate, self._claims.take()

    def _finish(self, finish: FinishParams) -> Fate:
        pauses = Backoff()
        while True:
            try:
                finish_claim(self._backend, finish)
            except ClaimLostError:
                return LOST
            except BackendClosedError as error:
                self._claims.give_up_on(error)
                return self._abandon(finish, error)
            except Exception as error:
                if self._claims.give_up_on(error):
                    return self._abandon(finish, error)
                self._report(finish, error)
                if pauses.pause(self._given_up):
                    return self._abandon(finish, error)
            else:
                self._claims.patience.answered()
                return WRITTEN

    def _report(self, finish: FinishParams, error: Exception) -> None:
        LOG.error(
            "the outcome of id=%d attempt=%d could not be written and is tried again: %s",
            finish.id,
            finish.attempt,
            brief_of(error),
            error=error,
        )

    def _abandon(self, finish: FinishParams, error: Exception) -> Fate:
        LOG.error(
            "the outcome of id=%d attempt=%d was not written, so the record comes back when its lease ends: %s",
            finish.id,
            finish.attempt,
            brief_of(error),
        )
        return ABANDONED
