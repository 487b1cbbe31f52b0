"""FEN: who may finish a record: the current claim, and nobody else."""

from collections.abc import Iterator

from lazyjobs import FinishParams, Record, RetryParams
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    FUTURE,
    PAST,
    assert_all_same,
    claim_again,
    claim_ended,
    keeps_finished,
    tick,
)
from lazyjobs_testkit.suite._verbs import OUTCOMES, VERBS, Verb, assert_refused, each_verb, finish, finish_params

_LOST = "Anything else (an unknown id, another attempt, another state) raises `ClaimLostError` and changes nothing."


class FencingTests:
    @rule(
        "FEN-01",
        "a superseded claim finishes nothing: each verb raises ClaimLostError",
        text=_LOST,
        level=Level.CORE,
        cause="finishing asks for the id and the state, not for the attempt: a stale worker overwrites the new one",
        needs=("CLM-03",),
    )
    @each_verb
    def test_a_superseded_claim_finishes_nothing(self, bench: Bench, verb: Verb) -> None:
        stale = claim_ended(bench)
        claim_again(bench, stale)
        assert_refused(bench.backend, finish_params(verb, stale), f"record {stale.id} was claimed again")

    @rule(
        "FEN-02",
        "an attempt that was never claimed finishes nothing",
        text=_LOST,
        level=Level.CORE,
        cause="`attempt <= given` instead of `attempt = given`",
        needs=(
            "INS-06",
            "CLM-01",
        ),
    )
    @each_verb
    def test_an_attempt_that_was_never_claimed_finishes_nothing(self, bench: Bench, verb: Verb) -> None:
        record = bench.claimed(run_at=PAST)
        for attempt in (record.attempt + 1, record.max_attempts, 2**31 - 1):
            assert_refused(
                bench.backend,
                finish_params(verb, record, attempt=attempt),
                f"record {record.id} is at attempt {record.attempt}",
            )

    @rule(
        "FEN-03",
        "an unknown id is refused",
        text=_LOST,
        level=Level.CORE,
        cause="no row is taken for success, or an upsert (PUT, UpdateItem, HSET) creates what it does not find",
        needs=(
            "INS-01",
            "INS-06",
        ),
    )
    @each_verb
    def test_an_unknown_id_is_refused(self, bench: Bench, verb: Verb) -> None:
        record = bench.insert(run_at=PAST)
        for params in unknown(record, verb):
            assert_refused(bench.backend, params, f"record {record.id} is the only one")

    @rule(
        "FEN-04",
        "a record that was never claimed cannot be finished",
        text=_LOST,
        level=Level.CORE,
        cause="the state is not looked at, or attempt 0 is taken for the first",
        needs=(
            "INS-01",
            "INS-06",
        ),
    )
    @each_verb
    def test_a_record_that_was_never_claimed_cannot_be_finished(self, bench: Bench, verb: Verb) -> None:
        record = bench.insert(run_at=PAST)
        assert_refused(bench.backend, finish_params(verb, record, attempt=1), f"record {record.id} was never claimed")

    @rule(
        "FEN-05",
        "after a finish each other verb is refused",
        text=_LOST,
        level=Level.CORE,
        cause="any finished state at that attempt is taken for a repetition, or a late discard undoes a success",
        needs=(
            "TRN-01",
            "TRN-02",
            "TRN-03",
        ),
    )
    @each_verb
    def test_after_a_finish_each_other_verb_is_refused(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        finish(bench.backend, finish_params(verb, record, run_at=FUTURE))
        for other in VERBS:
            if other != verb:
                reason = f"record {record.id} is {OUTCOMES[verb]} already"
                assert_refused(bench.backend, finish_params(other, record), reason)

    @rule(
        "FEN-06",
        "a retry that is repeated after the record was claimed again is refused",
        text=_LOST,
        level=Level.CORE,
        cause="repetitions are recognised by remembered requests instead of by the record's state and attempt",
        needs=("FEN-01",),
    )
    def test_a_retry_repeated_after_the_next_claim_is_refused(self, bench: Bench) -> None:
        first = bench.claimed(run_at=PAST)
        params = RetryParams(id=first.id, attempt=first.attempt, run_at=PAST)
        bench.backend.retry(params)
        claim_again(bench, first)
        assert_refused(bench.backend, params, f"record {first.id} was claimed again")

    @rule(
        "FEN-07",
        "after a finish the same verb with another attempt is refused",
        text="A record that already is succeeded at that attempt is left as it is, so that the caller may ask again "
        f"after a lost answer. {_LOST}",
        level=Level.CORE,
        cause="a record already in the state asked for is taken for a repetition whatever its attempt",
        needs=(
            "TRN-01",
            "TRN-03",
            "FEN-01",
        ),
    )
    @each_verb
    def test_after_a_finish_the_same_verb_with_another_attempt_is_refused(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = claim_again(bench, claim_ended(bench))
        finish(bench.backend, finish_params(verb, record, run_at=FUTURE))
        for attempt in (record.attempt - 1, record.attempt + 1):
            assert_refused(
                bench.backend,
                finish_params(verb, record, attempt=attempt),
                f"record {record.id} is {OUTCOMES[verb]} at attempt {record.attempt}",
            )

    @rule(
        "FEN-08",
        "a refused finish changes nothing at all",
        text=_LOST,
        level=Level.CORE,
        cause="the update is made first and the attempt compared afterwards, or an unknown id becomes a record",
        needs=(
            "CLM-02",
            "FEN-02",
            "FEN-03",
            "FEN-04",
            "FEN-05",
            "FEN-06",
            "FEN-07",
        ),
    )
    @each_verb
    def test_a_refused_finish_of_a_superseded_claim_changes_nothing(self, bench: Bench, verb: Verb) -> None:
        stale = claim_ended(bench)
        current = claim_again(bench, stale)
        refused = finish_params(verb, stale, last_error="late", run_at=PAST, spare=True)
        assert_nothing_changes(bench, {current.id: current}, [refused])

    @rule("FEN-08")
    @each_verb
    def test_a_refused_finish_of_another_attempt_changes_nothing(self, bench: Bench, verb: Verb) -> None:
        current = bench.claimed(run_at=PAST)
        refused = finish_params(verb, current, attempt=current.attempt + 1, last_error="early", run_at=PAST, spare=True)
        assert_nothing_changes(bench, {current.id: current}, [refused])

    @rule("FEN-08")
    @each_verb
    def test_a_refused_finish_of_an_unknown_id_invents_no_record(self, bench: Bench, verb: Verb) -> None:
        record = bench.insert(run_at=PAST)
        assert_nothing_changes(bench, {record.id: record}, [*unknown(record, verb)])

    @rule("FEN-08")
    @each_verb
    def test_a_refused_finish_of_a_pending_record_changes_nothing(self, bench: Bench, verb: Verb) -> None:
        record = bench.insert(run_at=PAST)
        refused = finish_params(verb, record, attempt=1, last_error="early", run_at=FUTURE, spare=True)
        assert_nothing_changes(bench, {record.id: record}, [refused])

    @rule("FEN-08")
    @each_verb
    def test_a_refused_finish_of_a_finished_record_changes_nothing(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        finish(bench.backend, finish_params(verb, record, last_error="boom", run_at=FUTURE))
        others = [
            finish_params(other, record, last_error="late", run_at=PAST, spare=True) for other in VERBS if other != verb
        ]
        later = finish_params(verb, record, attempt=2, last_error="late", run_at=PAST, spare=True)
        assert_nothing_changes(bench, bench.records(), [*others, later])


def unknown(record: Record, verb: Verb) -> Iterator[FinishParams]:
    """Finishes of ids that no record has: one given soon, perhaps, one far off."""
    for id in (record.id + 1, record.id + 1000, 2**62 + 1):
        yield finish_params(verb, record, id=id, attempt=1)


def assert_nothing_changes(bench: Bench, before: dict[int, Record], refused: list[FinishParams]) -> None:
    """Fails if a refused finish leaves the records otherwise than they were."""
    tick(bench)
    for params in refused:
        assert_refused(bench.backend, params, "the claim does not hold the record")
    assert_all_same(before, bench.records(), "a finish that was refused")
