"""CON: what holds when many threads and processes use a backend at once.

Each test lets callers play scripts against one another and has their calls judged. Half of the plays interrupt the
threads between the lines of the backend's code; what is found needs neither luck nor a backend that sleeps.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial

import pytest

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    ExtendParams,
    InsertParams,
    ListOptions,
    Record,
    RetryParams,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.history import Churn, Drain, Operation, Rounds, Script
from lazyjobs_testkit.model import Fault
from lazyjobs_testkit.suite._bench import KIND, Bench, rule
from lazyjobs_testkit.suite._load import LATER, Stage, processes, threads
from lazyjobs_testkit.suite._support import PAST, SECOND

Open = Callable[[Bench], AbstractContextManager[Stage]]

_ROUNDS = 100
_INSERTS = 60
_CHURNED = 100
_WRITES = 40
_LOOKS = 8
_BATCH = 4
_FENCED = (Fault.OVERWRITTEN, Fault.REVIVED, Fault.REFUSED, Fault.ALTERED)
_KEPT = (Fault.LOST, Fault.INVENTED, Fault.ALTERED, Fault.MISCOUNTED)

in_threads = pytest.mark.parametrize("open", [threads, partial(threads, own_handles=True)], ids=["shared", "own"])
"""Runs a test with threads that share a handle, and again with one handle each, where there can be more."""


class ConcurrencyTests:
    @rule("CON-01")
    def test_threads_that_share_a_handle_never_hold_the_same_record(self, bench: Bench) -> None:
        with threads(bench) as stage:
            contend_for_claims(stage)

    @rule("CON-02")
    def test_threads_with_handles_of_their_own_never_hold_the_same_record(self, bench: Bench) -> None:
        with threads(bench, own_handles=True) as stage:
            contend_for_claims(stage)

    @rule("CON-03")
    def test_processes_never_hold_the_same_record(self, bench: Bench) -> None:
        with processes(bench) as stage:
            contend_for_claims(stage)

    @rule("CON-04")
    @in_threads
    def test_of_a_finish_and_a_new_claim_one_wins(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            race(stage, finish_and_claim_again)

    @rule("CON-05")
    def test_of_a_finish_and_a_new_claim_in_two_processes_one_wins(self, bench: Bench) -> None:
        with processes(bench) as stage:
            race(stage, finish_and_claim_again)

    @rule("CON-06")
    @in_threads
    def test_of_different_finishes_of_one_claim_one_is_accepted(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            race(stage, finishes)

    @rule("CON-07")
    @in_threads
    def test_threads_that_insert_at_the_same_time_get_ids_of_their_own(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            insert_at_once(stage)

    @rule("CON-08")
    def test_processes_that_insert_at_the_same_time_get_ids_of_their_own(self, bench: Bench) -> None:
        with processes(bench) as stage:
            insert_at_once(stage)

    @rule("CON-09")
    @in_threads
    def test_nothing_acknowledged_under_load_is_lost(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            write_at_once(stage)

    @rule("CON-10")
    def test_nothing_acknowledged_to_several_processes_is_lost(self, bench: Bench) -> None:
        with processes(bench) as stage:
            write_at_once(stage)

    @rule("CON-11")
    @in_threads
    def test_a_claim_that_loses_a_race_looks_further(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            drain(stage, [Fault.EMPTY])

    @rule("CON-12")
    @in_threads
    def test_a_claim_under_load_passes_over_nothing_due(self, bench: Bench, open: Open) -> None:
        if bench.traits.ordering != "strict":
            bench.not_applicable("best-effort ordering is declared")
        with open(bench) as stage:
            drain(stage, [Fault.PASSED_OVER])

    @rule("CON-13")
    @in_threads
    def test_list_and_stats_under_load_show_the_callers_own_writes(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            look_at_once(stage)

    @rule("CON-14")
    @in_threads
    def test_contention_among_threads_is_never_an_error(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            contend_in_every_way(stage)

    @rule("CON-14")
    def test_contention_among_processes_is_never_an_error(self, bench: Bench) -> None:
        if not bench.traits.multi_process:
            bench.not_applicable("multi_process is not declared")
        with processes(bench) as stage:
            contend_in_every_way(stage)

    @rule("CON-15")
    @in_threads
    def test_an_extension_and_a_new_claim_never_both_succeed(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            race(stage, extend_and_claim_again, (*_FENCED, Fault.DUPLICATED))

    @rule("CON-16")
    @in_threads
    def test_records_claimed_by_the_batch_are_handed_to_one_caller_only(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            for scene in stage.scenes():
                queue = f"batch-{scene}"
                count = len(stage.insert([queue] * (_BATCH * _ROUNDS // 2)))
                batch = m.ClaimMany(ClaimParams(queues=(queue,)), _BATCH)
                stage.play([Rounds(((batch,),) * max(1, count // _BATCH))] * stage.callers)
                stage.judge_scene([Fault.DUPLICATED])

    @rule("CON-17")
    @in_threads
    def test_what_finish_and_claim_hands_out_is_handed_to_one_caller_only(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            for scene in stage.scenes():
                held = stage.claim(stage.insert([f"held-{scene}-{n}" for n in range(stage.callers * _ROUNDS // 2)]))
                queue = f"next-{scene}"
                stage.insert([queue] * len(held))
                params = ClaimParams(queues=(queue,))
                requests = [m.FinishAndClaim(m.Complete(_token(record)), params) for record in held]
                stage.play([_in_rounds(requests[caller :: stage.callers]) for caller in range(stage.callers)])
                stage.judge_scene([Fault.DUPLICATED])


def contend_for_claims(stage: Stage) -> None:
    """All claim from one queue, then one record after the other at the same instant, then again when leases ended."""
    for scene in stage.scenes():
        queue = f"drained-{scene}"
        stage.insert([queue] * _ROUNDS)
        stage.play([Drain((queue,), patience=1 + stage.bench.traits.empty_answers)] * stage.callers)
        stage.judge_scene([Fault.DUPLICATED])
        race_for_claims(stage)
        stage.judge_scene([Fault.DUPLICATED])


def race_for_claims(stage: Stage) -> None:
    """In each round all claim the same record, half of them after another claim's lease has ended."""
    mark = stage.bench.random.randrange(2**32)
    records = stage.insert([f"raced-{mark}-{number}" for number in range(_ROUNDS)])
    stage.claim(records[::2])
    claims = [m.Claim(ClaimParams(queues=(record.queue,), now=LATER)) for record in records]
    stage.play([_in_rounds(claims)] * stage.callers)


