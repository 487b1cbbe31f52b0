"""Backends that let somebody finish a record who does not hold it."""

from msgspec.structs import replace

from lazyjobs import (
    ClaimLostError,
    CompleteParams,
    ExtendParams,
    FinishParams,
    InsertParams,
    Record,
    RetryParams,
    State,
)
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class StaleWins(CorrectBackend):
    """A superseded claim finishes the record under the hands of the newer one."""

    def may_finish(self, record: Record, attempt: int) -> bool:
        return record.state is State.RUNNING and attempt <= record.attempt


class HigherWins(CorrectBackend):
    """An attempt that is still to come finishes the record."""

    def may_finish(self, record: Record, attempt: int) -> bool:
        return record.state is State.RUNNING and attempt >= record.attempt


class IgnoresUnknownIds(CorrectBackend):
    """A finish of an unknown id is answered as if it were done."""

    def finish(self, params: FinishParams) -> None:
        if self.table.get(params.id) is not None:
            super().finish(params)


class InventsRecords(CorrectBackend):
    """A finish of an unknown id makes a record of that id."""

    def finish(self, params: FinishParams) -> None:
        if self.table.get(params.id) is None:
            invented = self.new_record(params.id, InsertParams(kind="unknown"), self.now())
            self.table.put(self.outcome(replace(invented, attempt=params.attempt), params))
        super().finish(params)


class FinishesPending(CorrectBackend):
    """A record that nobody has claimed is finished all the same."""

    def may_finish(self, record: Record, attempt: int) -> bool:
        return super().may_finish(record, attempt) or (record.state is State.PENDING and attempt == 1)


class LastVerbWins(CorrectBackend):
    """After a finish each other verb is accepted, too."""

    def may_finish(self, record: Record, attempt: int) -> bool:
        return record.attempt == attempt and record.state is not State.PENDING


class RemembersRetries(CorrectBackend):
    """A retry that was accepted once is answered for ever, also when the record was claimed again."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.accepted: set[tuple[int, int]] = set()

    def finish(self, params: FinishParams) -> None:
        if not isinstance(params, RetryParams):
            super().finish(params)
        elif (params.id, params.attempt) not in self.accepted:
            super().finish(params)
            self.accepted.add((params.id, params.attempt))


class AnyRepeat(CorrectBackend):
    """A repeated verb is taken for the one that was accepted, whatever its attempt."""

    def is_settled(self, record: Record, params: FinishParams) -> bool:
        return super().is_settled(record, replace(params, attempt=max(record.attempt, 1)))


class RefusalsLeaveTheirText(CorrectBackend):
    """A finish that is refused writes its error text all the same."""

    def held(self, record: Record | None, params: FinishParams | ExtendParams) -> Record:
        try:
            return super().held(record, params)
        except ClaimLostError:
            if record is not None and not isinstance(params, CompleteParams | ExtendParams):
                self.table.put(replace(record, last_error=params.last_error))
            raise


class RefusalsTouch(CorrectBackend):
    """A finish that is refused moves updated_at."""

    def held(self, record: Record | None, params: FinishParams | ExtendParams) -> Record:
        try:
            return super().held(record, params)
        except ClaimLostError:
            if record is not None and not isinstance(params, ExtendParams):
                self.table.put(replace(record, updated_at=self.touched(record)))
            raise


MUTANTS = (
    Mutant(StaleWins.Harness, "FEN-01", r"attempt=1\) was accepted, although record 1 was claimed again"),
    Mutant(HigherWins.Harness, "FEN-02", r"attempt=2\) was accepted, although record 1 is at attempt 1"),
    Mutant(IgnoresUnknownIds.Harness, "FEN-03", r"id=2, attempt=1\) was accepted, although record 1 is the only one"),
    Mutant(InventsRecords.Harness, "FEN-03", r"id=2, attempt=1\) was accepted, although record 1 is the only one"),
    Mutant(FinishesPending.Harness, "FEN-04", r"was accepted, although record 1 was never claimed"),
    Mutant(LastVerbWins.Harness, "FEN-05", r"was accepted, although record 1 is \w+ already"),
    Mutant(RemembersRetries.Harness, "FEN-06", r"RetryParams.* was accepted, although record 1 was claimed again"),
    Mutant(AnyRepeat.Harness, "FEN-07", r"was accepted, although record 1 is \w+ at attempt 2"),
    Mutant(RefusalsLeaveTheirText.Harness, "FEN-08", r"a finish that was refused changed record 1: last_error"),
    Mutant(RefusalsTouch.Harness, "FEN-08", r"a finish that was refused changed record 1: updated_at"),
)
