"""WAI: what wait promises, where it is offered."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from lazyjobs import RetryParams, SupportsClose, SupportsWait, WaitParams
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    PAST,
    SECOND,
    assert_all_same,
    claim_ended,
)
from lazyjobs_testkit.suite._waiter import Waiter

_RETURNS = "Returns when something on the queues may be due, at once if it is, or when the timeout has passed."
_FALSE = "True may be wrong, as another worker may be quicker; False means that the timeout passed."
_wait_rule = partial(rule, level=Level.CAPABILITY, capability=SupportsWait)

MOMENT = timedelta(milliseconds=150)


class WaitTests:
    @_wait_rule(
        "WAI-01",
        "wait answers True at once if something is due",
        text=_RETURNS,
        cause="only news are waited for, not what had come before",
        needs=("LSE-03",),
    )
    def test_wait_answers_at_once_if_a_record_is_due(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        assert_ends(bench, Waiter(bench, long(bench)), "a record was due before")

    @rule("WAI-01")
    def test_wait_answers_at_once_if_a_lease_has_ended(self, bench: Bench) -> None:
        claim_ended(bench)
        assert_ends(bench, Waiter(bench, long(bench)), "a lease had ended before")

    @rule("WAI-01")
    def test_wait_looks_at_every_queue(self, bench: Bench) -> None:
        bench.insert(queue="last", run_at=PAST)
        waiting = bench.supports(SupportsWait)
        assert waiting.wait(WaitParams(queues=("first", "middle", "last"), timeout=SECOND)), (
            "wait answered False, although a record is due on the last of its three queues"
        )

    @_wait_rule(
        "WAI-02",
        "wait returns False only when the timeout has passed",
        text=_FALSE,
        cause="a poll shorter than the timeout, or a wake-up for another queue, ends in False",
        needs=(
            "CLM-11",
            "WAI-03",
        ),
    )
    def test_wait_answers_false_only_after_its_timeout(self, bench: Bench) -> None:
        bench.insert(run_at=FUTURE)
        bench.insert(queue="other", run_at=PAST)
        bench.claimed(queue="held", run_at=PAST, lease=HOUR)
        assert_not_early(bench, Waiter(bench, 2 * MOMENT), 2 * MOMENT)

    @rule("WAI-02")
    def test_what_is_not_waited_for_does_not_end_a_wait_with_false(self, bench: Bench) -> None:
        waiter = Waiter(bench, 2 * MOMENT)
        waiter.fall_asleep()
        bench.insert(queue="other", run_at=PAST)
        bench.insert(run_at=FUTURE)
        assert_not_early(bench, waiter, 2 * MOMENT)

    @_wait_rule(
        "WAI-03",
        "wait returns once the timeout has passed",
        text=_RETURNS,
        cause="milliseconds taken for seconds, or a timeout of 0 that means for ever",
    )
    @pytest.mark.parametrize("timeout", [timedelta(0), timedelta(microseconds=1), MOMENT], ids=str)
    def test_wait_returns_once_its_timeout_has_passed(self, bench: Bench, timeout: timedelta) -> None:
        bench.insert(run_at=FUTURE)
        waiter = Waiter(bench, timeout)
        assert_times_out(bench, waiter, timeout)

    @_wait_rule(
        "WAI-04",
        "an insert of something due ends the wait with True",
        text=_RETURNS,
        cause="nobody wakes the waiter, or the signal is lost between looking and sleeping",
        needs=("WAI-01",),
    )
    def test_an_insert_ends_the_wait(self, bench: Bench) -> None:
        assert_wakes(bench, lambda: bench.insert(run_at=PAST), "a due record was inserted")

    @_wait_rule(
        "WAI-05",
        "a run_at that comes while waiting ends the wait with True",
        text=_RETURNS,
        cause="only inserts wake the waiter, not time",
        needs=(
            "WAI-04",
            "WAI-02",
        ),
    )
    def test_a_run_at_that_comes_ends_the_wait(self, bench: Bench) -> None:
        bench.insert(run_at=bench.now() + MOMENT)
        assert_ends(bench, Waiter(bench, patience(bench)), "a record became due", within=patience(bench) - soon(bench))

    @rule("WAI-05")
    def test_a_run_at_inserted_while_waiting_ends_the_wait_when_it_comes(self, bench: Bench) -> None:
        waiter = Waiter(bench, patience(bench))
        waiter.fall_asleep()
        bench.insert(run_at=FUTURE)
        bench.insert(run_at=bench.now() + MOMENT)
        assert_ends(bench, waiter, "a record became due", within=patience(bench) - soon(bench))

    @_wait_rule(
        "WAI-06",
        "a lease that ends while waiting ends the wait with True",
        text=_RETURNS,
        cause="only pending records are looked at for the next due time",
        needs=("WAI-01",),
    )
    def test_a_lease_that_ends_ends_the_wait(self, bench: Bench) -> None:
        bench.claimed(run_at=PAST, lease=MOMENT)
        assert_ends(bench, Waiter(bench, patience(bench)), "a lease ended", within=patience(bench) - soon(bench))

    @_wait_rule(
        "WAI-07",
        "a retry that makes a record due ends the wait with True",
        text=_RETURNS,
        cause="only insert wakes the waiter",
        needs=(
            "TRN-16",
            "WAI-01",
        ),
    )
    def test_a_retry_ends_the_wait(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        params = RetryParams(id=record.id, attempt=record.attempt, run_at=PAST)
        assert_wakes(bench, lambda: bench.backend.retry(params), "a record was retried and due")

    @_wait_rule(
        "WAI-08",
        "waiting changes nothing",
        text="Changes nothing.",
        cause="wait claims ahead so that the next claim is quick",
        needs=(
            "WAI-01",
            "LST-09",
            "WAI-03",
        ),
    )
    def test_waiting_changes_nothing(self, bench: Bench) -> None:
        ended, waiting = claim_ended(bench), bench.insert(run_at=PAST)
        for _ in range(2):
            bench.supports(SupportsWait).wait(WaitParams(timeout=timedelta(0)))
        assert_all_same({record.id: record for record in (ended, waiting)}, bench.records(), "waiting")

    @_wait_rule(
        "WAI-09",
        "close wakes every waiter, which raises BackendClosedError",
        text="`close` wakes every waiter, which then raises `BackendClosedError`.",
        cause="one of several waiters is woken, the waiter answers False, or it sleeps until its timeout",
        needs=("CLS-01",),
    )
    def test_close_wakes_every_waiter(self, bench: Bench) -> None:
        if not isinstance(bench.backend, SupportsClose):
            bench.not_applicable("no close")
        waiters = [Waiter(bench, 2 * long(bench), again=True) for _ in range(3)]
        for waiter in waiters:
            waiter.fall_asleep()
        bench.backend.close()
        for number, waiter in enumerate(waiters, start=1):
            assert waiter.returns_within(soon(bench)), f"waiter {number} of 3 still waits {soon(bench)} after close"
            assert waiter.closed, f"waiter {number} of 3 answered {waiter.answer} instead of BackendClosedError"

    @_wait_rule(
        "WAI-10",
        "wait takes timeouts up to 366 days",
        text="At least 0, at most 366 days.",
        cause="a timeout in milliseconds that overflows 32 bits, or a maximum of the storage",
        needs=("WAI-04",),
    )
    def test_wait_takes_the_longest_timeout(self, bench: Bench) -> None:
        waiter = Waiter(bench, 366 * DAY)
        waiter.fall_asleep()
        bench.insert(run_at=PAST)
        assert_ends(bench, waiter, "a due record was inserted")


def patience(bench: Bench) -> timedelta:
    """A timeout in which what is due in a moment by the kit's clock is due by every other one."""
    return long(bench) + 2 * bench.traits.clock_skew + bench.traits.precision