def race(
    stage: Stage,
    duel: Callable[[Stage, Record], Sequence[m.Request]],
    faults: Sequence[Fault] = _FENCED,
) -> None:
    """In each round one claim, whose lease has ended, is what all callers are about; each does something else."""
    for scene in stage.scenes():
        held = stage.claim(stage.insert([f"duel-{scene}-{number}" for number in range(_ROUNDS)]))
        parts = list(
            zip(*(stage.bench.random.sample(duel(stage, record), stage.callers) for record in held), strict=True)
        )
        stage.play([_in_rounds(part) for part in parts])
        stage.look()
        stage.judge_scene(faults)


def finish_and_claim_again(stage: Stage, record: Record) -> Sequence[m.Request]:
    """One claims the record anew, another finishes it, and whoever else there is finishes it in another way."""
    return [_claim_again(record), *finishes(stage, record)[: stage.callers - 1]]


def finishes(stage: Stage, record: Record) -> Sequence[m.Request]:
    """The three ways to finish, in any order."""
    id, attempt = record.id, record.attempt
    every: list[m.Request] = [
        m.Complete(_token(record)),
        m.Retry(RetryParams(id=id, attempt=attempt, run_at=PAST, last_error="failed")),
        m.Discard(DiscardParams(id=id, attempt=attempt, last_error="gave up")),
    ]
    return stage.bench.random.sample(every, len(every))


def extend_and_claim_again(stage: Stage, record: Record) -> Sequence[m.Request]:
    """One extends the lease, the others claim the record anew."""
    extend = m.Extend(ExtendParams(id=record.id, attempt=record.attempt, now=LATER, lease=SECOND))
    return [extend, *[_claim_again(record)] * (stage.callers - 1)]


def insert_at_once(stage: Stage) -> None:
    """All insert two records in each round, then as many as they can."""
    insert = m.Insert(InsertParams(kind=KIND, run_at=PAST))
    for _ in stage.scenes():
        stage.play([Rounds(((insert, insert),) * _INSERTS + ((insert,) * _INSERTS,))] * stage.callers)
    stage.judge([Fault.REUSED_ID])


