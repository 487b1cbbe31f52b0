"""Backends that are right as long as the clock is."""

from datetime import UTC, datetime, timedelta

from lazyjobs import ClaimParams, ExtendParams, Record
from lazyjobs_testkit import Traits
from lazyjobs_testkit.zoo._file import FileMethods, Journal, WatchedFileHarness
from lazyjobs_testkit.zoo._mutant import Mutant, OddBackend

_SKEW = timedelta(seconds=5)


class ClockFollower(FileMethods):
    """Sets updated_at to the clock, wherever it stands."""

    traits = Traits()
    harness_base = WatchedFileHarness

    def touched(self, record: Record) -> datetime:  # noqa: ARG002 (that is what is wrong)
        return self.now()


class TwoClocks(FileMethods):
    """Asks another clock for what is due."""

    traits = Traits()
    harness_base = WatchedFileHarness

    def claim_time(self, params: ClaimParams | ExtendParams) -> datetime:
        return datetime.now(UTC) if params.now is None else params.now


class OrderingJournal(Journal):
    def put(self, record: Record) -> None:
        before = self.get(record.id)
        now = datetime.now(UTC) + self.switch.offset
        if before is None or not timedelta(0) < before.updated_at - now <= 4 * _SKEW:
            super().put(record)


class LateDropper(FileMethods):
    """Takes a change for one that came late, and drops it, if it is some seconds older than what is stored."""

    traits = Traits(clock_skew=_SKEW)
    harness_base = WatchedFileHarness
    table_class = OrderingJournal


class Wavering(FileMethods):
    """Runs on machines whose clocks differ, and declares by how much."""

    traits = Traits(durable=True, multi_process=True, clock_skew=_SKEW)
    harness_base = WatchedFileHarness


MUTANTS = (
    Mutant(ClockFollower.Harness, "CLK-01", "changed updated_at"),
    Mutant(TwoClocks.Harness, "CLK-02", "although a record is due"),
    Mutant(LateDropper.Harness, "CLK-03", "no longer holds"),
)
ODD_BACKENDS = (OddBackend(Wavering.Harness),)
