"""TRN: what complete, retry and discard make of a claimed record."""

from datetime import datetime

import pytest

from lazyjobs import ClaimLostError, CompleteParams, DiscardParams, RetryParams
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    EPOCH,
    FUTURE,
    HOUR,
    LAST,
    PAST,
    assert_all_same,
    assert_clock,
    assert_fields,
    assert_rounded,
    assert_same,
    claim_again,
    claim_ended,
    claim_nothing,
    insert_in_turn,
    keeps_finished,
    stored,
    tick,
)
from lazyjobs_testkit.suite._trail import describe
from lazyjobs_testkit.suite._verbs import OUTCOMES, Verb, each_verb, finish, finish_params

_COMPLETE = "Moves the claimed record to succeeded and ends its lease; `last_error` stays."
_RETRY = "Moves the claimed record to retrying, due at `params.run_at` (None: the clock's now), and ends its lease."
_DISCARD = "Moves the claimed record to discarded, for good, with `params.last_error`, and ends its lease."
_REPEAT = (
    "A record that already is succeeded at that attempt is left as it is, so that the caller may ask again after a "
    "lost answer. … repeating (here: retrying at that attempt, whatever the other arguments now say)"
)

FINISHING = ("state", "lease_expires_at", "last_error", "run_at", "updated_at", "spared")

"""Error texts at which a storage balks, by what is bad about them."""

"""Error texts that every storage can keep, at least from the beginning."""


