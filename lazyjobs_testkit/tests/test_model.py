"""The sequential model: what it allows, what it forbids, and by which fault it names what it forbids."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
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
    PruneParams,
    Record,
    RetryParams,
    State,
    Stats,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.model import Fault, Model, Terms, Window

T = datetime(2030, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=60)
STRICT = Terms()
NOTHING = m.Nothing()


def at(seconds: float) -> datetime:
    return T + seconds * SECOND


def window(seconds: float) -> Window:
    return Window(at(seconds), at(seconds))


def make_record(id: int, **fields: Any) -> Record:
    usual = {"kind": "k", "queue": "default", "payload": b"{}", "state": State.PENDING, "attempt": 0}
    times = {"max_attempts": 25, "run_at": T, "created_at": T, "updated_at": T}
    return Record(id=id, **{**usual, **times, **fields})


def make_running(id: int, attempt: int = 1, **fields: Any) -> Record:
    claimed = {"state": State.RUNNING, "attempt": attempt, "updated_at": T, "lease_expires_at": at(60)}
    return make_record(id, **{**claimed, **fields})


def insert(model: Model, record: Record, *, run_at: datetime | None = T, handle: str = "") -> Model:
    params = InsertParams(kind="k", queue=record.queue, run_at=run_at)
    return model.step(m.Insert(params), m.One(record), window(0), handle)


def claim(model: Model, record: Record | None, *, now: float = 0, queues: tuple[str, ...] = ("default",)) -> Model:
    params = ClaimParams(queues=queues, now=at(now), lease=LEASE)
    return model.step(m.Claim(params), m.Nothing() if record is None else m.One(record), window(0))


def inserted(*ids: int, terms: Terms = STRICT, **fields: Any) -> Model:
    model = Model(terms=terms)
    for id in ids:
        model = insert(model, make_record(id, **fields))
    return model


def claimed(*ids: int, terms: Terms = STRICT) -> Model:
    model = inserted(*ids, terms=terms)
    for id in ids:
        model = claim(model, make_running(id))
    return model


def step(model: Model, request: m.Request, answer: m.Answer = NOTHING, at: float = 0) -> Model:
    return model.step(request, answer, window(at))


def assert_disallowed(fault: Fault, words: str, call: Callable[[], object]) -> None:
    with pytest.raises(m.DisallowedError, match=words) as caught:
        call()
    assert caught.value.fault is fault


def test_a_step_leaves_the_model_before_it_as_it_was() -> None:
    before = inserted(1)
    after = claim(before, make_running(1))
    assert before.entries[1].state is State.PENDING
    assert after.entries[1].state is State.RUNNING
    assert hash(before) != hash(after)
    assert before == inserted(1)
    assert hash(before) == hash(inserted(1))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attempt", 1),
        ("payload", b"[]"),
        ("queue", "other"),
        ("run_at", at(1)),
        ("created_at", at(9)),
        ("max_attempts", 1),
    ],
)
def test_an_insert_that_answers_another_field_is_disallowed(field: str, value: object) -> None:
    wrong = replace(make_record(1), **{field: value})
    params = InsertParams(kind="k", run_at=T)
    assert_disallowed(Fault.ALTERED, field, lambda: step(Model(), m.Insert(params), m.One(wrong)))


def test_an_id_given_twice_is_disallowed() -> None:
    assert_disallowed(Fault.REUSED_ID, "id 1,", lambda: insert(inserted(1), make_record(1)))


def test_the_id_of_a_pruned_record_is_never_used_again() -> None:
    model = step(claimed(1), m.Complete(CompleteParams(id=1, attempt=1)))
    model = step(model, m.Prune(PruneParams(finished_before=at(9))), m.Number(1))
    assert_disallowed(Fault.REUSED_ID, "had", lambda: insert(model, make_record(1)))


def test_ids_grow_on_one_handle_and_need_not_between_two() -> None:
    model = insert(Model(), make_record(5), handle="a")
    assert 3 in insert(model, make_record(3), handle="b").entries
    assert_disallowed(Fault.REUSED_ID, "grow", lambda: insert(model, make_record(3), handle="a"))


def test_a_run_at_of_none_is_the_clock_and_is_learnt_from_the_answer() -> None:
    model = insert(Model(), make_record(1), run_at=None)
    assert model.entries[1].run_at == m.Span.at(T)
    late = make_record(1, run_at=at(5))
    assert_disallowed(Fault.ALTERED, "run_at", lambda: insert(Model(), late, run_at=None))


def test_times_are_rounded_up_to_the_declared_precision() -> None:
    coarse = Terms(precision=SECOND)
    params = InsertParams(kind="k", run_at=T - timedelta(microseconds=1))
    model = step(Model(terms=coarse), m.Insert(params), m.One(make_record(1)))
    assert model.entries[1].run_at == m.Span.at(T)
    down = make_record(1, run_at=at(-1))
    assert_disallowed(Fault.ALTERED, "run_at", lambda: step(Model(terms=coarse), m.Insert(params), m.One(down)))
    assert_disallowed(Fault.ALTERED, "run_at", lambda: step(Model(), m.Insert(params), m.One(make_record(1))))


def test_a_clock_may_differ_by_the_declared_skew() -> None:
    ahead = make_record(1, created_at=at(3), updated_at=at(3))
    assert 1 in insert(Model(terms=Terms(clock_skew=5 * SECOND)), ahead).entries
    assert_disallowed(Fault.ALTERED, "created_at", lambda: insert(Model(), ahead))


def test_a_claim_before_the_due_time_is_disallowed() -> None:
    model = insert(Model(), make_record(1, run_at=at(5)), run_at=at(5))
    assert_disallowed(Fault.EARLY, "due", lambda: claim(model, make_running(1, run_at=at(5)), now=4.9))
    record = make_running(1, run_at=at(5), lease_expires_at=at(65))
    assert claim(model, record, now=5).entries[1].attempt == 1


def test_a_claim_from_a_queue_that_was_not_named_is_disallowed() -> None:
    assert_disallowed(Fault.EARLY, "queue", lambda: claim(inserted(1), make_running(1), queues=("other",)))


def test_a_claim_of_a_record_nobody_inserted_is_disallowed() -> None:
    assert_disallowed(Fault.INVENTED, "record 2", lambda: claim(inserted(1), make_running(2)))


def test_a_second_claim_within_the_lease_is_a_duplicate() -> None:
    assert_disallowed(Fault.DUPLICATED, "held by attempt 1", lambda: claim(claimed(1), make_running(1, 2), now=59))
    again = make_running(1, 2, lease_expires_at=at(120), taken_from="", abandoned=1)
    assert claim(claimed(1), again, now=60).entries[1].attempt == 2


def test_a_claim_that_does_not_raise_the_attempt_by_one_is_disallowed() -> None:
    stale = make_running(1, 1, lease_expires_at=at(120))
    assert_disallowed(Fault.DUPLICATED, "attempt 1, but 1 was given before", lambda: claim(claimed(1), stale, now=60))
    jump = make_running(1, 3, lease_expires_at=at(120))
    assert_disallowed(Fault.ALTERED, "attempt 3, not 2", lambda: claim(claimed(1), jump, now=60))


def test_a_claim_of_a_finished_record_is_disallowed() -> None:
    model = step(claimed(1), m.Complete(CompleteParams(id=1, attempt=1)))
    assert_disallowed(Fault.REVIVED, "succeeded", lambda: claim(model, make_running(1, 2), now=99))


def test_a_lease_of_another_length_is_disallowed() -> None:
    short = make_running(1, lease_expires_at=at(59))
    assert_disallowed(Fault.ALTERED, "lease_expires_at", lambda: claim(inserted(1), short))


def test_none_is_disallowed_while_something_is_due() -> None:
    assert_disallowed(Fault.EMPTY, "record 1", lambda: claim(inserted(1), None))
    assert claim(inserted(1), None, now=-1).entries
    assert claim(inserted(1), None, queues=("other",)).entries


def test_a_best_effort_backend_may_answer_none_as_often_as_it_declares() -> None:
    model = inserted(1, terms=Terms(ordering="best-effort", empty_answers=2))
    for _ in range(2):
        model = claim(model, None)
    assert_disallowed(Fault.EMPTY, "3 times running", lambda: claim(model, None))
    model = claim(insert(model, make_record(2), run_at=T), make_running(2))
    assert claim(claim(model, None), None)


def test_claims_come_in_due_time_then_id_order() -> None:
    assert_disallowed(Fault.PASSED_OVER, "record 2 .* before record 1", lambda: claim(inserted(1, 2), make_running(2)))
    model = insert(inserted(1), make_record(2, run_at=at(-1)), run_at=at(-1))
    assert_disallowed(Fault.PASSED_OVER, "record 1 .* before record 2", lambda: claim(model, make_running(1)))


def test_a_best_effort_backend_may_claim_in_any_order() -> None:
    model = inserted(1, 2, terms=Terms(ordering="best-effort"))
    assert claim(model, make_running(2)).entries[2].attempt == 1


def test_an_ended_lease_is_due_at_its_end() -> None:
    model = insert(claimed(1), make_record(2, run_at=at(61)), run_at=at(61))
    later = make_running(2, run_at=at(61), lease_expires_at=at(130))
    assert_disallowed(Fault.PASSED_OVER, "before record 1", lambda: claim(model, later, now=70))


@pytest.mark.parametrize(
    ("request_", "state"),
    [
        (m.Complete(CompleteParams(id=1, attempt=1)), State.SUCCEEDED),
        (m.Retry(RetryParams(id=1, attempt=1, run_at=at(9), last_error="late")), State.RETRYING),
        (m.Discard(DiscardParams(id=1, attempt=1, last_error="late")), State.DISCARDED),
    ],
)
def test_each_finish_moves_to_its_state_and_repeating_it_is_allowed(request_: m.Finish, state: State) -> None:
    once = step(claimed(1), request_)
    assert once.entries[1].state is state
    assert once.entries[1].lease is None
    assert step(once, request_) == once
    assert_disallowed(Fault.REFUSED, "refused", lambda: step(once, request_, m.Lost("running")))


@pytest.mark.parametrize("attempt", [2, 7])
def test_a_finish_of_another_attempt_must_be_refused(attempt: int) -> None:
    finish = m.Complete(CompleteParams(id=1, attempt=attempt))
    assert step(claimed(1), finish, m.Lost("running")) == claimed(1)
    assert_disallowed(Fault.OVERWRITTEN, "accepted", lambda: step(claimed(1), finish))


def test_a_finish_of_an_unknown_record_must_be_refused() -> None:
    finish = m.Complete(CompleteParams(id=9, attempt=1))
    assert step(claimed(1), finish, m.Lost("none")) == claimed(1)
    assert_disallowed(Fault.OVERWRITTEN, "unknown", lambda: step(claimed(1), finish))


def test_a_claim_whose_lease_has_ended_may_still_finish() -> None:
    assert step(claimed(1), m.Complete(CompleteParams(id=1, attempt=1)), at=1000).entries[1].finished


def test_a_finish_by_the_holder_must_not_be_refused() -> None:
    finish = m.Complete(CompleteParams(id=1, attempt=1))
    assert_disallowed(Fault.REFUSED, "running at attempt 1", lambda: step(claimed(1), finish, m.Lost("?")))


def shown(model: Model, record: Record) -> Model:
    return step(model, m.ListRecords(ListOptions(limit=None)), m.Many((record,)))


@pytest.mark.parametrize("stored", ["first line\nsecond line", "first line", "f"])
def test_an_error_text_may_be_cut_but_keeps_its_beginning(stored: str) -> None:
    model = step(claimed(1), m.Discard(DiscardParams(id=1, attempt=1, last_error="first line\nsecond line")))
    record = make_record(1, state=State.DISCARDED, attempt=1, last_error=stored)
    assert shown(model, record).entries[1].last_error == stored


@pytest.mark.parametrize("stored", ["", "second line", "first lines"])
def test_an_error_text_that_is_no_prefix_is_disallowed(stored: str) -> None:
    model = step(claimed(1), m.Discard(DiscardParams(id=1, attempt=1, last_error="first line\nsecond line")))
    record = make_record(1, state=State.DISCARDED, attempt=1, last_error=stored)
    assert_disallowed(Fault.ALTERED, "last_error", lambda: shown(model, record))


@pytest.mark.parametrize("stored", ["a?b", "a", "a\\x00b"])
def test_unstorable_characters_of_an_error_may_be_replaced(stored: str) -> None:
    model = step(claimed(1), m.Retry(RetryParams(id=1, attempt=1, run_at=T, last_error="a\0b")))
    record = make_record(1, state=State.RETRYING, attempt=1, last_error=stored)
    assert shown(model, record).entries[1].error_seen


def test_completing_keeps_the_error_and_retrying_replaces_it_even_by_nothing() -> None:
    model = step(claimed(1), m.Retry(RetryParams(id=1, attempt=1, run_at=T, last_error="boom")))
    model = claim(model, make_running(1, 2, last_error="boom"))
    done = step(model, m.Complete(CompleteParams(id=1, attempt=2)))
    assert shown(done, make_record(1, state=State.SUCCEEDED, attempt=2, last_error="boom"))
    empty = step(model, m.Retry(RetryParams(id=1, attempt=2, run_at=T)))
    kept = make_record(1, state=State.RETRYING, attempt=2, last_error="boom")
    assert_disallowed(Fault.ALTERED, "last_error", lambda: shown(empty, kept))


def test_extend_moves_the_lease_and_nothing_else() -> None:
    extend = m.Extend(ExtendParams(id=1, attempt=1, now=at(30), lease=LEASE))
    entry = step(claimed(1), extend).entries[1]
    assert entry == replace(claimed(1).entries[1], lease=m.Span.at(at(90)))
    stale = m.Extend(ExtendParams(id=1, attempt=2))
    assert_disallowed(Fault.OVERWRITTEN, "extend", lambda: step(claimed(1), stale))
    assert_disallowed(Fault.REFUSED, "extend", lambda: step(claimed(1), extend, m.Lost("?")))


def test_a_record_missing_from_a_full_list_is_lost() -> None:
    everything = m.ListRecords(ListOptions(limit=None))
    assert_disallowed(Fault.LOST, "record 2", lambda: step(inserted(1, 2), everything, m.Many((make_record(1),))))


def test_a_record_that_list_invents_is_disallowed() -> None:
    assert_disallowed(Fault.INVENTED, "record 3", lambda: shown(inserted(1), make_record(3)))


def test_list_is_newest_first_then_by_highest_id() -> None:
    everything = m.ListRecords(ListOptions(limit=None))
    model = inserted(1, 2)
    assert step(model, everything, m.Many((make_record(2), make_record(1))))
    wrong = m.Many((make_record(1), make_record(2)))
    assert_disallowed(Fault.MISCOUNTED, "before record 2", lambda: step(model, everything, wrong))


def test_a_limited_list_shows_the_newest() -> None:
    first = m.ListRecords(ListOptions(limit=1))
    assert step(inserted(1, 2), first, m.Many((make_record(2),)))
    assert_disallowed(
        Fault.MISCOUNTED, "leaves out record 2", lambda: step(inserted(1, 2), first, m.Many((make_record(1),)))
    )
    both = m.Many((make_record(2), make_record(1)))
    assert_disallowed(Fault.MISCOUNTED, "limit", lambda: step(inserted(1, 2), first, both))
    assert_disallowed(Fault.LOST, "record", lambda: step(inserted(1, 2), first, m.Many(())))


def test_a_list_of_some_states_shows_only_those() -> None:
    running = m.ListRecords(ListOptions(states=frozenset({State.RUNNING})))
    assert step(inserted(1), running, m.Many(()))
    assert_disallowed(Fault.MISCOUNTED, "not asked", lambda: step(inserted(1), running, m.Many((make_record(1),))))


def make_stats(total: int, **changes: Any) -> Stats:
    pending = {State.PENDING: total}
    usual = {"by_state": pending, "by_kind": {"k": total}, "by_queue": {"default": total}}
    return Stats(total=total, **{**usual, "by_queue_state": {"default": pending}, **changes})


def test_stats_count_every_record_in_every_grouping() -> None:
    count = m.CountRecords()
    assert step(inserted(1, 2), count, m.Counts(make_stats(2)))
    wrong = [
        make_stats(3),
        make_stats(2, by_kind={"k": 2, "old": 0}),
        make_stats(2, by_queue={"default": 1, "other": 1}),
        make_stats(2, by_queue_state={"default": {State.PENDING: 1}}),
    ]
    for stats in wrong:
        assert_disallowed(Fault.MISCOUNTED, "stats", partial(step, inserted(1, 2), count, m.Counts(stats)))


def finished(*ids: int, terms: Terms = STRICT) -> Model:
    model = claimed(*ids, terms=terms)
    for id in ids:
        model = model.step(m.Complete(CompleteParams(id=id, attempt=1)), m.Nothing(), window(id))
    return model


def done(id: int) -> Record:
    return make_record(id, state=State.SUCCEEDED, attempt=1, updated_at=at(id))


def test_prune_deletes_what_finished_longest_ago() -> None:
    model = step(finished(1, 2, 3), m.Prune(PruneParams(finished_before=at(9), limit=2)), m.Number(2))
    assert set(model.entries) == {3}
    assert not model.doubtful


def test_prune_must_delete_neither_more_nor_fewer() -> None:
    for number in (1, 3):
        prune = m.Prune(PruneParams(finished_before=at(2.5)))
        assert_disallowed(Fault.MISCOUNTED, "not 2", partial(step, finished(1, 2, 3), prune, m.Number(number)))


def test_which_of_two_equally_old_records_was_pruned_is_learnt_from_list() -> None:
    model = claimed(1, 2)
    for id in (1, 2):
        model = step(model, m.Complete(CompleteParams(id=id, attempt=1)))
    model = step(model, m.Prune(PruneParams(finished_before=at(9), limit=1)), m.Number(1))
    assert model.doubtful == {1, 2}
    left = make_record(2, state=State.SUCCEEDED, attempt=1)
    assert set(shown(model, left).entries) == {2}
    assert 1 in shown(model, left).gone
    both = m.Many((left, replace(left, id=1)))
    assert_disallowed(
        Fault.MISCOUNTED, "0 are gone, not 1", lambda: step(model, m.ListRecords(ListOptions(limit=None)), both)
    )


def test_a_declared_retention_may_drop_finished_records_and_no_others() -> None:
    everything = m.ListRecords(ListOptions(limit=None))
    kept = Terms(retention=1)
    assert set(step(finished(1, 2, terms=kept), everything, m.Many((done(2),))).entries) == {2}
    for terms, left in ((kept, done(1)), (Terms(retention=2), done(2)), (Terms(), done(2))):
        model = finished(1, 2, terms=terms)
        assert_disallowed(Fault.LOST, "record", partial(step, model, everything, m.Many((left,))))


def test_a_retention_in_time_drops_what_is_older() -> None:
    model = finished(1, 100, terms=Terms(retention=50 * SECOND))
    everything = m.ListRecords(ListOptions(limit=None))
    assert set(model.step(everything, m.Many((done(100),)), window(101)).entries) == {100}
    lost = m.Many((done(1),))
    assert_disallowed(Fault.LOST, "record 100", lambda: model.step(everything, lost, window(101)))


def test_insert_many_is_as_many_inserts() -> None:
    params = InsertParams(kind="k", run_at=T)
    request = m.InsertMany((params, params))
    assert set(step(Model(), request, m.Many((make_record(1), make_record(2)))).entries) == {1, 2}
    assert_disallowed(Fault.MISCOUNTED, "2 param", lambda: step(Model(), request, m.Many((make_record(1),))))
    backwards = m.Many((make_record(2), make_record(1)))
    assert_disallowed(Fault.REUSED_ID, "grow", lambda: step(Model(), request, backwards))


def test_claim_many_is_as_repeated_claims_and_may_stop_early() -> None:
    request = m.ClaimMany(ClaimParams(now=T, lease=LEASE), 2)
    one, two, three = (make_running(id) for id in (1, 2, 3))
    model = inserted(1, 2, 3)
    assert step(model, request, m.Many((one, two))).entries[2].attempt == 1
    assert step(model, request, m.Many((one,))).entries[2].attempt == 0
    assert_disallowed(Fault.MISCOUNTED, "limit", lambda: step(model, request, m.Many((one, two, three))))
    assert_disallowed(Fault.PASSED_OVER, "record 2", lambda: step(model, request, m.Many((two, one))))
    assert_disallowed(Fault.EMPTY, "record 1", lambda: step(model, request, m.Many(())))


def test_finish_and_claim_is_a_finish_and_then_a_claim() -> None:
    finish = m.Complete(CompleteParams(id=1, attempt=1))
    request = m.FinishAndClaim(finish, ClaimParams(now=T, lease=LEASE))
    model = insert(claimed(1), make_record(2))
    both = step(model, request, m.One(make_running(2)))
    assert [both.entries[id].state for id in (1, 2)] == [State.SUCCEEDED, State.RUNNING]
    assert step(both, request).entries == both.entries
    stale = m.FinishAndClaim(m.Complete(CompleteParams(id=1, attempt=3)), request.params)
    assert step(model, stale, m.Lost("running")) == model
    assert_disallowed(Fault.OVERWRITTEN, "accepted", lambda: step(model, stale, m.One(make_running(2))))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (m.Insert(InsertParams(kind="k")), m.Nothing()),
        (m.Claim(ClaimParams()), m.Many(())),
        (m.CountRecords(), m.Nothing()),
        (m.Claim(ClaimParams()), m.Unknown("BackendUnavailableError: locked")),
    ],
)
def test_an_answer_of_another_type_is_disallowed(request_: m.Request, answer: m.Answer) -> None:
    assert_disallowed(Fault.UNEXPECTED, request_.method, lambda: step(Model(), request_, answer))
