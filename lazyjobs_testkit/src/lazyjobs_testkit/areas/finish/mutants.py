"""Backends whose complete, retry or discard makes the wrong thing of a claimed record."""

from datetime import datetime

from msgspec.structs import replace

from lazyjobs import (
    BackendUnavailableError,
    CompleteParams,
    DiscardParams,
    FinishParams,
    Record,
    RetryParams,
    State,
)
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant


class DeletesCompleted(CorrectBackend):
    """Completing a record deletes it."""

    def finish(self, params: FinishParams) -> None:
        super().finish(params)
        if isinstance(params, CompleteParams):
            self.table.delete(params.id)


class RetriesAsPending(CorrectBackend):
    """A retried record goes back to pending."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        return replace(outcome, state=State.PENDING) if isinstance(params, RetryParams) else outcome


class DiscardsAsSucceeded(CorrectBackend):
    """A discarded record is stored as succeeded."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        return replace(outcome, state=State.SUCCEEDED) if isinstance(params, DiscardParams) else outcome


class KeepsTheLease(CorrectBackend):
    """Discard leaves the lease in place."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        kept = record.lease_expires_at if isinstance(params, DiscardParams) else None
        return replace(outcome, lease_expires_at=kept)


class CompleteForgetsTheError(CorrectBackend):
    """Complete empties last_error."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        return replace(outcome, last_error="") if isinstance(params, CompleteParams) else outcome


class RetryKeepsTheOldError(CorrectBackend):
    """A retry without an error text keeps the one before."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        return replace(outcome, last_error=outcome.last_error or record.last_error)


class ErrorsAddUp(CorrectBackend):
    """A retry appends its error text to the one before."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        if not isinstance(params, RetryParams) or not record.last_error:
            return outcome
        return replace(outcome, last_error=f"{record.last_error}\n{outcome.last_error}")


class DiscardKeepsTheOldError(CorrectBackend):
    """A discard without an error text keeps the one before."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        kept = outcome.last_error or record.last_error
        return replace(outcome, last_error=kept) if isinstance(params, DiscardParams) else outcome


class NoRetryInThePast(CorrectBackend):
    """A retry with a run_at in the past is due now instead."""

    def retry_time(self, params: RetryParams) -> datetime:
        return max(super().retry_time(params), self.now())


class RetryKeepsRunAt(CorrectBackend):
    """A retry without a run_at leaves the old one in place."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        kept = isinstance(params, RetryParams) and params.run_at is None
        return replace(outcome, run_at=record.run_at) if kept else outcome