def write_at_once(stage: Stage) -> None:
    """In each round each inserts and finishes records of its own; then come all writes at random."""
    for scene in stage.scenes():
        held = stage.claim(stage.insert([f"own-{scene}-{number}" for number in range(_WRITES * stage.callers)]))
        stage.play([_turns(stage, held[caller :: stage.callers], _write) for caller in range(stage.callers)])
        churn(stage)
    stage.look()
    stage.judge(_KEPT)


def look_at_once(stage: Stage) -> None:
    """In each round each inserts a record and finishes another of its own, and looks after both."""
    for scene in stage.scenes(most=1):
        held = stage.claim(stage.insert([f"own-{scene}-{number}" for number in range(_LOOKS * stage.callers)]))
        stage.play([_turns(stage, held[caller :: stage.callers], _look) for caller in range(stage.callers)])
    stage.judge(_KEPT, where=is_look)


def _turns(
    stage: Stage, held: Sequence[Record], turn: Callable[[m.Request, m.Request], tuple[m.Request, ...]]
) -> Script:
    """A round for each record held, in which it is finished somehow and another is inserted."""
    insert = m.Insert(InsertParams(kind=KIND, queue="beside", run_at=PAST))
    return Rounds(tuple(turn(insert, finishes(stage, record)[0]) for record in held))


def _write(insert: m.Request, finish: m.Request) -> tuple[m.Request, ...]:
    return insert, finish, insert


def _look(insert: m.Request, finish: m.Request) -> tuple[m.Request, ...]:
    everything = m.ListRecords(ListOptions(limit=None))
    count = m.CountRecords()
    return insert, everything, count, finish, everything, count, count


def churn(stage: Stage) -> None:
    """All insert, claim and finish at random."""
    seeds = [stage.bench.random.randrange(2**32) for _ in range(stage.callers)]
    stage.play([Churn(seed, ("load-a", "load-b"), _CHURNED, PAST) for seed in seeds])


def drain(stage: Stage, faults: Sequence[Fault]) -> None:
    """All claim and complete what is on two queues, inserted in no particular order."""
    patience = 2 * (1 + stage.bench.traits.empty_answers)
    for scene in stage.scenes():
        queues = (f"left-{scene}", f"right-{scene}")
        stage.insert(stage.bench.random.choices(queues, k=2 * _ROUNDS))
        stage.play([Drain(queues, patience=patience, complete=True)] * stage.callers)
        stage.judge_scene(faults)


def contend_in_every_way(stage: Stage) -> None:
    """Claims of the same record, writes and looks, all at once; fails if any of them ends with an error."""
    for scene in stage.scenes(most=2):
        race_for_claims(stage)
        churn(stage)
        held = stage.claim(stage.insert([f"own-{scene}-{number}" for number in range(_LOOKS * stage.callers)]))
        stage.play([_turns(stage, held[caller :: stage.callers], _look) for caller in range(stage.callers)])
        assert_no_errors(stage)


def is_look(operation: Operation) -> bool:
    """Whether a call was list or stats."""
    return isinstance(operation.request, m.ListRecords | m.CountRecords)


def assert_no_errors(stage: Stage) -> None:
    """Fails if any call so far ended with an error that the contract does not know."""
    operations = stage.history().operations
    failed = list(_failures(operations))
    if failed:
        shown = "\n".join(failed[:5])
        raise AssertionError(f"{len(failed)} of {len(operations)} calls ended with an error:\n{shown}")


def _failures(operations: Sequence[Operation]) -> Iterator[str]:
    spelling = m.Spelling()
    for operation in operations:
        if isinstance(operation.answer, m.Unknown):
            yield f"{operation.caller}: {spelling.request(operation.request)} → {operation.answer.error}"


def _in_rounds(requests: Sequence[m.Request]) -> Script:
    return Rounds(tuple((request,) for request in requests))


def _claim_again(record: Record) -> m.Request:
    return m.Claim(ClaimParams(queues=(record.queue,), now=LATER))


def _token(record: Record) -> CompleteParams:
    return CompleteParams(id=record.id, attempt=record.attempt)