class FinishTests:
    @rule(
        "TRN-01",
        "complete moves the claimed record to succeeded",
        text=_COMPLETE,
        level=Level.CORE,
        cause="the record is deleted instead, or the update matches no row and nobody looks at the count",
        needs=(
            "INS-06",
            "CLM-01",
        ),
    )
    def test_complete_moves_the_record_to_succeeded(self, bench: Bench) -> None:
        keeps_finished(bench)
        assert_moves(bench, "complete")

    @rule(
        "TRN-02",
        "retry moves the claimed record to retrying",
        text=_RETRY,
        level=Level.CORE,
        cause="the record goes back to pending, or the backend decides itself that attempts are exhausted",
        needs=(
            "INS-06",
            "CLM-01",
        ),
    )
    def test_retry_moves_the_record_to_retrying(self, bench: Bench) -> None:
        assert_moves(bench, "retry")

    @rule(
        "TRN-03",
        "discard moves the claimed record to discarded",
        text=_DISCARD,
        level=Level.CORE,
        cause="the record is deleted or goes to a dead-letter store that list does not read",
        needs=(
            "INS-06",
            "CLM-01",
        ),
    )
    def test_discard_moves_the_record_to_discarded(self, bench: Bench) -> None:
        keeps_finished(bench)
        assert_moves(bench, "discard")

    @rule(
        "TRN-04",
        "each of the three ends the lease",
        text="While running, until when the claim is exclusive; otherwise None.",
        level=Level.CORE,
        cause="lease_expires_at is left in place because the state says enough",
        needs=(
            "TRN-01",
            "TRN-02",
            "TRN-03",
        ),
    )
    @each_verb
    def test_finishing_ends_the_lease(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        finish(bench.backend, finish_params(verb, record))
        assert_fields(stored(bench, record.id), verb, lease_expires_at=None)

    @rule(
        "TRN-05",
        "complete keeps last_error",
        text='What the last retry or discard reported, or a prefix of it; "" if none. Completing keeps it.',
        level=Level.CORE,
        cause="one statement for all three verbs, with an empty text for complete",
        needs=("CLM-15",),
    )
    def test_complete_keeps_last_error(self, bench: Bench) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=PAST, last_error="boom"))
        record = claim_again(bench, record)
        bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        assert_fields(stored(bench, record.id), "complete", last_error="boom")

    @rule(
        "TRN-06",
        "retry replaces last_error, even by an empty text",
        text='`last_error` becomes `params.last_error`, even when that is "".',
        level=Level.CORE,
        cause="`if last_error:` or COALESCE, so that an old error stays",
        needs=("TRN-16",),
    )
    def test_retry_stores_last_error(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, last_error="boom"))
        assert_fields(stored(bench, record.id), "retry", last_error="boom")

    @rule("TRN-06")
    @pytest.mark.parametrize("text", ["bang", ""], ids=["text", "empty"])
    def test_retry_replaces_last_error(self, bench: Bench, text: str) -> None:
        record = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=PAST, last_error="boom"))
        record = claim_again(bench, record)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=PAST, last_error=text))
        assert_fields(stored(bench, record.id), "a second retry", last_error=text)

    @rule(
        "TRN-07",
        "discard replaces last_error, even by an empty text",
        text='Why: any string at all. Replaces the one before, even by "".',
        level=Level.CORE,
        cause="`if last_error:` or COALESCE, so that an old error stays",
        needs=(
            "TRN-03",
            "TRN-06",
        ),
    )
    def test_discard_stores_last_error(self, bench: Bench) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        bench.backend.discard(DiscardParams(id=record.id, attempt=record.attempt, last_error="boom"))
        assert_fields(stored(bench, record.id), "discard", last_error="boom")

    @rule("TRN-07")
    @pytest.mark.parametrize("text", ["bang", ""], ids=["text", "empty"])
    def test_discard_replaces_last_error(self, bench: Bench, text: str) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=PAST, last_error="boom"))
        record = claim_again(bench, record)
        bench.backend.discard(DiscardParams(id=record.id, attempt=record.attempt, last_error=text))
        assert_fields(stored(bench, record.id), "a retry and a discard", last_error=text)

    @rule(
        "TRN-08",
        "a retried record is due at the run_at given, be it past or future",
        text=_RETRY,
        level=Level.CORE,
        cause="a run_at in the past is moved to now, a delay counted in whole seconds, a delay of 15 minutes at most",
        needs=("TRN-02",),
    )
    @pytest.mark.parametrize("run_at", [FUTURE, PAST + DAY, PAST - DAY, LAST, EPOCH], ids=lambda time: f"{time:%F}")
    def test_a_retried_record_has_the_run_at_given(self, bench: Bench, run_at: datetime) -> None:
        record = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=run_at))
        assert_rounded(bench, f"run_at of record {record.id}", stored(bench, record.id).run_at, run_at)

    @rule(
        "TRN-09",
        "retry without a run_at makes the record due at the clock's now",
        text=_RETRY,
        level=Level.CORE,
        cause="None leaves the old run_at in place",
        needs=("TRN-02",),
    )
    def test_retry_without_a_run_at_is_due_at_the_clocks_now(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST)
        began = bench.now()
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=None))
        ended = bench.now()
        assert_clock(bench, f"run_at of record {record.id}", stored(bench, record.id).run_at, began, ended)

    @rule(
        "TRN-10",
        "complete and discard leave run_at as it is",
        text="Not to be claimed before. Set by insert and by retry, by nothing else.",
        level=Level.CORE,
        cause="run_at doubles as the time of finishing, or is cleared to take the record out of an index",
        needs=(
            "TRN-01",
            "TRN-03",
        ),
    )
    @pytest.mark.parametrize("verb", ["complete", "discard"])
    def test_complete_and_discard_leave_run_at(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        finish(bench.backend, finish_params(verb, record))
        assert_fields(stored(bench, record.id), verb, run_at=record.run_at)

    @rule(
        "TRN-11",
        "finishing changes neither the attempt nor what insert set",
        text="Set by insert, never changed. … How often it was claimed: 0 at first, raised by one by each claim, never "
        "lowered.",
        level=Level.CORE,
        cause="retry counts the attempt, or a finished record's payload is dropped to save space",
        needs=(
            "TRN-03",
            "CLM-02",
        ),
    )
    @each_verb
    def test_finishing_changes_neither_the_attempt_nor_what_insert_set(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST, kind="Kit.Kind", queue="Kit.Queue", payload=b'{"a":1}', max_attempts=7)
        finish(bench.backend, finish_params(verb, record, last_error="boom"))
        assert_same(record, stored(bench, record.id), verb, but=FINISHING)

    @rule(
        "TRN-12",
        "finishing one record leaves every other as it was",
        text="Atomic, and only for the current claim",
        level=Level.CORE,
        cause="an UPDATE by state, attempt or queue instead of by id",
        needs=(
            "TRN-03",
            "CLM-02",
        ),
    )
    @each_verb
    def test_finishing_one_record_leaves_every_other_as_it_was(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        held, other = (bench.claimed(run_at=PAST) for _ in range(2))
        before = {record.id: record for record in [other, *insert_in_turn(bench, 2)]}
        finish(bench.backend, finish_params(verb, held, last_error="boom", run_at=FUTURE))
        after = bench.records()
        after.pop(held.id, None)
        assert_all_same(before, after, f"{verb} of record {held.id}")

    @rule(
        "TRN-13",
        "a claim whose lease has ended still finishes while nobody claimed the record again",
        text="the record is running and its attempt is `params.attempt`, also when the lease has ended but nobody "
        "claimed the record again",
        level=Level.CORE,
        cause="`and lease_expires_at > now` in the update: the outcome of a job that took too long is thrown away",
        needs=(
            "TRN-01",
            "TRN-02",
            "TRN-03",
            "LSE-02",
        ),
    )
    @each_verb
    def test_a_claim_whose_lease_has_ended_still_finishes(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = claim_ended(bench)
        try:
            finish(bench.backend, finish_params(verb, record))
        except ClaimLostError as error:
            raise AssertionError(f"{verb} was refused although nobody claimed record {record.id} again") from error
        state = stored(bench, record.id).state
        assert state == OUTCOMES[verb], f"{verb} after the lease's end left record {record.id} {state}"

    @rule(
        "TRN-14",
        "repeating a finish is answered, not refused",
        text=_REPEAT,
        level=Level.CORE,
        cause="the update asks for a running record, and no row is taken for a lost claim",
        needs=(
            "TRN-01",
            "TRN-02",
            "TRN-03",
        ),
    )
    @each_verb
    def test_repeating_a_finish_is_answered(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        for times in range(1, 4):
            try:
                finish(bench.backend, finish_params(verb, record, last_error="boom", run_at=FUTURE))
            except ClaimLostError as error:
                raise AssertionError(f"{verb} of record {record.id} was refused the time {times}") from error

    @rule(
        "TRN-15",
        "repeating a finish changes nothing, whatever its other arguments",
        text=_REPEAT,
        level=Level.CORE,
        cause="the repeated request writes its run_at or last_error over those that counted, or moves updated_at",
        needs=("TRN-14",),
    )
    @each_verb
    def test_repeating_a_finish_changes_nothing(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        finish(bench.backend, finish_params(verb, record, last_error="boom", run_at=FUTURE))
        before = stored(bench, record.id)
        tick(bench)
        for text, run_at in (("boom", FUTURE), ("bang", PAST), ("", None)):
            finish(bench.backend, finish_params(verb, record, last_error=text, run_at=run_at))
        assert_same(before, stored(bench, record.id), f"repeating {verb}")

    @rule(
        "TRN-16",
        "a retried record is claimed again once its run_at has come, not before",
        text="Due is a record … whose due time (`run_at` while pending or retrying, `lease_expires_at` while running) "
        "is not after now",
        level=Level.CORE,
        cause="retrying is missing where pending is asked for, or the old run_at stays in the index of what is due",
        needs=(
            "CLM-09",
            "TRN-08",
            "CLM-10",
        ),
    )
    def test_a_retried_record_is_claimed_again_once_its_run_at_has_come(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=FUTURE))
        claim_nothing(bench, f"it was retried with run_at {describe(FUTURE)}", now=FUTURE - DAY)
        claim_again(bench, record, now=FUTURE + DAY)

    @rule("TRN-16")
    def test_a_record_retried_with_a_past_run_at_is_claimed_at_once(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=PAST - DAY))
        claim_again(bench, record)


def assert_moves(bench: Bench, verb: Verb) -> None:
    record = bench.claimed(run_at=PAST)
    finish(bench.backend, finish_params(verb, record))
    state = stored(bench, record.id).state
    assert state == OUTCOMES[verb], f"{verb} left record {record.id} {state}"
