"""DUR: what outlives the process that wrote it.

Everything but the plain reopening happens in processes of its own: they are killed, and so is one that finds the
namespace locked for ever. A test takes as many seconds as it says, ten times as many with a thorough budget.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from lazyjobs import (
    ClaimParams,
    CompleteParams,
    DiscardParams,
    InsertParams,
    ListOptions,
    PruneParams,
    Record,
    RetryParams,
    State,
    SupportsClose,
    SupportsPrune,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.crash import (
    AFTER_THE_ANSWER,
    FINISHED,
    LEASE,
    Asking,
    Prelude,
    Site,
    Survey,
    interrupt,
    storm,
)
from lazyjobs_testkit.harness import SupportsRestart
from lazyjobs_testkit.history import Operation
from lazyjobs_testkit.history._operation import claimed
from lazyjobs_testkit.suite._bench import KIND, Bench, rule
from lazyjobs_testkit.suite._kills import (
    assert_allowed,
    campaign,
    fresh_site,
    reopening,
    rounds,
    telling,
    try_opening_together,
)
from lazyjobs_testkit.suite._support import FUTURE, assert_all_same, lease_end
from lazyjobs_testkit.suite._verbs import VERBS, Verb, insert_in_state
from lazyjobs_testkit.suite.fields import told_of_all

_CLAIMS = ("claim", "claim of an ended lease", "extend", "claim_many", "finish_and_claim")
_ODD_PAYLOAD = b'{"b": 1.50,\t"a":"\\u0000\xf0\x9f\x90\x98", "b":1e2}'
_IDS = (m.Fault.REUSED_ID,)
"""Left to the rule about ids."""
_CONTENTS = tuple(fault for fault in m.Fault if fault is not m.Fault.UNEXPECTED)
"""Left to the rule about what a kill interrupts."""
_STORM = 0.06


class DurabilityTests:
    @rule("DUR-01")
    def test_closing_and_opening_again_changes_nothing(self, bench: Bench) -> None:
        _leave_every_state(bench)
        before, counted = bench.records(), bench.stats()
        if isinstance(bench.backend, SupportsClose):
            bench.backend.close()
        bench.backend = bench.open()
        assert_all_same(before, bench.records(), "closing and opening again")
        assert bench.stats() == counted, "stats differ after closing and opening again"

    @rule("DUR-02")
    def test_what_was_acknowledged_survives_a_kill_right_after_the_answer(self, bench: Bench) -> None:
        with campaign(bench) as killing:
            for kill, site in killing.after_answers(0.7 * bench.budget):
                with reopening(site, kill) as ask:
                    assert_allowed(site.survey(ask), kill, but=_IDS)

    @rule("DUR-03")
    def test_what_a_kill_interrupted_is_there_whole_or_not_at_all(self, bench: Bench) -> None:
        with campaign(bench) as killing:
            for kill, site in killing.inside(2.5 * bench.budget):
                with reopening(site, kill) as ask:
                    survey = site.survey(ask)
                assert_allowed(survey, kill, but=_IDS)
                _assert_one_commit(site, survey, kill)

    @rule("DUR-03")
    def test_a_kill_inside_prune_takes_nothing_but_finished_records(self, bench: Bench) -> None:
        bench.supports(SupportsPrune)
        prune, steps = m.Prune(PruneParams(finished_before=FUTURE)), 1
        with fresh_site(bench) as site, telling("a process was killed inside prune, and the namespace reopened"):
            for number in rounds(0.3 * bench.budget, least=5):
                with site.reopened() as ask:
                    _leave_finished_and_waiting(site.prelude(ask))
                    before = _listed(ask)
                with site.fork() as child:
                    child.open(site.namespace)
                    child.ask_and_die(prune, step=bench.random.randrange(steps) if number else AFTER_THE_ANSWER)
                    steps = len(child.steps) or steps
                with site.reopened() as ask:
                    after = _listed(ask)
                kept = {id: record for id, record in before.items() if id in after or record.state not in FINISHED}
                assert_all_same(kept, after, "a kill inside prune")

    @rule("DUR-04")
    def test_every_record_is_claimed_again_when_its_lease_has_ended(self, bench: Bench) -> None:
        with campaign(bench) as killing:
            for kill, site in killing.inside(1.5 * bench.budget):
                with reopening(site, kill) as ask:
                    site.survey(ask)
                    left = site.recover(ask)
                    survey = site.survey(ask)
                told = [f"no claim hands out record {each.id}, which is {each.state}, however late" for each in left]
                assert not told, "\n".join([str(kill), *told])
                assert_allowed(survey, kill, but=_CONTENTS)

    @rule("DUR-05")
    def test_no_id_is_given_again_after_a_kill(self, bench: Bench) -> None:
        given: set[int] = set()
        with fresh_site(bench) as site, telling("a process inserted three records and was killed in the last insert"):
            for _ in rounds(0.4 * bench.budget, least=4):
                new = _insert_and_die(site, bench.random.choice((AFTER_THE_ANSWER, *range(20))))
                again = sorted(given.intersection(new))
                assert not again, f"after a process was killed the next one gave the ids {again} again"
                with site.reopened() as ask:
                    given |= {*new, *_forget(ask, prune=isinstance(bench.raw(), SupportsPrune))}

    @rule("DUR-06")
    def test_a_claim_stays_exclusive_although_its_process_was_killed(self, bench: Bench) -> None:
        with campaign(bench, _CLAIMS) as killing:
            for kill, site in killing.after_answers(0.4 * bench.budget):
                with reopening(site, kill) as ask:
                    for id, (queue, end) in _leases(site.survey(ask).history.operations).items():
                        now = end - bench.traits.precision
                        answer = ask(m.Claim(ClaimParams(queues=(queue,), now=now, lease=LEASE)))
                        assert not isinstance(answer, m.Unknown), f"{kill}\nclaim raised {answer.error}"
                        again = isinstance(answer, m.One) and answer.record.id == id
                        assert not again, f"{kill}\nrecord {id} was claimed at {now}, but was leased until {end}"

    @rule("DUR-07")
    def test_fencing_outlives_a_kill(self, bench: Bench) -> None:
        with campaign(bench, ("claim", "claim of an ended lease")) as killing:
            for kill, site in killing.after_answers(0.4 * bench.budget):
                with reopening(site, kill) as ask:
                    site.survey(ask)
                    held = [record for record in site.records if record.state is State.RUNNING]
                    for record in held:
                        _try_tokens(ask, record, bench.random.choice(VERBS), reclaim=bench.random.random() < 0.5)
                    assert_allowed(site.survey(ask), kill, but=_IDS)

    @rule("DUR-08")
    def test_a_kill_in_the_first_opening_leaves_a_namespace_that_can_be_opened(self, bench: Bench) -> None:
        with campaign(bench) as killing:
            for cause, site in killing.openings(0.8 * bench.budget):
                with reopening(site, cause) as ask:
                    ask(m.Insert(InsertParams(kind=KIND)))
                    assert_allowed(site.survey(ask), cause, but=_IDS)

    @rule("DUR-09")
    def test_several_processes_open_a_fresh_namespace_at_the_same_moment(self, bench: Bench) -> None:
        try_opening_together(bench, "processes opened a fresh namespace", lambda _: None, 1.2 * bench.budget)

    @rule("DUR-10")
    def test_kills_under_load_lose_nothing(self, bench: Bench) -> None:
        processes = 3 if bench.traits.multi_process else 1
        occasion = f"{processes} inserting, claiming and finishing, each killed within {_STORM * 1000:.0f} ms"
        for _ in rounds(1.5 * bench.budget, wanted=15):
            with fresh_site(bench) as site, telling(occasion):
                storm(site, bench.random, processes=processes, seconds=_STORM)
                with site.reopened() as ask:
                    assert_allowed(site.survey(ask), occasion)

    @rule("DUR-11")
    def test_a_restart_of_the_storage_under_load_loses_nothing(self, bench: Bench) -> None:
        harness = bench.harness
        assert isinstance(harness, SupportsRestart)
        processes = 2 if bench.traits.multi_process else 1
        occasion = f"{processes} inserting, claiming and finishing while the storage was restarted"
        for _ in rounds(0.5 * bench.budget, least=2):
            with fresh_site(bench) as site, telling(occasion):
                restart = partial(harness.restart, site.namespace)
                interrupt(site, bench.random, processes=processes, seconds=2 * _STORM, act=restart)
                with site.reopened() as ask:
                    assert_allowed(site.survey(ask, errors_allowed=True), occasion)


def _leave_every_state(bench: Bench) -> None:
    bench.insert(run_at=FUTURE, payload=_ODD_PAYLOAD, max_attempts=2**31 - 1, queue="Another/Queue:1")
    for state in State:
        insert_in_state(bench, state)
    told_of_all(bench, queue="told")


def _insert_and_die(site: Site, step: int) -> Sequence[int]:
    """Inserts in a new process until it is killed in an insert; the ids that were acknowledged."""
    request = m.Insert(InsertParams(kind=KIND))
    with site.fork() as child:
        child.open(site.namespace)
        answers = [child.ask(request).answer, child.ask(request).answer]
        assert all(isinstance(answer, m.One) for answer in answers), f"insert answered {answers}"
        answers.append(child.ask_and_die(request, step=step).answer)
    return [answer.record.id for answer in answers if isinstance(answer, m.One)]


def _forget(ask: Asking, *, prune: bool) -> set[int]:
    """The ids there are; then, if they can be, all records are finished and pruned."""
    ids = set(_listed(ask))
    if prune:
        for _ in ids:
            if isinstance(answer := ask(m.Claim(ClaimParams())), m.One):
                ask(m.Complete(CompleteParams(id=answer.record.id, attempt=answer.record.attempt)))
        ask(m.Prune(PruneParams(finished_before=FUTURE)))
    return ids


def _leave_finished_and_waiting(prelude: Prelude) -> None:
    for _ in range(3):
        record = prelude.claimed()
        prelude.ask(m.Complete(CompleteParams(id=record.id, attempt=record.attempt)))
    prelude.claimed()
    prelude.insert()


def _listed(ask: Asking) -> Mapping[int, Record]:
    answer = ask(m.ListRecords(ListOptions(limit=None)))
    assert isinstance(answer, m.Many), f"list answered {answer}"
    return {record.id: record for record in answer.records}


def _assert_one_commit(site: Site, survey: Survey, kill: object) -> None:
    """Fails if a finish_and_claim that was killed has finished its record and not claimed another, or the reverse."""
    for operation in survey.history.operations:
        match operation.request, operation.answer:
            case m.FinishAndClaim(finish, params), m.Unknown() if not site.terms.wrong_empties:
                running = {record.id for record in site.records if record.state is State.RUNNING}
                finished = finish.params.id not in running
                others = {record.id for record in site.records if record.queue in params.queues} - {finish.params.id}
                done = ("the finish", "the claim") if finished else ("the claim", "the finish")
                assert finished == bool(others & running), f"{kill}\n{done[0]} was done, and {done[1]} was not"


def _leases(operations: Sequence[Operation]) -> Mapping[int, tuple[str, datetime]]:
    """The queue and the lease's end of every record that was claimed or extended and not finished since."""
    leases: dict[int, tuple[str, datetime]] = {}
    for operation in operations:
        match operation.request, operation.answer:
            case m.Extend(params), m.Nothing() if params.now is not None:
                leases[params.id] = leases[params.id][0], params.now + params.lease
            case ((m.Complete(params) | m.Retry(params) | m.Discard(params)), m.Nothing()):
                leases.pop(params.id, None)
            case m.FinishAndClaim(finish, _), m.One():
                leases.pop(finish.params.id, None)
        leases |= {record.id: (record.queue, lease_end(record)) for record in claimed(operation)}
    return leases


def _try_tokens(ask: Asking, record: Record, verb: Verb, *, reclaim: bool) -> None:
    """Finishes a record with every token it has had, the current one last; all others are to be refused."""
    for attempt in range(1, record.attempt):
        ask(_finishing(verb, record.id, attempt))
    attempt = record.attempt
    if reclaim:
        claim = ClaimParams(queues=(record.queue,), now=lease_end(record), lease=LEASE)
        answer = ask(m.Claim(claim))
        ask(_finishing(verb, record.id, attempt))
        attempt = answer.record.attempt if isinstance(answer, m.One) else attempt
    ask(_finishing(verb, record.id, attempt))


def _finishing(verb: Verb, id: int, attempt: int) -> m.Request:
    match verb:
        case "complete":
            return m.Complete(CompleteParams(id=id, attempt=attempt))
        case "retry":
            return m.Retry(RetryParams(id=id, attempt=attempt, run_at=FUTURE))
        case "discard":
            return m.Discard(DiscardParams(id=id, attempt=attempt))
