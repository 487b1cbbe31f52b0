"""TRN: what complete, retry and discard make of a claimed record."""

from datetime import datetime

import pytest

from lazyjobs import BackendError, ClaimLostError, CompleteParams, DiscardParams, RetryParams
from lazyjobs_testkit.suite._bench import Bench, rule
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
from lazyjobs_testkit.suite._verbs import OUTCOMES, VERBS, Verb, each_verb, finish, finish_params

FINISHING = ("state", "lease_expires_at", "last_error", "run_at", "updated_at", "spared")

BEGINNING = "kit error 42"
HOSTILE = {
    "empty": "",
    "NUL": "\0",
    "NUL within": f"{BEGINNING}: before\0after",
    "control characters": BEGINNING + "".join(map(chr, [*range(1, 32), 127, *range(128, 160)])),
    "quotes": f"""{BEGINNING}: it's "quoted" `so` \\ %s %(x)s {{0}} ${{x}} ; DROP TABLE jobs; --""",
    "line ends": f"{BEGINNING}\r\nTraceback:\n\tline\rline\x0b\x0c\x85\u2028\u2029",
    "lone high surrogate": f"{BEGINNING} \ud800",
    "lone low surrogate": f"{BEGINNING} \udfff and more",
    "reversed surrogates": f"{BEGINNING} \ude00\ud83d",
    "only a surrogate": "\udc80",
    "noncharacters": f"{BEGINNING} \ufffe\uffff\U0010ffff\ufdd0",
    "astral": f"{BEGINNING} \U0001f600\U00010000",
    "byte order mark": f"\ufeff{BEGINNING}",
    "JSON": '{"error": null}',
    "megabytes": BEGINNING + " x" * 2_000_000,
    "megabytes of wide characters": BEGINNING + "\U0001f600" * 700_000,
    "a million NULs": BEGINNING + "\0" * 1_000_000,
    "a million surrogates": BEGINNING + "\ud800" * 1_000_000,
}
"""Error texts at which a storage balks, by what is bad about them."""

PLAIN = {
    "short": f"{BEGINNING}: boom",
    "quotes": f"""{BEGINNING}: it's "quoted" `so` \\ %s %(x)s {{0}} ${{x}}""",
    "lines": f"{BEGINNING}\nTraceback:\n\tline 1\n\tline 2",
    "long": BEGINNING + "".join(f" {number}" for number in range(200_000)),
}
"""Error texts that every storage can keep, at least from the beginning."""