def soon(bench: Bench) -> timedelta:
    """In which a wait must have ended that has a reason to."""
    return min(max(bench.budget, 0.1), 1.0) * 10 * SECOND


def long(bench: Bench) -> timedelta:
    """A timeout that no correct wait in these tests gets to."""
    return 2 * soon(bench)


def assert_ends(bench: Bench, waiter: Waiter, reason: str, within: timedelta | None = None) -> None:
    """Fails unless the wait answers True in time."""
    within = soon(bench) if within is None else within
    assert waiter.returns_within(within), f"wait still waits after {within}, although {reason}"
    assert waiter.answer is True, f"wait answered {waiter.answer} after {waiter.seconds:.3f} s, although {reason}"


def assert_wakes(bench: Bench, act: Callable[[], object], reason: str) -> None:
    """Fails unless what `act` does ends a wait that is under way."""
    waiter = Waiter(bench, long(bench))
    waiter.fall_asleep()
    act()
    assert_ends(bench, waiter, reason)


def assert_not_early(bench: Bench, waiter: Waiter, timeout: timedelta) -> None:
    """Fails if the wait answers False before its timeout has passed; True may be wrong, and is no fault."""
    assert_times_out(bench, waiter, timeout)
    early = waiter.answer is False and waiter.seconds < timeout.total_seconds() - 0.002
    assert not early, f"wait answered False after {waiter.seconds:.3f} s of {timeout.total_seconds():.3f} s"


def assert_times_out(bench: Bench, waiter: Waiter, timeout: timedelta) -> None:
    """Fails if the wait lasts much longer than its timeout."""
    within = timeout + soon(bench)
    assert waiter.returns_within(within), f"a wait of {timeout} still waits after {within}"
