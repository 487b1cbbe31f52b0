"""The history checker on hand-made histories, legal and illegal, of every kind."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
    State,
    Stats,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history import History, Operation, Verdict, check

T = datetime(2030, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=60)
ALL = m.ListRecords(ListOptions(limit=None))
UNKNOWN = m.Unknown("BackendUnavailableError: no answer")
NOTHING = m.Nothing()


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def op(called: int, returned: int, request: m.Request, answer: m.Answer, caller: str = "", **fields: Any) -> Operation:
    """A call by a caller of its own, from one second to another."""
    return Operation(
        caller=caller or f"caller {called}",
        handle=fields.get("handle", "h"),
        request=request,
        answer=answer,
        called=called * 10**9,
        returned=returned * 10**9,
        began=at(called),
        ended=at(returned),
    )


def record(id: int, attempt: int = 0, state: State = State.PENDING, **fields: Any) -> Record:
    usual: dict[str, Any] = {"kind": "k", "queue": "default", "payload": b"{}", "max_attempts": 25}
    times = {"run_at": T, "created_at": T, "updated_at": T}
    return Record(id=id, attempt=attempt, state=state, **{**usual, **times, **fields})


def inserted(
    id: int, called: int = 0, returned: int = 1, *, answer: m.Answer | None = None, **fields: Any
) -> Operation:
    given = record(id, created_at=at(called), updated_at=at(called), **fields)
    params = InsertParams(kind="k", queue=given.queue, payload=given.payload, run_at=given.run_at)
    return op(called, returned, m.Insert(params), answer or m.One(given))


def claimed(
    id: int | None,
    called: int,
    returned: int,
    *,
    attempt: int = 1,
    now: float = 0,
    caller: str = "",
    queues: tuple[str, ...] = ("default",),
    **fields: Any,
) -> Operation:
    params = ClaimParams(queues=queues, now=at(now), lease=LEASE)
    if id is None:
        return op(called, returned, m.Claim(params), NOTHING, caller)
    times = {"created_at": T, "updated_at": at(called), "lease_expires_at": at(now) + LEASE}
    if now > 0 and attempt > 1:
        fields = {"taken_from": "", "abandoned": attempt - 1, **fields}
    taken = record(id, attempt, State.RUNNING, **{**times, **fields})
    return op(called, returned, m.Claim(params), m.One(taken), caller)


def completed(id: int, called: int, returned: int, *, attempt: int = 1, answer: m.Answer = NOTHING) -> Operation:
    return op(called, returned, m.Complete(CompleteParams(id=id, attempt=attempt)), answer)


def retried(id: int, called: int, returned: int, *, attempt: int = 1, answer: m.Answer = NOTHING) -> Operation:
    return op(called, returned, m.Retry(RetryParams(id=id, attempt=attempt, run_at=T)), answer)


def discarded(id: int, called: int, returned: int, *, attempt: int = 1, answer: m.Answer = NOTHING) -> Operation:
    return op(called, returned, m.Discard(DiscardParams(id=id, attempt=attempt)), answer)


def listed(called: int, returned: int, *records: Record, caller: str = "") -> Operation:
    return op(called, returned, ALL, m.Many(records), caller)


LOST = m.Lost("something else")


def judge(*operations: Operation, **terms: Any) -> Verdict:
    return check(History(operations=operations, terms=m.Terms(**terms)))


def faults(*operations: Operation, **terms: Any) -> Sequence[m.Fault]:
    return [violation.fault for violation in judge(*operations, **terms).violations]


def test_an_empty_history_is_legal() -> None:
    assert judge().violations == ()


def test_a_life_from_insert_to_complete_is_legal() -> None:
    verdict = judge(
        inserted(1),
        claimed(1, 2, 3),
        retried(1, 4, 5),
        claimed(1, 6, 7, attempt=2),
        completed(1, 8, 9, attempt=2),
        listed(10, 11, record(1, 2, State.SUCCEEDED, updated_at=at(8))),
    )
    assert verdict.violations == ()
    assert (verdict.tally.inserted, verdict.tally.claims, verdict.tally.finished) == (1, 2, 2)


def test_a_claim_may_return_before_the_insert_it_overlaps() -> None:
    assert faults(inserted(1, 0, 9), claimed(1, 2, 3)) == []


def test_a_claim_that_returns_before_the_insert_was_called_is_an_invention() -> None:
    assert faults(claimed(1, 0, 1), inserted(1, 2, 3)) == [m.Fault.INVENTED]


def test_a_claim_of_a_record_nobody_inserted_is_an_invention() -> None:
    verdict = judge(inserted(1), claimed(7, 2, 3))
    assert [each.fault for each in verdict.violations] == [m.Fault.INVENTED]
    assert verdict.tally.invented == 1


@pytest.mark.parametrize("overlap", [True, False])
def test_two_claims_within_one_lease_are_a_duplicate(overlap: bool) -> None:
    second = claimed(1, 2, 4) if overlap else claimed(1, 4, 5)
    verdict = judge(inserted(1), claimed(1, 2, 3), second)
    assert [each.fault for each in verdict.violations] == [m.Fault.DUPLICATED]
    assert verdict.tally.duplicated == 1


def test_a_claim_after_the_lease_is_a_recovery() -> None:
    verdict = judge(inserted(1), claimed(1, 2, 3), claimed(1, 4, 5, attempt=2, now=60))
    assert verdict.violations == ()
    assert verdict.tally.recovered == 1


def test_an_attempt_given_twice_is_a_duplicate_even_after_the_lease() -> None:
    assert faults(inserted(1), claimed(1, 2, 3), claimed(1, 4, 5, now=60)) == [m.Fault.DUPLICATED]


def test_of_two_claims_of_an_expired_lease_only_one_may_succeed() -> None:
    again = [claimed(1, 4, 9, attempt=attempt, now=60) for attempt in (2, 3)]
    assert faults(inserted(1), claimed(1, 2, 3), *again) == [m.Fault.DUPLICATED]


def test_the_claims_of_one_history_may_have_different_nows() -> None:
    assert faults(inserted(1), claimed(1, 2, 9, attempt=2, now=60), claimed(1, 2, 8)) == []


def test_a_finish_that_overlaps_a_second_claim_may_win_or_lose() -> None:
    start = (inserted(1), claimed(1, 2, 3))
    assert faults(*start, completed(1, 4, 9), claimed(None, 4, 9, now=60)) == []
    assert faults(*start, completed(1, 4, 9, answer=LOST), claimed(1, 4, 9, attempt=2, now=60)) == []


@pytest.mark.parametrize(("finish_ends", "fault"), [(8, m.Fault.REVIVED), (9, m.Fault.OVERWRITTEN)])
def test_a_finish_and_a_second_claim_cannot_both_succeed(finish_ends: int, fault: m.Fault) -> None:
    history = (
        inserted(1),
        claimed(1, 2, 3),
        completed(1, 4, finish_ends),
        claimed(1, 4, 17 - finish_ends, attempt=2, now=60),
    )
    assert faults(*history) == [fault]


def test_a_finish_and_a_second_claim_cannot_both_fail() -> None:
    start = (inserted(1), claimed(1, 2, 3), completed(1, 4, 9, answer=LOST))
    assert faults(*start) == [m.Fault.REFUSED]
    assert faults(*start, claimed(None, 4, 9, now=60)) == [m.Fault.REFUSED]


def test_a_superseded_claim_that_finishes_is_found_however_much_later() -> None:
    history = (inserted(1), claimed(1, 2, 3), claimed(1, 4, 5, attempt=2, now=60), completed(1, 6, 7))
    assert faults(*history) == [m.Fault.OVERWRITTEN]


def test_of_two_different_finishes_one_must_be_refused() -> None:
    start = (inserted(1), claimed(1, 2, 3))
    assert faults(*start, completed(1, 4, 9), discarded(1, 4, 8, answer=LOST)) == []
    assert faults(*start, completed(1, 4, 9), discarded(1, 4, 8)) == [m.Fault.OVERWRITTEN]


def test_equal_finishes_may_all_succeed() -> None:
    assert faults(inserted(1), claimed(1, 2, 3), *(completed(1, 4, end) for end in (7, 8, 9))) == []


def test_a_retry_that_overlaps_the_next_claim_is_explained_in_either_order_of_returns() -> None:
    start = (inserted(1), claimed(1, 2, 3))
    assert faults(*start, retried(1, 4, 9), claimed(1, 5, 6, attempt=2)) == []


def test_many_overlapping_calls_are_explained() -> None:
    refused = [completed(1, 4, 30, attempt=attempt, answer=LOST) for attempt in (1, 2, 3, 9)]
    claims = [claimed(1, 4, 30 - attempt, attempt=attempt, now=60 * attempt) for attempt in range(2, 8)]
    assert faults(inserted(1), claimed(1, 2, 3), *refused, *claims) == []
    assert faults(inserted(1), claimed(1, 2, 3), *refused, *claims[1:]) == [m.Fault.ALTERED]


def test_an_accepted_extension_keeps_others_away() -> None:
    extend = m.Extend(ExtendParams(id=1, attempt=1, now=at(50), lease=LEASE))
    start = (inserted(1), claimed(1, 2, 3), op(4, 5, extend, NOTHING))
    assert faults(*start, claimed(1, 6, 7, attempt=2, now=110)) == []
    assert faults(*start, claimed(1, 6, 7, attempt=2, now=109)) == [m.Fault.DUPLICATED]


def test_a_claim_before_the_due_time_is_early() -> None:
    later = inserted(1, run_at=at(5))
    assert faults(later, claimed(1, 2, 3, run_at=at(5))) == [m.Fault.EARLY]


def test_a_claim_on_another_queue_is_early() -> None:
    assert faults(inserted(1), claimed(1, 2, 3, queues=("other",))) == [m.Fault.EARLY]


def test_none_is_wrong_while_something_lay_due_all_the_time() -> None:
    assert faults(inserted(1), claimed(None, 2, 3)) == [m.Fault.EMPTY]
    assert faults(inserted(1), claimed(None, 2, 3, now=-1)) == []
    assert faults(inserted(1), claimed(None, 2, 3, queues=("other",))) == []


def test_none_is_right_if_the_record_may_not_have_been_there() -> None:
    assert faults(inserted(1, 0, 3), claimed(None, 2, 4)) == []
    assert faults(inserted(1), claimed(1, 2, 5), claimed(None, 3, 4)) == []
    assert faults(inserted(1), claimed(1, 2, 5), claimed(None, 1, 3)) == []


def test_none_is_wrong_again_when_a_lease_has_ended_or_a_record_is_retried() -> None:
    assert faults(inserted(1), claimed(1, 2, 3), claimed(None, 4, 5, now=60)) == [m.Fault.EMPTY]
    assert faults(inserted(1), claimed(1, 2, 3), retried(1, 4, 5), claimed(None, 6, 7)) == [m.Fault.EMPTY]


def test_one_of_two_due_records_is_enough_to_make_none_wrong() -> None:
    history = (inserted(1), inserted(2), claimed(1, 2, 5), claimed(None, 3, 4))
    assert faults(*history) == [m.Fault.EMPTY]


def test_a_best_effort_backend_may_answer_none_as_often_as_it_declares() -> None:
    terms = {"ordering": "best-effort", "empty_answers": 2}
    history = [inserted(1), *(claimed(None, time, time + 1, caller="a") for time in (2, 4, 6))]
    assert faults(*history[:3], **terms) == []
    assert faults(*history, **terms) == [m.Fault.EMPTY]
    others = [replace(operation, caller=str(number)) for number, operation in enumerate(history)]
    assert faults(*others, **terms) == []


def test_a_claim_must_not_pass_over_what_lay_due_before_it() -> None:
    assert faults(inserted(1), inserted(2), claimed(2, 2, 3)) == [m.Fault.PASSED_OVER]
    earlier = inserted(2, run_at=at(-1))
    assert faults(inserted(1), earlier, claimed(1, 2, 3)) == [m.Fault.PASSED_OVER]
    assert faults(inserted(1), inserted(2), claimed(2, 2, 3), ordering="best-effort") == []


def test_a_claim_may_pass_over_what_another_was_about_to_take() -> None:
    assert faults(inserted(1), inserted(2), claimed(2, 2, 4), claimed(1, 3, 5)) == []
    assert faults(inserted(1, 0, 3), inserted(2), claimed(2, 2, 4)) == []


def test_the_order_is_that_of_all_queues_of_a_claim() -> None:
    other = inserted(2, queue="other", run_at=at(-1))
    assert faults(inserted(1), other, claimed(1, 2, 3)) == []
    assert faults(inserted(1), other, claimed(1, 2, 3, queues=("default", "other"))) == [m.Fault.PASSED_OVER]


def test_an_id_given_twice_is_found() -> None:
    assert m.Fault.REUSED_ID in faults(inserted(1, 0, 2), inserted(1, 1, 3))


def test_ids_grow_on_one_handle() -> None:
    assert faults(inserted(2), inserted(1, 2, 3)) == [m.Fault.REUSED_ID]
    assert faults(inserted(2, 0, 2), inserted(1, 1, 3)) == []
    assert faults(inserted(2), replace(inserted(1, 2, 3), handle="another")) == []


def test_a_record_missing_at_the_end_is_lost() -> None:
    verdict = judge(inserted(1), inserted(2), listed(4, 5, record(2)))
    assert [each.fault for each in verdict.violations] == [m.Fault.LOST]
    assert verdict.tally.lost == 1


def test_a_record_that_list_invents_is_found() -> None:
    assert faults(inserted(1), listed(4, 5, record(9), record(1))) == [m.Fault.INVENTED]


def test_an_acknowledged_finish_that_is_gone_at_the_end_is_found() -> None:
    history = (inserted(1), claimed(1, 2, 3), completed(1, 4, 5))
    back = record(1, 1, State.RUNNING, updated_at=at(2), lease_expires_at=at(60))
    assert faults(*history, listed(6, 7, back)) == [m.Fault.ALTERED]


def test_a_list_under_load_must_show_what_its_caller_was_told() -> None:
    load = inserted(9, 0, 100)
    mine = replace(inserted(1), caller="a")
    assert faults(load, mine, listed(2, 3, caller="a")) == [m.Fault.LOST]
    assert faults(load, mine, listed(2, 3, caller="b")) == []
    assert faults(load, mine, listed(2, 3, record(1), caller="b")) == []


def test_a_list_must_not_show_what_has_not_begun() -> None:
    load = inserted(9, 0, 100)
    succeeded = record(1, 1, State.SUCCEEDED, updated_at=at(8))
    history = (load, inserted(1), claimed(1, 2, 3), completed(1, 8, 9))
    assert faults(*history, listed(4, 5, succeeded)) == [m.Fault.ALTERED]


def test_a_list_may_be_as_old_as_is_declared() -> None:
    old = listed(4, 5)
    assert faults(inserted(1), old) == [m.Fault.LOST]
    assert faults(inserted(1), old, staleness=timedelta(seconds=5)) == []
    assert faults(inserted(1), old, staleness=timedelta(seconds=2)) == [m.Fault.LOST]


def test_a_declared_retention_may_drop_what_is_finished() -> None:
    first = (inserted(1), claimed(1, 2, 3), completed(1, 4, 5))
    history = (*first, inserted(2, 6, 7), listed(8, 9, record(2, created_at=at(6), updated_at=at(6))))
    assert faults(*history, retention=1) == []
    assert faults(*history, retention=2) == [m.Fault.LOST]


def stats_of(**states: int) -> Stats:
    by_state = {State(name): number for name, number in states.items()}
    total = sum(states.values())
    return Stats(
        total=total,
        by_state=by_state,
        by_kind={"k": total},
        by_queue={"default": total},
        by_queue_state={"default": by_state},
    )


def counted(called: int, returned: int, stats: Stats) -> Operation:
    return op(called, returned, m.CountRecords(), m.Counts(stats))


def test_stats_must_be_right_when_nothing_else_runs() -> None:
    history = (inserted(1), inserted(2), claimed(1, 2, 3))
    assert faults(*history, counted(4, 5, stats_of(pending=1, running=1))) == []
    assert faults(*history, counted(4, 5, stats_of(pending=2))) == [m.Fault.MISCOUNTED]
    assert faults(*history, counted(2, 5, stats_of(pending=2))) == []


def test_the_groupings_of_stats_must_agree_even_under_load() -> None:
    uneven = replace(stats_of(pending=2), by_kind={"k": 1})
    assert faults(inserted(1, 0, 9), counted(2, 3, uneven)) == [m.Fault.MISCOUNTED]


def test_an_unknown_insert_may_or_may_not_have_happened() -> None:
    doubtful = inserted(1, answer=UNKNOWN)
    assert faults(doubtful, listed(4, 5)) == []
    assert faults(doubtful, listed(4, 5, record(1, created_at=at(3), updated_at=at(3)))) == []
    assert faults(doubtful, claimed(1, 4, 5, created_at=at(3))) == []
    assert faults(doubtful, claimed(1, 4, 5, queue="other", queues=("other",))) == [m.Fault.INVENTED]


def test_an_unknown_insert_accounts_for_one_record_only() -> None:
    first, second = (record(id, created_at=at(0), updated_at=at(0)) for id in (1, 2))
    assert faults(inserted(1, answer=UNKNOWN), listed(4, 5, second, first)) == [m.Fault.INVENTED]


def test_an_unknown_finish_may_have_happened_even_after_it_returned() -> None:
    start = (inserted(1), claimed(1, 2, 3), completed(1, 4, 5, answer=UNKNOWN))
    running = record(1, 1, State.RUNNING, updated_at=at(2), lease_expires_at=at(60))
    succeeded = record(1, 1, State.SUCCEEDED, updated_at=at(20))
    assert faults(*start, listed(6, 7, running)) == []
    assert faults(*start, listed(6, 7, running), listed(30, 31, succeeded)) == []
    assert faults(*start, listed(6, 7, succeeded), listed(30, 31, running)) == [m.Fault.ALTERED]
    assert faults(*start, completed(1, 6, 7)) == []


def test_an_unknown_finish_does_not_excuse_a_superseded_one() -> None:
    again = claimed(1, 6, 7, attempt=2, now=60)
    history = (inserted(1), claimed(1, 2, 3), completed(1, 4, 5, answer=UNKNOWN), again, completed(1, 8, 9))
    assert faults(*history) == [m.Fault.OVERWRITTEN]


def unanswered_claim(called: int = 2, returned: int = 3) -> Operation:
    return op(called, returned, m.Claim(ClaimParams(now=T, lease=LEASE)), UNKNOWN)


def test_an_unknown_claim_may_have_taken_a_record() -> None:
    running = record(1, 1, State.RUNNING, updated_at=at(5), lease_expires_at=at(60))
    assert faults(inserted(1), unanswered_claim(), listed(8, 9, running)) == []
    assert faults(inserted(1), unanswered_claim(), listed(8, 9, record(1))) == []
    assert faults(inserted(1), unanswered_claim(), claimed(1, 8, 9, attempt=2, now=60)) == []
    assert faults(inserted(1), claimed(1, 8, 9, attempt=2, now=60)) == [m.Fault.ALTERED]
    assert faults(inserted(1), unanswered_claim(), claimed(None, 8, 9)) == []


def test_of_unknown_inserts_that_are_alike_each_record_is_of_one_that_had_begun() -> None:
    first, second = inserted(1, 0, 1, answer=UNKNOWN), inserted(2, 4, 5, answer=UNKNOWN)
    early, late = record(1, created_at=at(0), updated_at=at(0)), record(2, created_at=at(4), updated_at=at(4))
    assert faults(first, second, listed(8, 9, late, early)) == []
    assert faults(first, second, listed(8, 9, late)) == []
    assert faults(first, second, listed(8, 9, early)) == []
    assert faults(second, listed(8, 9, early)) == [m.Fault.ALTERED]


def test_an_unknown_claim_excuses_nothing_before_it() -> None:
    running = record(1, 1, State.RUNNING, updated_at=at(5), lease_expires_at=at(60))
    assert faults(inserted(1), listed(2, 3, running), unanswered_claim(4, 5)) == [m.Fault.ALTERED]
    assert faults(inserted(1), claimed(None, 2, 3), unanswered_claim(4, 5)) == [m.Fault.EMPTY]


def test_a_history_may_begin_with_records() -> None:
    entry = m.transitions.insert(1, InsertParams(kind="k", run_at=T), m.Window(T, T), m.Terms(), record(1))
    history = History(operations=(claimed(1, 2, 3), claimed(1, 4, 5)), initial=(entry,))
    assert [violation.fault for violation in check(history).violations] == [m.Fault.DUPLICATED]
    assert check(replace(history, operations=history.operations[:1])).violations == ()


def test_stats_count_the_records_that_were_there_before() -> None:
    entry = m.transitions.insert(1, InsertParams(kind="k", run_at=T), m.Window(T, T), m.Terms(), record(1))
    history = History(operations=(inserted(2), counted(4, 5, stats_of(pending=2))), initial=(entry,))
    assert check(history).violations == ()
    miscounted = replace(history, operations=(inserted(2), counted(4, 5, stats_of(pending=1))))
    assert [violation.fault for violation in check(miscounted).violations] == [m.Fault.MISCOUNTED]


def test_the_parts_of_bulk_calls_are_checked_as_single_calls() -> None:
    params = InsertParams(kind="k", run_at=T)
    both = op(0, 1, m.InsertMany((params, params)), m.Many((record(1), record(2))))
    request = m.ClaimMany(ClaimParams(now=T, lease=LEASE), 5)
    running = [record(id, 1, State.RUNNING, updated_at=at(2), lease_expires_at=at(60)) for id in (1, 2)]
    taken = op(2, 3, request, m.Many(tuple(running)))
    assert faults(both, taken) == []
    assert faults(both, taken, claimed(2, 2, 4)) == [m.Fault.DUPLICATED]
    assert faults(both, op(2, 3, request, m.Many(()))) == [m.Fault.EMPTY]
    backwards = op(0, 1, m.InsertMany((params, params)), m.Many((record(2), record(1))))
    assert faults(backwards) == [m.Fault.REUSED_ID]


def test_finish_and_claim_is_checked_as_both() -> None:
    finish = m.Complete(CompleteParams(id=1, attempt=1))
    request = m.FinishAndClaim(finish, ClaimParams(now=T, lease=LEASE))
    start = (inserted(1), claimed(1, 2, 3), inserted(2, 4, 5))
    second = record(2, 1, State.RUNNING, created_at=at(4), updated_at=at(6), lease_expires_at=at(60))
    assert faults(*start, op(6, 7, request, m.One(second))) == []
    assert faults(*start, op(6, 7, request, NOTHING)) == [m.Fault.EMPTY]
    assert faults(*start, op(6, 7, request, LOST)) == [m.Fault.REFUSED]
    assert faults(*start, op(6, 7, request, m.One(second)), claimed(2, 8, 9)) == [m.Fault.DUPLICATED]


def test_a_verdict_says_what_is_wrong_and_what_became_of_the_records() -> None:
    text = str(judge(inserted(1), claimed(1, 2, 3), claimed(1, 4, 5)))
    assert "duplicated: record 1 is held by attempt 1 until" in text
    assert "1 inserted, 2 claims" in text


def test_thousands_of_calls_are_checked_within_a_second() -> None:
    started = datetime.now(UTC)
    operations: list[Operation] = []
    for id in range(1, 1001):
        time = 10 * id
        operations += [inserted(id, time, time + 5, run_at=at(id)), completed(id, time + 9, time + 12)]
        operations.append(claimed(id, time + 6, time + 8, now=1e6, run_at=at(id), created_at=at(time)))
    assert judge(*operations).violations == ()
    assert datetime.now(UTC) - started < timedelta(seconds=3)
