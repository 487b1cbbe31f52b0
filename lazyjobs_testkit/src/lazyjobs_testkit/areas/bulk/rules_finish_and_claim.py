"""BLK: what finish_and_claim promises."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from lazyjobs import (
    ClaimLostError,
    ClaimParams,
    FinishParams,
    Record,
    State,
    SupportsFinishAndClaim,
)
from lazyjobs_testkit.areas.bulk.rules import ask
from lazyjobs_testkit.areas.claim.rules import CLAIMED
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._support import (
    DAY,
    FUTURE,
    HOUR,
    PAST,
    assert_all_same,
    assert_fields,
    assert_rounded,
    assert_same,
    keeps_finished,
    lease_end,
    stored,
    tick,
)
from lazyjobs_testkit.suite._verbs import OUTCOMES, Verb, each_verb, finish_params

_FUSED = "Does `complete`, `retry` or `discard`, by the type of `finish`, then `claim`, in one commit."
_fused_rule = partial(rule, level=Level.CAPABILITY, capability=SupportsFinishAndClaim)


class FinishAndClaimTests:
    @_fused_rule(
        "BLK-12",
        "finish_and_claim finishes by the type of its first argument",
        text=_FUSED,
        cause="types are told apart by their fields, so that a discard with an error text is taken for a retry",
        needs=(
            "TRN-01",
            "TRN-02",
            "TRN-03",
        ),
    )
    @each_verb
    def test_finish_and_claim_finishes_by_the_type_of_its_first_argument(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        bench.insert(queue="next", run_at=PAST)
        finish_then_claim(bench, finish_params(verb, record, last_error="boom", run_at=FUTURE), "next")
        finished = stored(bench, record.id)
        assert finished.state == OUTCOMES[verb], f"after {verb} in finish_and_claim the record is {finished.state}"
        if verb != "complete":
            assert_fields(finished, f"{verb} in finish_and_claim", last_error="boom")
        if verb == "retry":
            assert_rounded(bench, f"run_at of record {record.id}", finished.run_at, FUTURE)

    @_fused_rule(
        "BLK-13",
        "finish_and_claim claims the next record as claim would",
        text=_FUSED,
        cause="the next record is chosen before the finish, or claimed without its lease",
        needs=(
            "BLK-12",
            "CLM-15",
            "LST-09",
            "CLM-03",
        ),
    )
    def test_finish_and_claim_claims_the_next_record_as_claim_would(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST)
        waiting = bench.insert(queue="next", run_at=PAST)
        now = PAST + DAY
        claimed = finish_then_claim(bench, finish_params("complete", record), "next", now=now)
        assert_same(waiting, claimed, "the claim of finish_and_claim", but=CLAIMED)
        assert_fields(claimed, "finish_and_claim", state=State.RUNNING, attempt=1)
        assert_rounded(bench, f"lease_expires_at of record {claimed.id}", lease_end(claimed), now + HOUR)
        assert_same(claimed, stored(bench, claimed.id), "storing what finish_and_claim returned")

    @_fused_rule(
        "BLK-14",
        "the claim comes after the finish: a record retried and due can be the next one",
        text=_FUSED,
        cause="the next record is chosen before the finish, or the finished one is left out of the choice",
        needs=(
            "BLK-12",
            "CLM-03",
        ),
    )
    def test_a_record_retried_by_finish_and_claim_can_be_the_next_one(self, bench: Bench) -> None:
        record = bench.claimed(run_at=PAST, lease=HOUR)
        claimed = finish_then_claim(bench, finish_params("retry", record, run_at=PAST), "default")
        assert_fields(claimed, "a retry in finish_and_claim", id=record.id, attempt=record.attempt + 1)

    @_fused_rule(
        "BLK-15",
        "finish_and_claim with nothing due answers None, and has finished",
        text=f"{_FUSED} … None if nothing is due, changing nothing.",
        cause="the commit is rolled back when there is nothing to claim",
        needs=("BLK-12",),
    )
    def test_finish_and_claim_with_nothing_due_has_finished(self, bench: Bench) -> None:
        keeps_finished(bench)
        fused = bench.supports(SupportsFinishAndClaim)
        record = bench.claimed(run_at=PAST)
        claimed = fused.finish_and_claim(finish_params("complete", record), ClaimParams())
        assert claimed is None, f"finish_and_claim got record {claimed.id}, although nothing is due"
        state = stored(bench, record.id).state
        assert state == State.SUCCEEDED, f"finish_and_claim with nothing due left the record {state}"

    @_fused_rule(
        "BLK-16",
        "if the finish raises, nothing is claimed and nothing has changed",
        text="If the finish raises, nothing is claimed.",
        cause="the claim comes first, or the error is raised after the commit",
        needs=(
            "BLK-13",
            "FEN-08",
        ),
    )
    @each_verb
    def test_if_the_finish_raises_nothing_is_claimed(self, bench: Bench, verb: Verb) -> None:
        fused = bench.supports(SupportsFinishAndClaim)
        record = bench.claimed(run_at=PAST, lease=HOUR)
        waiting = bench.insert(run_at=PAST)
        lost = finish_params(verb, record, attempt=record.attempt + 1, last_error="boom", run_at=PAST)
        for _ in range(1 + bench.traits.empty_answers):
            try:
                fused.finish_and_claim(lost, ClaimParams())
            except ClaimLostError:
                continue
            raise AssertionError(f"finish_and_claim accepted the {verb} of an attempt that was never claimed")
        before = {each.id: each for each in (record, waiting)}
        assert_all_same(before, bench.records(), "finish_and_claim, whose finish raised,")

    @_fused_rule(
        "BLK-17",
        "a finish repeated by finish_and_claim changes nothing, and the next record is claimed",
        text=f"{_FUSED} … A record that already is succeeded at that attempt is left as it is, so that the caller may "
        "ask again after a lost answer.",
        cause="a repeated finish matches no row, and that ends the method",
        needs=(
            "BLK-13",
            "TRN-15",
        ),
    )
    @each_verb
    def test_a_finish_repeated_by_finish_and_claim_changes_nothing(self, bench: Bench, verb: Verb) -> None:
        keeps_finished(bench)
        record = bench.claimed(run_at=PAST)
        first, second = (bench.insert(queue=name, run_at=PAST) for name in ("first", "second"))
        finish_then_claim(bench, finish_params(verb, record, last_error="boom", run_at=FUTURE), first.queue)
        before = stored(bench, record.id)
        tick(bench)
        claimed = finish_then_claim(bench, finish_params(verb, record, last_error="bang", run_at=PAST), second.queue)
        assert claimed.id == second.id, f"claimed record {claimed.id}; only record {second.id} was due"
        assert_same(before, stored(bench, record.id), f"repeating {verb} in finish_and_claim")


def finish_then_claim(bench: Bench, finish: FinishParams, queue: str, *, now: datetime | None = None) -> Record:
    """One finish_and_claim where something is due; the finish is repeated if the claim may come back empty."""
    fused = bench.supports(SupportsFinishAndClaim)
    params = ClaimParams(queues=(queue,), now=now, lease=HOUR)

    def call() -> Sequence[Record]:
        record = fused.finish_and_claim(finish, params)
        return [] if record is None else [record]

    return ask(bench, call, "finish_and_claim")[0]