class CompleteMovesRunAt(CorrectBackend):
    """Complete sets run_at to now."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        return replace(outcome, run_at=self.now()) if isinstance(params, CompleteParams) else outcome


class EmptiesFinished(CorrectBackend):
    """A completed record loses its payload."""

    def outcome(self, record: Record, params: FinishParams) -> Record:
        outcome = super().outcome(record, params)
        return replace(outcome, payload=b"{}") if isinstance(params, CompleteParams) else outcome


class FinishesByAttempt(CorrectBackend):
    """A finish moves every running record of that attempt and queue, not only the one of that id."""

    def finish(self, params: FinishParams) -> None:
        before = self.table.get(params.id)
        super().finish(params)
        for record in self.table.all():
            if before is not None and before.state is State.RUNNING and self.is_alike(record, before):
                self.table.put(self.outcome(record, params))

    def is_alike(self, record: Record, other: Record) -> bool:
        return (record.state, record.attempt, record.queue) == (State.RUNNING, other.attempt, other.queue)


class TooLate(CorrectBackend):
    """A claim whose lease has ended is refused, although nobody claimed the record again."""

    def may_finish(self, record: Record, attempt: int) -> bool:
        ended = record.lease_expires_at is not None and record.lease_expires_at <= self.now()
        return super().may_finish(record, attempt) and not ended


class RefusesRepeats(CorrectBackend):
    """A finish that is repeated is refused."""

    def is_settled(self, record: Record, params: FinishParams) -> bool:  # noqa: ARG002
        return False


class RepeatsWrite(CorrectBackend):
    """A retry that is repeated is written again, with its new arguments."""

    def finish(self, params: FinishParams) -> None:
        record = self.table.get(params.id)
        if isinstance(params, RetryParams) and record is not None and self.is_settled(record, params):
            self.table.put(self.outcome(record, params))
        else:
            super().finish(params)


class RepeatsTouch(CorrectBackend):
    """A finish that is repeated moves updated_at."""

    def is_settled(self, record: Record, params: FinishParams) -> bool:
        settled = super().is_settled(record, params)
        if settled:
            self.table.put(replace(record, updated_at=self.touched(record)))
        return settled


class RetriesAtOnce(CorrectBackend):
    """A retried record is claimed again at once, whatever its run_at."""

    def is_due(self, record: Record, now: datetime) -> bool:
        return record.state is State.RETRYING or super().is_due(record, now)


class ForgetsRetries(CorrectBackend):
    """A retried record is never claimed again."""

    def is_due(self, record: Record, now: datetime) -> bool:
        return record.state is not State.RETRYING and super().is_due(record, now)


class RefusesNul(CorrectBackend):
    """An error text with a NUL in it is refused by the storage."""

    def storable(self, text: str) -> str:
        if "\0" in text:
            raise BackendUnavailableError("invalid byte sequence for encoding UTF8: 0x00")
        return super().storable(text)


class RefusesSurrogates(CorrectBackend):
    """An error text that cannot be encoded raises UnicodeEncodeError."""

    def storable(self, text: str) -> str:
        text.encode()
        return super().storable(text)


class RefusesLongErrors(CorrectBackend):
    """An error text of more than a megabyte is refused."""

    def storable(self, text: str) -> str:
        if len(text) > 2**20:
            raise BackendUnavailableError("the row is too large")
        return super().storable(text)


class KeepsTheTail(CorrectBackend):
    """Of a long error text the end is kept instead of the beginning."""

    def storable(self, text: str) -> str:
        return super().storable(text[-1000:])


class DropsUnstorable(CorrectBackend):
    """An error text that cannot be encoded is left out altogether."""

    def storable(self, text: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            return ""
        return super().storable(text)


MUTANTS = (
    Mutant(DeletesCompleted.Harness, "TRN-01", r"record 1 is missing from list, which shows nothing"),
    Mutant(RetriesAsPending.Harness, "TRN-02", r"retry left record 1 pending"),
    Mutant(DiscardsAsSucceeded.Harness, "TRN-03", r"discard left record 1 succeeded"),
    Mutant(KeepsTheLease.Harness, "TRN-04", r"after discard, lease_expires_at of record 1 is .*, not None"),
    Mutant(CompleteForgetsTheError.Harness, "TRN-05", r"after complete, last_error of record 1 is '', not 'boom'"),
    Mutant(RetryKeepsTheOldError.Harness, "TRN-06", r"after a second retry, last_error of record 1 is 'boom', not ''"),
    Mutant(ErrorsAddUp.Harness, "TRN-06", r"after a second retry, last_error of record 1 is 'boom\\n"),
    Mutant(
        DiscardKeepsTheOldError.Harness, "TRN-07", r"a retry and a discard, last_error of record 1 is 'boom', not ''"
    ),
    Mutant(NoRetryInThePast.Harness, "TRN-08", r"run_at of record 1 is .* instead of 2024-01-02"),
    Mutant(RetryKeepsRunAt.Harness, "TRN-09", r"run_at of record 1 is 2024-01-01 00:00:00, which is not the clock"),
    Mutant(CompleteMovesRunAt.Harness, "TRN-10", r"after complete, run_at of record 1 is .*, not 2024-01-01 00:00:00"),
    Mutant(EmptiesFinished.Harness, "TRN-11", r"complete changed record 1: payload was"),
    Mutant(FinishesByAttempt.Harness, "TRN-12", r"\w+ of record 1 changed record 2: state was running"),
    Mutant(TooLate.Harness, "TRN-13", r"\w+ was refused although nobody claimed record 1 again"),
    Mutant(RefusesRepeats.Harness, "TRN-14", r"\w+ of record 1 was refused the time 2"),
    Mutant(RepeatsWrite.Harness, "TRN-15", r"repeating retry changed record 1: "),
    Mutant(RepeatsTouch.Harness, "TRN-15", r"repeating \w+ changed record 1: updated_at"),
    Mutant(RetriesAtOnce.Harness, "TRN-16", r"claimed record 1 .* although it was retried with run_at 2150"),
    Mutant(ForgetsRetries.Harness, "TRN-16", r"claim answered None, although a record is due"),
    Mutant(RefusesNul.Harness, "TRN-17", r"retry was stopped by an error text \(NUL\)"),
    Mutant(RefusesSurrogates.Harness, "TRN-17", r"surrogate"),
    Mutant(RefusesLongErrors.Harness, "TRN-17", r"retry was stopped by an error text \(megabytes"),
    Mutant(KeepsTheTail.Harness, "TRN-18", r"what is stored is no beginning of"),
    Mutant(DropsUnstorable.Harness, "TRN-18", r"this is stored: ''"),
)
