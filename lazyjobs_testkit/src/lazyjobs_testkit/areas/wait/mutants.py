"""Backends whose wait is deaf, blind or impatient."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from msgspec.structs import replace

from lazyjobs import BackendClosedError, InsertParams, Record, RetryParams, State, WaitParams
from lazyjobs_testkit.areas.listing.mutants import reap
from lazyjobs_testkit.zoo._base import CorrectBackend
from lazyjobs_testkit.zoo._mutant import Mutant
from lazyjobs_testkit.zoo._table import Table


class SilentTable(Table):
    """A table that tells those who wait only what it is told to tell."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = False

    def put(self, record: Record) -> None:
        if self.silent:
            self.records[record.id] = record
        else:
            super().put(record)

    @contextmanager
    def silence(self) -> Iterator[None]:
        self.silent = True
        try:
            yield
        finally:
            self.silent = False


class SleepsFirst(CorrectBackend):
    """Wait sleeps before it looks whether something is due already."""

    def wait(self, params: WaitParams) -> bool:
        deadline = time.monotonic() + self.patience(params)
        with self.exclusive("wait"):
            self.sleep(self.patience(params))
        left = timedelta(seconds=max(deadline - time.monotonic(), 0))
        return super().wait(replace(params, timeout=left))


class FirstQueueOnly(CorrectBackend):
    """Wait looks at the first of its queues only."""

    def wait(self, params: WaitParams) -> bool:
        return super().wait(replace(params, queues=params.queues[:1]))


class GivesUpEarly(CorrectBackend):
    """Wait counts its timeout in whole tenths of a second, less one."""

    def patience(self, params: WaitParams) -> float:
        return max(super().patience(params) // 0.1 * 0.1 - 0.1, 0)


class StartledByNews(CorrectBackend):
    """Whatever happens ends the wait, with False if nothing is due."""

    def wait(self, params: WaitParams) -> bool:
        with self.exclusive("wait"):
            if not self.is_something_due(params):
                self.sleep(min(self.patience(params), self.time_to_next(params)))
                self.check_open("wait")
            return self.is_something_due(params)


class WaitsForEver(CorrectBackend):
    """A timeout of less than a second is taken for none at all."""

    def patience(self, params: WaitParams) -> float:
        seconds = super().patience(params)
        return seconds if int(seconds) or not seconds else 86_400.0


class DeafToInserts(CorrectBackend):
    """An insert does not wake those who wait."""

    table_class = SilentTable
    table: SilentTable

    def store(self, params: InsertParams) -> Record:
        with self.table.silence():
            return super().store(params)


class BlindToRunAt(CorrectBackend):
    """A waiter does not wake when a run_at comes."""

    def time_to_next(self, params: WaitParams) -> float:
        ends = [self.due_time(each) for each in self.table.all() if each.state is State.RUNNING]
        moments = [end for end in ends if end is not None]
        return self.seconds_until(min(moments)) if moments else super().time_to_next(replace(params, queues=("-",)))

    def seconds_until(self, moment: datetime) -> float:
        return max((moment - self.now()).total_seconds(), 0)


class BlindToLeases(CorrectBackend):
    """A waiter does not wake when a lease ends."""

    def time_to_next(self, params: WaitParams) -> float:
        if any(each.state is State.RUNNING for each in self.table.all()):
            return super().patience(params)
        return super().time_to_next(params)


class DeafToRetries(CorrectBackend):
    """A retry does not wake those who wait."""

    table_class = SilentTable
    table: SilentTable

    def retry(self, params: RetryParams) -> None:
        with self.exclusive("retry"), self.table.silence():
            super().retry(params)


class WaitReaps(CorrectBackend):
    """Waiting puts the records whose leases have ended back to pending."""

    def wait(self, params: WaitParams) -> bool:
        with self.exclusive("wait"):
            reap(self, self.table)
            return super().wait(params)


class ClosesQuietly(CorrectBackend):
    """Close does not wake those who wait."""

    def close(self) -> None:
        self.closed = True


class ClosedMeansFalse(CorrectBackend):
    """A waiter that close has woken answers False."""

    def wait(self, params: WaitParams) -> bool:
        self.check_open("wait")
        try:
            return super().wait(params)
        except BackendClosedError:
            return False


class ThirtyTwoBitTimeout(CorrectBackend):
    """A timeout is passed on as milliseconds in 32 bits."""

    def patience(self, params: WaitParams) -> float:
        seconds = super().patience(params)
        return int.from_bytes(int(seconds * 1000).to_bytes(4, "big"), "big") / 1000


MUTANTS = (
    Mutant(SleepsFirst.Harness, "WAI-01", r"wait still waits after .*, although a record was due before"),
    Mutant(FirstQueueOnly.Harness, "WAI-01", r"wait answered False, although a record is due on the last of its three"),
    Mutant(GivesUpEarly.Harness, "WAI-02", r"wait answered False after 0\.\d+ s of 0\.300 s"),
    Mutant(StartledByNews.Harness, "WAI-02", r"wait answered False after 0\.\d+ s of 0\.300 s"),
    Mutant(WaitsForEver.Harness, "WAI-03", r"a wait of 0:00:00\.\d+ still waits after"),
    Mutant(DeafToInserts.Harness, "WAI-04", r"wait still waits after .*, although a due record was inserted"),
    Mutant(BlindToRunAt.Harness, "WAI-05", r"wait still waits after .*, although a record became due"),
    Mutant(BlindToLeases.Harness, "WAI-06", r"wait still waits after .*, although a lease ended"),
    Mutant(DeafToRetries.Harness, "WAI-07", r"wait still waits after .*, although a record was retried and due"),
    Mutant(WaitReaps.Harness, "WAI-08", r"waiting changed record 1: state was running and is pending"),
    Mutant(ClosesQuietly.Harness, "WAI-09", r"waiter 1 of 3 still waits .* after close"),
    Mutant(ClosedMeansFalse.Harness, "WAI-09", r"waiter 1 of 3 answered False instead of BackendClosedError"),
    Mutant(ThirtyTwoBitTimeout.Harness, "WAI-10", r"OverflowError"),
)
