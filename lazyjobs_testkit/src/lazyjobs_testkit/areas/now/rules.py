"""NOW: what now promises, where it is offered."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier

import pytest

from lazyjobs import Backend, BackendError, Record, SupportsNow
from lazyjobs_testkit.areas.clocks.rules import clock
from lazyjobs_testkit.areas.time.rules import assert_utc
from lazyjobs_testkit.harness import SupportsClock, SupportsFaults
from lazyjobs_testkit.rules import Keyword, Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._failing import MOMENTS, Moment
from lazyjobs_testkit.suite._support import (
    HOUR,
    MICROSECOND,
    PAST,
    assert_all_same,
    assert_clock,
    claim_again,
    claim_ended,
    claim_nothing,
    plain_params,
    tick,
)
from lazyjobs_testkit.suite._trail import describe

_THREADS = 4
_ASKED = 25
_now_rule = partial(rule, level=Level.CAPABILITY, capability=SupportsNow)


class NowTests:
    @_now_rule(
        "NOW-01",
        "now answers a time that is aware and in UTC",
        text="The backend's clock as it is during the call, aware and in UTC.",
        cause="the database's driver answers naive or local times, or a number",
    )
    def test_now_is_aware_and_in_utc(self, bench: Bench) -> None:
        assert_utc("now", ask(bench))

    @_now_rule(
        "NOW-02",
        "now lies between the created_at of what was inserted before and of what is inserted after",
        text="It is not before the `created_at` of a record inserted earlier, nor after that of one inserted later",
        cause="another clock is asked than insert goes by, or an answer is kept for a while",
        needs=("NOW-01", "TIM-04"),
    )
    def test_now_lies_between_two_inserts(self, bench: Bench) -> None:
        ask(bench)
        tick(bench)
        before = bench.insert(run_at=PAST)
        assert_between(bench, before, ask(bench), bench.insert(run_at=PAST))

    @rule("NOW-02")
    def test_another_handle_goes_by_the_same_clock(self, bench: Bench) -> None:
        bench.supports(SupportsNow)
        other = bench.open()
        before = bench.insert(run_at=PAST)
        assert_between(bench, before, read(other), bench.insert(run_at=PAST))

    @_now_rule(
        "NOW-03",
        "now tells the clock that decides what is due, be it right or wrong",
        text="The one clock that `created_at` and `updated_at` come from, and that decides what is due where no `now` "
        "is given.",
        cause="now asks the caller's machine, where claim asks the storage",
        needs=("CLK-02", "NOW-02"),
        hook="set_clock",
    )
    @pytest.mark.parametrize("offset", [HOUR, -HOUR], ids=["ahead", "behind"])
    def test_now_follows_the_backends_clock(self, bench: Bench, offset: timedelta) -> None:
        ask(bench)
        with clock(bench) as set_clock:
            set_clock(offset)
            began = bench.now() + offset
            assert_clock(bench, "now", ask(bench), began, bench.now() + offset)

    @rule("NOW-03")
    def test_what_is_to_run_after_now_is_due_when_the_clock_is_there(self, bench: Bench) -> None:
        with clock(bench) as set_clock:
            set_clock(-3 * HOUR)
            waiting = bench.insert(run_at=ask(bench) + HOUR)
            claim_nothing(bench, "its run_at is an hour after now")
            set_clock(-HOUR)
            claim_again(bench, waiting)

    @_now_rule(
        "NOW-04",
        "asking for now changes nothing",
        text="Changes nothing",
        cause="the clock is read by writing a row, or by touching one",
        needs=(
            "NOW-01",
            "LSE-03",
            "CLM-11",
            "LSE-09",
        ),
    )
    def test_asking_for_now_changes_nothing(self, bench: Bench) -> None:
        waiting = (claim_ended(bench), bench.insert(run_at=PAST), bench.claimed(queue="held", run_at=PAST, lease=HOUR))
        tick(bench)
        for _ in range(2):
            ask(bench)
        assert_all_same({record.id: record for record in waiting}, bench.records(), "asking for now")

    @_now_rule(
        "NOW-05",
        "every thread may ask for now, while others ask and insert",
        text="any thread may call any method at any time",
        cause="a connection or cursor for the clock alone, which belongs to one thread",
        needs=("CON-07", "NOW-02"),
    )
    def test_many_threads_ask_for_now_at_once(self, bench: Bench) -> None:
        bench.supports(SupportsNow)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="lazyjobs-kit-asking") as threads:
            together = Barrier(_THREADS)
            for asked in [threads.submit(ask_and_insert, bench, together) for _ in range(_THREADS)]:
                asked.result()

    @_now_rule(
        "NOW-06",
        "now tells a storage that gives no answer as BackendError, and answers no other clock instead",
        text="Raises `BackendUnavailableError` when it got no answer, and never answers another clock instead.",
        cause="the query for the time stands outside of what translates the driver's errors, or has a fallback",
        needs=("NOW-03", "FLT-02"),
        hook="faults",
    )
    def test_a_clock_that_gives_no_answer_is_told_as_backend_error(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        ask(bench)
        with far_clock(bench) as offset:
            for moment in MOMENTS:
                began = bench.now() + offset
                _, answer = ask_in_vain(bench, moment)
                place = f"now, whose request failed {moment} it took effect,"
                if isinstance(answer, datetime):
                    assert_clock(bench, f"what {place} answered", answer, began, bench.now() + offset)
                    continue
                assert isinstance(answer, BackendError), f"{place} raised {answer!r}, which is no BackendError"
                assert answer.__cause__ is not None, f"{place} raised {answer!r} without a __cause__"
                assert_utc("now, when the storage is well again,", ask(bench))

    @_now_rule(
        "NOW-07",
        "asking for now costs one request to the storage at the most",
        text="should cost one request to the storage at the most",
        keyword=Keyword.SHOULD,
        cause="a transaction is begun and ended around the question, or a handle is opened for it",
        needs=("NOW-06",),
        hook="faults",
    )
    def test_asking_costs_one_request(self, bench: Bench) -> None:
        bench.insert(run_at=PAST)
        ask(bench)
        failed, _ = ask_in_vain(bench, "before", skip=1)
        assert not failed, "now made a second request to the storage"


def ask(bench: Bench) -> datetime:
    """What now answers, recorded."""
    return bench.supports(SupportsNow).now()


def read(backend: Backend) -> datetime:
    """What now answers on that handle."""
    assert isinstance(backend, SupportsNow)
    return backend.now()


def ask_in_vain(bench: Bench, moment: Moment, skip: int = 0) -> tuple[int, datetime | Exception]:
    """How many requests failed while now was asked, and what it answered or raised; does not apply if it makes none."""
    assert isinstance(bench.harness, SupportsFaults)
    faults = bench.harness.faults(bench.namespace)
    answer: datetime | Exception
    faults.arm(moment, skip=skip)
    try:
        answer = ask(bench)
    except Exception as error:
        answer = error
    finally:
        failed = faults.clear()
    if not failed and not skip:
        bench.not_applicable("now asks nothing of the storage")
    return failed, answer


@contextmanager
def far_clock(bench: Bench) -> Iterator[timedelta]:
    """By how much the backend's clock is off the true one: by an hour, where it can be set."""
    if not isinstance(bench.harness, SupportsClock):
        yield timedelta(0)
        return
    with clock(bench) as set_clock:
        set_clock(HOUR)
        yield HOUR


def ask_and_insert(bench: Bench, together: Barrier) -> None:
    """Asks, with an insert now and then, and fails for what cannot be the clock."""
    backend = bench.raw()
    together.wait(timeout=60)
    for number in range(_ASKED):
        began = bench.now()
        now = read(backend)
        assert_clock(bench, "now", now, began, bench.now())
        if number % 5 == 0:
            backend.insert(plain_params(1)[0])


def assert_between(bench: Bench, before: Record, now: datetime, after: Record) -> None:
    """Fails unless now is the clock between two inserts, as far as it is told by times that may be rounded."""
    within = bench.traits.clock_skew + bench.traits.precision - MICROSECOND
    told = (
        f"now was {describe(now)}; record {before.id}, inserted before, has created_at {describe(before.created_at)}, "
        f"and record {after.id}, inserted after, {describe(after.created_at)}"
    )
    assert before.created_at - within <= now <= after.created_at + within, told
