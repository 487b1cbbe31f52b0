"""CON: what holds when many threads and processes use a backend at once.

Each test lets callers play scripts against one another and has their calls judged. Half of the plays interrupt the
threads between the lines of the backend's code; what is found needs neither luck nor a backend that sleeps.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from lazyjobs import (
    ClaimParams,
    SupportsClaimMany,
    SupportsExtend,
    SupportsFinishAndClaim,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.areas.concurrency._scripts import (
    FENCED,
    ROUNDS,
    contend_for_claims,
    contend_in_every_way,
    drain,
    extend_and_claim_again,
    finish_and_claim_again,
    finishes,
    in_rounds,
    insert_at_once,
    look_at_once,
    race,
    token,
    write_at_once,
)
from lazyjobs_testkit.history import Rounds
from lazyjobs_testkit.model import Fault
from lazyjobs_testkit.rules import Area, Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._load import Stage, processes, threads

_EXCLUSIVE = (
    "Atomic: a record is handed to one caller only, among all threads, processes and machines, until its lease has "
    "ended."
)
_FENCED_TEXT = (
    "Atomic, and only for the current claim: the record is running and its attempt is `params.attempt` … Anything else "
    "(an unknown id, another attempt, another state) raises `ClaimLostError` and changes nothing."
)
_IDS = (
    "The id is unique among all threads, processes and instances, greater than those this instance gave before, and "
    "never used again"
)
_KEPT_TEXT = "Stores a new record, pending, and returns it once it is stored"
_CONTENTION = "Contention within a timeout the backend declares is never an error."
_PROCESSES = "multi_process"

Open = Callable[[Bench], AbstractContextManager[Stage]]

_BATCH = 4

in_threads = pytest.mark.parametrize("open", [threads, partial(threads, own_handles=True)], ids=["shared", "own"])
"""Runs a test with threads that share a handle, and again with one handle each, where there can be more."""


class ConcurrencyTests:
    @rule(
        "CON-01",
        "threads that share a handle never hold the same record",
        text=_EXCLUSIVE,
        level=Level.CONCURRENT,
        cause="the record is looked up first and marked as running afterwards, without a lock or a transaction around "
        "both, or without asking in the update whether it is still as it was found",
        needs=(
            "CLM-03",
            "CLM-11",
        ),
    )
    def test_threads_that_share_a_handle_never_hold_the_same_record(self, bench: Bench) -> None:
        with threads(bench) as stage:
            contend_for_claims(stage)

    @rule(
        "CON-02",
        "threads with handles of their own never hold the same record",
        text=_EXCLUSIVE,
        level=Level.CONCURRENT,
        cause="the lock belongs to the instance, not to the store; or it is a POSIX file lock, which does not keep "
        "threads of one process apart",
        needs=("CON-01",),
    )
    def test_threads_with_handles_of_their_own_never_hold_the_same_record(self, bench: Bench) -> None:
        with threads(bench, own_handles=True) as stage:
            contend_for_claims(stage)

    @rule(
        "CON-03",
        "processes never hold the same record",
        text=_EXCLUSIVE,
        level=Level.CONCURRENT,
        cause="the lock is a threading.Lock, or what was due is remembered in the process",
        trait=_PROCESSES,
        needs=("CON-01",),
    )
    def test_processes_never_hold_the_same_record(self, bench: Bench) -> None:
        with processes(bench) as stage:
            contend_for_claims(stage)

    @rule(
        "CON-04",
        "of a finish and a new claim that race after the lease has ended, one wins and the other is told",
        text=_FENCED_TEXT,
        level=Level.CONCURRENT,
        cause="state and attempt are read first and written afterwards: a claim in between is overwritten",
        needs=("CON-06",),
    )
    @in_threads
    def test_of_a_finish_and_a_new_claim_one_wins(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            race(stage, finish_and_claim_again)

    @rule(
        "CON-05",
        "of a finish and a new claim in two processes, one wins and the other is told",
        text=_FENCED_TEXT,
        level=Level.CONCURRENT,
        cause="state and attempt are compared in the process and then written without a condition",
        trait=_PROCESSES,
        needs=(
            "CON-03",
            "CON-04",
        ),
    )
    def test_of_a_finish_and_a_new_claim_in_two_processes_one_wins(self, bench: Bench) -> None:
        with processes(bench) as stage:
            race(stage, finish_and_claim_again)

    @rule(
        "CON-06",
        "of different finishes of one claim at the same time, one is accepted",
        text=_FENCED_TEXT,
        level=Level.CONCURRENT,
        cause="each verb checks first and writes afterwards, so that two see the record running",
        needs=(
            "CON-02",
            "PAY-01",
            "ALI-01",
        ),
        needs_areas=(
            Area.INSERT,
            Area.TIME,
            Area.CLAIM,
            Area.FINISH,
            Area.FENCING,
            Area.LEASE,
            Area.FIELDS,
        ),
    )
    @in_threads
    def test_of_different_finishes_of_one_claim_one_is_accepted(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            race(stage, finishes)

    @rule(
        "CON-07",
        "threads that insert at the same time get ids of their own, which grow on each handle",
        text=_IDS,
        level=Level.CONCURRENT,
        cause="the next id is computed from the highest one, or from a counter, without a lock around both; or ids "
        "come from a clock that two calls can find unchanged",
        needs=("INS-07", "INS-08"),
    )
    @in_threads
    def test_threads_that_insert_at_the_same_time_get_ids_of_their_own(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            insert_at_once(stage)

    @rule(
        "CON-08",
        "processes that insert at the same time get ids of their own",
        text=_IDS,
        level=Level.CONCURRENT,
        cause="each process counts by itself from what it found when it opened the store",
        trait=_PROCESSES,
        needs=("CON-07",),
    )
    def test_processes_that_insert_at_the_same_time_get_ids_of_their_own(self, bench: Bench) -> None:
        with processes(bench) as stage:
            insert_at_once(stage)

    @rule(
        "CON-09",
        "nothing that was acknowledged under load is lost, undone or invented",
        text=_KEPT_TEXT,
        level=Level.CONCURRENT,
        cause="a whole file, index or cached list is read, changed and written back, and another's change is gone",
        needs=(
            "CON-02",
            "PAY-01",
            "ALI-01",
            "LST-01",
            "LST-04",
            "CON-07",
        ),
        needs_areas=(
            Area.INSERT,
            Area.TIME,
            Area.CLAIM,
            Area.FINISH,
            Area.FENCING,
            Area.LEASE,
            Area.FIELDS,
            Area.STATS,
        ),
    )
    @in_threads
    def test_nothing_acknowledged_under_load_is_lost(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            write_at_once(stage)

    @rule(
        "CON-10",
        "nothing that was acknowledged to several processes is lost, undone or invented",
        text=_KEPT_TEXT,
        level=Level.CONCURRENT,
        cause="what one process holds in memory is written over what another has stored since",
        trait=_PROCESSES,
        needs=(
            "CON-03",
            "CON-08",
            "CON-09",
        ),
    )
    def test_nothing_acknowledged_to_several_processes_is_lost(self, bench: Bench) -> None:
        with processes(bench) as stage:
            write_at_once(stage)

    @rule(
        "CON-11",
        "a claim that loses a race looks further: it answers None only if nothing is due",
        text="returns it as it then is; None if nothing is due … A backend that cannot order globally … may answer "
        "None although something is due, if it says how often in a row",
        level=Level.CONCURRENT,
        cause="the update that matched no row is answered with None instead of another look",
        needs=(
            "CON-02",
            "CLM-04",
        ),
    )
    @in_threads
    def test_a_claim_that_loses_a_race_looks_further(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            drain(stage, [Fault.EMPTY])

    @rule(
        "CON-12",
        "a claim under load passes over nothing that was due before",
        text="Of all of them, over all those queues together, the one with the smallest `(due time, id)` is taken.",
        level=Level.CONCURRENT,
        cause="candidates are fetched ahead and handed out when others have become due before them, or each process "
        "claims from a part of its own",
        needs=(
            "CON-02",
            "CLM-06",
            "CLM-05",
        ),
    )
    @in_threads
    def test_a_claim_under_load_passes_over_nothing_due(self, bench: Bench, open: Open) -> None:
        if bench.traits.ordering != "strict":
            bench.not_applicable("best-effort ordering is declared")
        with open(bench) as stage:
            drain(stage, [Fault.PASSED_OVER])

    @rule(
        "CON-13",
        "list and stats under load show the caller's own writes, and their counts agree",
        text="Sees every write that was acknowledged to the caller before, or declares by how much it may be behind.",
        level=Level.CONCURRENT,
        cause="the counts are taken one after the other while others write, or reads go to a snapshot or replica that "
        "is behind without saying so",
        needs=("CON-09",),
    )
    @in_threads
    def test_list_and_stats_under_load_show_the_callers_own_writes(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            look_at_once(stage)

    @rule(
        "CON-14",
        "contention is never an error",
        text=_CONTENTION,
        level=Level.CONCURRENT,
        cause="a locked database, a failed condition or a changed dictionary raises instead of being waited for or "
        "tried again",
        needs=(
            "CLM-03",
            "CLM-11",
            "LST-11",
        ),
    )
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

    @rule(
        "CON-15",
        "an extension and a new claim that race after the lease has ended never both succeed",
        text="Atomic, and only for the current claim: running, and the same attempt, also when the lease has ended but "
        "nobody claimed the record again.",
        level=Level.CAPABILITY,
        cause="the claim is looked up first and its lease written afterwards",
        capability=SupportsExtend,
        needs=(
            "CON-02",
            "PAY-01",
            "ALI-01",
            "EXT-04",
            "EXT-05",
            "EXT-06",
            "EXT-10",
        ),
        needs_areas=(
            Area.INSERT,
            Area.TIME,
            Area.CLAIM,
            Area.FINISH,
            Area.FENCING,
            Area.LEASE,
            Area.FIELDS,
        ),
    )
    @in_threads
    def test_an_extension_and_a_new_claim_never_both_succeed(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            race(stage, extend_and_claim_again, (*FENCED, Fault.DUPLICATED))

    @rule(
        "CON-16",
        "records claimed by the batch are handed to one caller only",
        text=_EXCLUSIVE,
        level=Level.CAPABILITY,
        cause="the batch is read in one step and marked in another",
        capability=SupportsClaimMany,
        needs=(
            "CON-02",
            "BLK-06",
        ),
    )
    @in_threads
    def test_records_claimed_by_the_batch_are_handed_to_one_caller_only(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            for scene in stage.scenes():
                queue = f"batch-{scene}"
                count = len(stage.insert([queue] * (_BATCH * ROUNDS // 2)))
                batch = m.ClaimMany(ClaimParams(queues=(queue,)), _BATCH)
                stage.play([Rounds(((batch,),) * max(1, count // _BATCH))] * stage.callers)
                stage.judge_scene([Fault.DUPLICATED])

    @rule(
        "CON-17",
        "what finish_and_claim hands out is handed to one caller only",
        text=_EXCLUSIVE,
        level=Level.CAPABILITY,
        cause="the combined statement leaves out a condition that the single ones have",
        capability=SupportsFinishAndClaim,
        needs=(
            "CON-02",
            "BLK-13",
        ),
    )
    @in_threads
    def test_what_finish_and_claim_hands_out_is_handed_to_one_caller_only(self, bench: Bench, open: Open) -> None:
        with open(bench) as stage:
            for scene in stage.scenes():
                held = stage.claim(stage.insert([f"held-{scene}-{n}" for n in range(stage.callers * ROUNDS // 2)]))
                queue = f"next-{scene}"
                stage.insert([queue] * len(held))
                params = ClaimParams(queues=(queue,))
                requests = [m.FinishAndClaim(m.Complete(token(record)), params) for record in held]
                stage.play([in_rounds(requests[caller :: stage.callers]) for caller in range(stage.callers)])
                stage.judge_scene([Fault.DUPLICATED])
