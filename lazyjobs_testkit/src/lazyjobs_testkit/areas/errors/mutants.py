"""Backends that raise the wrong errors."""

import struct
from collections.abc import Iterable, Sequence

from lazyjobs import BackendError, ClaimLostError, ExtendParams, FinishParams, ListOptions, Record
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant


class StaleClaimError(ClaimLostError, BackendError):
    """A lost claim that pretends that the backend is to blame."""


class ThirtyTwoBitAttempts(CorrectBackend):
    """An attempt that does not fit 32 bits raises the driver's own error."""

    def finish(self, params: FinishParams) -> None:
        struct.pack("<i", params.attempt)
        super().finish(params)


class FetchesOneMore(CorrectBackend):
    """List asks for one record more than its limit, and the largest limit has none above it."""

    def newest(self, records: Iterable[Record], options: ListOptions) -> Sequence[Record]:
        struct.pack("<q", (options.limit or 0) + 1)
        return super().newest(records, options)


class BlamesTheStorage(CorrectBackend):
    """A lost claim is told as a BackendError, as if it were to be tried again."""

    def held(self, record: Record | None, params: FinishParams | ExtendParams) -> Record:
        try:
            return super().held(record, params)
        except ClaimLostError as error:
            raise StaleClaimError(error.id, error.attempt, error.found) from error


class NamesTheWrongAttempt(CorrectBackend):
    """A lost claim names attempt 0 instead of the one that was lost."""

    def held(self, record: Record | None, params: FinishParams | ExtendParams) -> Record:
        try:
            return super().held(record, params)
        except ClaimLostError as error:
            raise ClaimLostError(error.id, 0, error.found) from error


MUTANTS = (
    Mutant(ThirtyTwoBitAttempts.Harness, "ERR-01", r"\w+ of id 1, attempt 9223372036854775807 raised error"),
    Mutant(FetchesOneMore.Harness, "ERR-01", r"list with limit 9223372036854775807 raised error"),
    Mutant(BlamesTheStorage.Harness, "ERR-02", r"StaleClaimError is a BackendError"),
    Mutant(NamesTheWrongAttempt.Harness, "ERR-03", r"the error names \(id, attempt\) \(4611686018427387903, 0\)"),
)