class FinishTests:
    @rule("TRN-01")
    def test_complete_moves_the_record_to_succeeded(self, bench: Bench) -> None:
        keeps_finished(bench)
        assert_moves(bench, "complete")

    @rule("TRN-02")
    def test_retry_moves_the_record_to_retrying(self, bench: Bench) -> None:
        assert_moves(bench, "retry")

    @rule("TRN-03")
    def test_discard_moves_the_record_to_discarded(self, bench: Bench) -> None:
        keeps_finished(bench)
        assert_moves(bench, "discard")

    @rule("TRN-04")
    @each_verb
    def test_finishing_ends_the_lease(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        finish(bench.backend, finish_params(verb, record))
        assert_fields(stored(bench, record.id), verb, lease_expires_at=None)

    @rule("TRN-05")
    def test_complete_keeps_last_error(self, bench: Bench) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=PAST, last_error="boom"))
        record = claim_again(bench, record)
        bench.backend.complete(CompleteParams(id=record.id, attempt=record.attempt))
        assert_fields(stored(bench, record.id), "complete", last_error="boom")

    @rule("TRN-06")
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

    @rule("TRN-07")
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

    @rule("TRN-08")
    @pytest.mark.parametrize("run_at", [FUTURE, PAST + DAY, PAST - DAY, LAST, EPOCH], ids=lambda time: f"{time:%F}")
    def test_a_retried_record_has_the_run_at_given(self, bench: Bench, run_at: datetime) -> None:
        record = bench.claimed(run_at=PAST)
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=run_at))
        assert_rounded(bench, f"run_at of record {record.id}", stored(bench, record.id).run_at, run_at)

    @rule("TRN-09")
    def test_retry_without_a_run_at_is_due_at_the_clocks_now(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST)
        began = bench.now()
        bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=None))
        ended = bench.now()
        assert_clock(bench, f"run_at of record {record.id}", stored(bench, record.id).run_at, began, ended)

    @rule("TRN-10")
    @pytest.mark.parametrize("verb", ["complete", "discard"])
    def test_complete_and_discard_leave_run_at(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        finish(bench.backend, finish_params(verb, record))
        assert_fields(stored(bench, record.id), verb, run_at=record.run_at)

    @rule("TRN-11")
    @each_verb
    def test_finishing_changes_neither_the_attempt_nor_what_insert_set(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST, kind="Kit.Kind", queue="Kit.Queue", payload=b'{"a":1}', max_attempts=7)
        finish(bench.backend, finish_params(verb, record, last_error="boom"))
        assert_same(record, stored(bench, record.id), verb, but=FINISHING)

    @rule("TRN-12")
    @each_verb
    def test_finishing_one_record_leaves_every_other_as_it_was(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        held, other = (bench.claimed(run_at=PAST) for _ in range(2))
        before = {record.id: record for record in [other, *insert_in_turn(bench, 2)]}
        finish(bench.backend, finish_params(verb, held, last_error="boom", run_at=FUTURE))
        after = bench.records()
        after.pop(held.id, None)
        assert_all_same(before, after, f"{verb} of record {held.id}")

    @rule("TRN-13")
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

    @rule("TRN-14")
    @each_verb
    def test_repeating_a_finish_is_answered(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        for times in range(1, 4):
            try:
                finish(bench.backend, finish_params(verb, record, last_error="boom", run_at=FUTURE))
            except ClaimLostError as error:
                raise AssertionError(f"{verb} of record {record.id} was refused the time {times}") from error

    @rule("TRN-15")
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

    @rule("TRN-16")
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

    @rule("TRN-17")
    @pytest.mark.parametrize("name", HOSTILE)
    def test_no_error_text_stops_a_transition(self, bench: Bench, name: str) -> None:
        keeps_finished(bench)
        states = {}
        for verb in (verb for verb in VERBS if verb != "complete"):
            record = bench.claimed(run_at=PAST)
            try:
                finish(bench.backend, finish_params(verb, record, last_error=HOSTILE[name], run_at=FUTURE))
            except (BackendError, ClaimLostError) as error:
                raise AssertionError(f"{verb} was stopped by an error text ({name}): {describe(error)}") from error
            states[verb] = stored(bench, record.id).state
        expected = {verb: OUTCOMES[verb] for verb in states}
        assert states == expected, f"with an error text ({name}) the states are {describe(states)}"

    @rule("TRN-18")
    @pytest.mark.parametrize("name", PLAIN)
    def test_of_a_plain_error_text_the_beginning_is_stored(self, bench: Bench, name: str) -> None:
        text, kept = PLAIN[name], stored_error(bench, PLAIN[name])
        assert text.startswith(kept), f"what is stored is no beginning of {describe(text)}: {describe(kept)}"
        assert kept.startswith(BEGINNING), f"of {describe(text)} no more is stored than {describe(kept)}"

    @rule("TRN-18")
    @pytest.mark.parametrize("name", [name for name, text in HOSTILE.items() if text.startswith(BEGINNING)])
    def test_of_a_hostile_error_text_the_beginning_is_stored(self, bench: Bench, name: str) -> None:
        kept = stored_error(bench, HOSTILE[name])
        assert kept.startswith(BEGINNING), f"of {describe(HOSTILE[name])} this is stored: {describe(kept)}"


def assert_moves(bench: Bench, verb: Verb) -> None:
    record = bench.claimed(run_at=PAST)
    finish(bench.backend, finish_params(verb, record))
    state = stored(bench, record.id).state
    assert state == OUTCOMES[verb], f"{verb} left record {record.id} {state}"


def stored_error(bench: Bench, text: str) -> str:
    """What is stored of an error text."""
    record = bench.claimed(run_at=PAST)
    bench.backend.retry(RetryParams(id=record.id, attempt=record.attempt, run_at=FUTURE, last_error=text))
    return stored(bench, record.id).last_error
