"""CLK: what a wrong clock may do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from lazyjobs import Record, RetryParams
from lazyjobs_testkit.harness import SupportsClock
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    FUTURE,
    HOUR,
    PAST,
    assert_clock,
    claim_again,
    claim_nothing,
    keeps_finished,
    lease_end,
    stored,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import Verb, each_verb, finish, finish_params

_TRUE = timedelta(0)
_MINUTE = timedelta(minutes=1)


class ClockTests:
    @rule(
        "CLK-01",
        "updated_at never goes back and created_at never changes, whatever the clock does",
        text="`updated_at` never goes back: it is the later of the clock and what it was.",
        level=Level.CORE,
        cause="updated_at is the clock, or is set by a trigger of the database",
        hook="set_clock",
        needs=(
            "TRN-01",
            "TRN-02",
            "TRN-03",
        ),
    )
    @each_verb
    def test_updated_at_stays_while_the_clock_is_behind_it(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        with clock(bench) as set_clock:
            set_clock(HOUR)
            inserted = bench.insert(run_at=PAST)
            set_clock(-HOUR)
            claimed = bench.claim_due()
            assert_stands_still(inserted, claimed, "claim")
            finish(bench.backend, finish_params(verb, claimed, run_at=PAST))
            assert_stands_still(inserted, stored(bench, claimed.id), verb)

    @rule("CLK-01")
    def test_updated_at_moves_on_when_the_clock_has_caught_up(self, bench: Bench) -> None:
        with clock(bench) as set_clock:
            inserted = bench.insert(run_at=PAST)
            set_clock(-HOUR)
            claimed = bench.claim_due()
            bench.backend.retry(RetryParams(id=claimed.id, attempt=claimed.attempt, run_at=PAST))
            set_clock(HOUR)
            began = bench.now() + HOUR
            again = claim_again(bench, claimed)
            assert_clock(bench, "updated_at", again.updated_at, began, bench.now() + HOUR)
            assert again.created_at == inserted.created_at, "created_at was changed when the clock was"

    @rule(
        "CLK-02",
        "the backend's clock, right or wrong, decides what is due when no now is given",
        text="(`run_at` while pending or retrying, `lease_expires_at` while running) is not after now: `params.now` if "
        "given, else the backend's clock.",
        level=Level.CORE,
        cause="one statement asks the database's clock and another one the caller's",
        hook="set_clock",
        needs=("CLM-10",),
    )
    def test_a_clock_ahead_hands_out_what_is_due_by_it(self, bench: Bench) -> None:
        with clock(bench) as set_clock:
            inserted = bench.insert(run_at=bench.now() + HOUR)
            set_clock(2 * HOUR)
            began = bench.now() + 2 * HOUR
            claimed = claim_again(bench, inserted, lease=_MINUTE)
            end = lease_end(claimed) - _MINUTE
            assert_clock(bench, "the beginning of the lease", end, began, bench.now() + 2 * HOUR)

    @rule("CLK-02")
    def test_a_clock_behind_keeps_back_what_is_not_due_by_it(self, bench: Bench) -> None:
        with clock(bench) as set_clock:
            bench.insert(run_at=bench.now() - HOUR)
            set_clock(-2 * HOUR)
            claim_nothing(bench, "the clock is two hours behind, and run_at one hour")
            set_clock(_TRUE)
            bench.claim_due()

    @rule("CLK-02")
    def test_a_new_record_has_the_times_of_the_wrong_clock(self, bench: Bench) -> None:
        with clock(bench) as set_clock:
            set_clock(-HOUR)
            began = bench.now() - HOUR
            record = bench.insert()
            ended = bench.now() - HOUR
            for name, got in (("created_at", record.created_at), ("run_at", record.run_at)):
                assert_clock(bench, name, got, began, ended)

    @rule(
        "CLK-03",
        "clocks that differ by no more than the tolerated skew break no claim, no finish and no order of times",
        text="A backend whose machines have clocks of their own declares the skew it tolerates.",
        level=Level.CRASH_SAFE,
        cause="a write is made to depend on being later than what is stored, by the writer's own clock",
        trait="clock_skew",
        hook="set_clock",
        needs=("CLK-01",),
    )
    @each_verb
    def test_the_tolerated_skew_breaks_nothing(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        ahead, behind = bench.traits.clock_skew, -bench.traits.clock_skew
        with clock(bench) as set_clock:
            for first, second in ((ahead, _TRUE), (_TRUE, behind), (behind, _TRUE), (_TRUE, ahead)):
                set_clock(first)
                inserted = bench.insert(run_at=PAST)
                set_clock(second)
                claimed = bench.claim_due()
                assert claimed.id == inserted.id, f"claimed record {claimed.id}; only record {inserted.id} was due"
                set_clock(first)
                finish(bench.backend, finish_params(verb, claimed, run_at=FUTURE))
                seen = (inserted, claimed, stored(bench, claimed.id))
                times = [record.updated_at for record in seen]
                assert times == sorted(times), f"updated_at went back: {', '.join(map(describe, times))}"


@contextmanager
def clock(bench: Bench) -> Iterator[Callable[[timedelta], None]]:
    """Sets the backend's clock so far from the true one; in the end it is right again."""
    harness = bench.harness
    assert isinstance(harness, SupportsClock)
    try:
        yield lambda offset: harness.set_clock(bench.namespace, offset)
    finally:
        harness.set_clock(bench.namespace, _TRUE)


def assert_stands_still(before: Record, after: Record, occasion: str) -> None:
    """Fails if a time that the clock decides was changed while the clock was behind it."""
    for name in ("created_at", "updated_at"):
        old, new = getattr(before, name), getattr(after, name)
        changed = f"changed {name} from {describe(old)} to {describe(new)}"
        assert new == old, f"{occasion}, with a clock that went two hours back, {changed}"
