"""DUR: what outlives the process that wrote it.

Everything but the plain reopening happens in processes of its own: they are killed, and so is one that finds the
namespace locked for ever. A test takes as many seconds as it says, ten times as many with a thorough budget.
"""

from functools import partial

from lazyjobs import (
    ClaimParams,
    InsertParams,
    PruneParams,
    State,
    SupportsClose,
    SupportsPrune,
)
from lazyjobs_testkit import model as m
from lazyjobs_testkit.areas.durability._aftermath import (
    assert_one_commit,
    forget,
    insert_and_die,
    leases,
    leave_every_state,
    leave_finished_and_waiting,
    listed,
    try_tokens,
)
from lazyjobs_testkit.crash import (
    AFTER_THE_ANSWER,
    FINISHED,
    LEASE,
    interrupt,
    storm,
)
from lazyjobs_testkit.harness import SupportsRestart
from lazyjobs_testkit.rules import Level, rule
from lazyjobs_testkit.suite._bench import KIND, Bench
from lazyjobs_testkit.suite._kills import (
    assert_allowed,
    campaign,
    fresh_site,
    reopening,
    rounds,
    telling,
    try_opening_together,
)
from lazyjobs_testkit.suite._support import FUTURE, assert_all_same
from lazyjobs_testkit.suite._verbs import VERBS

_ACKNOWLEDGED = "What was acknowledged survives SIGKILL and reopening; what was not is there whole or not at all."
_CLAIMABLE = "A process killed at any point leaves every record claimable again at the latest when its lease ends."

_CLAIMS = ("claim", "claim of an ended lease", "extend", "claim_many", "finish_and_claim")
_IDS = (m.Fault.REUSED_ID,)
"""Left to the rule about ids."""
_CONTENTS = tuple(fault for fault in m.Fault if fault is not m.Fault.UNEXPECTED)
"""Left to the rule about what a kill interrupts."""
_STORM = 0.06


class DurabilityTests:
    @rule(
        "DUR-01",
        "closing and opening again changes nothing: every record is as it was, byte for byte",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="state that is only written when the process ends, or is rebuilt differently when it starts",
        trait="durable",
        needs=(
            "FLD-01",
            "FLD-03",
            "FLD-07",
            "FLD-08",
            "FLD-10",
            "FLD-11",
            "FLD-12",
        ),
    )
    def test_closing_and_opening_again_changes_nothing(self, bench: Bench) -> None:
        leave_every_state(bench)
        before, counted = bench.records(), bench.stats()
        if isinstance(bench.backend, SupportsClose):
            bench.backend.close()
        bench.backend = bench.open()
        assert_all_same(before, bench.records(), "closing and opening again")
        assert bench.stats() == counted, "stats differ after closing and opening again"

    @rule(
        "DUR-02",
        "what was acknowledged survives a SIGKILL right after the answer",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="the answer is given before the write is: a buffer that is flushed later, a background writer, a commit "
        "left open until the next call",
        trait="durable",
        namespaces=2,
        needs=("DUR-01",),
    )
    def test_what_was_acknowledged_survives_a_kill_right_after_the_answer(self, bench: Bench) -> None:
        with campaign(bench) as killing:
            for kill, site in killing.after_answers(0.7 * bench.budget):
                with reopening(site, kill) as ask:
                    assert_allowed(site.survey(ask), kill, but=_IDS)

    @rule(
        "DUR-03",
        "what a SIGKILL interrupted is there whole or not at all",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="one transition made of two writes, or a file rewritten in place",
        trait="durable",
        namespaces=2,
        needs=("DUR-04",),
    )
    def test_what_a_kill_interrupted_is_there_whole_or_not_at_all(self, bench: Bench) -> None:
        with campaign(bench) as killing:
            for kill, site in killing.inside(2.5 * bench.budget):
                with reopening(site, kill) as ask:
                    survey = site.survey(ask)
                assert_allowed(survey, kill, but=_IDS)
                assert_one_commit(site, survey, kill)

    @rule("DUR-03")
    def test_a_kill_inside_prune_takes_nothing_but_finished_records(self, bench: Bench) -> None:
        bench.supports(SupportsPrune)
        prune, steps = m.Prune(PruneParams(finished_before=FUTURE)), 1
        with fresh_site(bench) as site, telling("a process was killed inside prune, and the namespace reopened"):
            for number in rounds(0.3 * bench.budget, least=5):
                with site.reopened() as ask:
                    leave_finished_and_waiting(site.prelude(ask))
                    before = listed(ask)
                with site.fork() as child:
                    child.open(site.namespace)
                    child.ask_and_die(prune, step=bench.random.randrange(steps) if number else AFTER_THE_ANSWER)
                    steps = len(child.steps) or steps
                with site.reopened() as ask:
                    after = listed(ask)
                kept = {id: record for id, record in before.items() if id in after or record.state not in FINISHED}
                assert_all_same(kept, after, "a kill inside prune")

    @rule(
        "DUR-04",
        "a process killed at any point leaves every record to be claimed when its lease has ended",
        text=_CLAIMABLE,
        level=Level.CRASH_SAFE,
        cause="running records are never looked at again, the record leaves the queue of what is due before the claim "
        "is stored, or a lock outlives its owner",
        trait="durable",
        namespaces=2,
        needs=("DUR-02",),
    )
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

    @rule(
        "DUR-05",
        "an id that was given before a SIGKILL is never given again",
        text="The id is unique among all threads, processes and instances, greater than those this instance gave "
        "before, and never used again, not even after the record was pruned.",
        level=Level.CRASH_SAFE,
        cause="the counter lives in memory, or starts again from the highest id that is still there",
        trait="durable",
        namespaces=2,
        needs=("DUR-03",),
    )
    def test_no_id_is_given_again_after_a_kill(self, bench: Bench) -> None:
        given: set[int] = set()
        with fresh_site(bench) as site, telling("a process inserted three records and was killed in the last insert"):
            for _ in rounds(0.4 * bench.budget, least=4):
                new = insert_and_die(site, bench.random.choice((AFTER_THE_ANSWER, *range(20))))
                again = sorted(given.intersection(new))
                assert not again, f"after a process was killed the next one gave the ids {again} again"
                with site.reopened() as ask:
                    given |= {*new, *forget(ask, prune=isinstance(bench.raw(), SupportsPrune))}

    @rule(
        "DUR-06",
        "a claim stays exclusive until its lease ends, also when its process was killed",
        text="a record is handed to one caller only, among all threads, processes and machines, until its lease has "
        "ended",
        level=Level.CRASH_SAFE,
        cause="the lease is kept in memory, or opening takes every running record for abandoned",
        trait="durable",
        namespaces=2,
        needs=("DUR-02",),
    )
    def test_a_claim_stays_exclusive_although_its_process_was_killed(self, bench: Bench) -> None:
        with campaign(bench, _CLAIMS) as killing:
            for kill, site in killing.after_answers(0.4 * bench.budget):
                with reopening(site, kill) as ask:
                    for id, (queue, end) in leases(site.survey(ask).history.operations).items():
                        now = end - bench.traits.precision
                        answer = ask(m.Claim(ClaimParams(queues=(queue,), now=now, lease=LEASE)))
                        assert not isinstance(answer, m.Unknown), f"{kill}\nclaim raised {answer.error}"
                        again = isinstance(answer, m.One) and answer.record.id == id
                        assert not again, f"{kill}\nrecord {id} was claimed at {now}, but was leased until {end}"

    @rule(
        "DUR-07",
        "fencing outlives a SIGKILL: the last claim's token finishes the record, an older one does not",
        text="Atomic, and only for the current claim: the record is running and its attempt is `params.attempt`, also "
        "when the lease has ended but nobody claimed the record again.",
        level=Level.CRASH_SAFE,
        cause="who holds what is kept in memory, or the attempt is counted again from what is stored",
        trait="durable",
        namespaces=2,
        needs=(
            "FEN-01",
            "DUR-04",
        ),
    )
    def test_fencing_outlives_a_kill(self, bench: Bench) -> None:
        with campaign(bench, ("claim", "claim of an ended lease")) as killing:
            for kill, site in killing.after_answers(0.4 * bench.budget):
                with reopening(site, kill) as ask:
                    site.survey(ask)
                    held = [record for record in site.records if record.state is State.RUNNING]
                    for record in held:
                        try_tokens(ask, record, bench.random.choice(VERBS), reclaim=bench.random.random() < 0.5)
                    assert_allowed(site.survey(ask), kill, but=_IDS)

    @rule(
        "DUR-08",
        "a process killed while it first opens a namespace leaves one that can be opened and used",
        text=_CLAIMABLE,
        level=Level.CRASH_SAFE,
        cause="the layout is made in several steps, and the first of them is taken for the last",
        trait="durable",
        namespaces=2,
        needs=("INS-01",),
    )
    def test_a_kill_in_the_first_opening_leaves_a_namespace_that_can_be_opened(self, bench: Bench) -> None:
        with campaign(bench) as killing:
            for cause, site in killing.openings(0.8 * bench.budget):
                with reopening(site, cause) as ask:
                    ask(m.Insert(InsertParams(kind=KIND)))
                    assert_allowed(site.survey(ask), cause, but=_IDS)

    @rule(
        "DUR-09",
        "several processes may open a fresh namespace at the same moment",
        text="First opening by several processes at once is safe",
        level=Level.CRASH_SAFE,
        cause="looking whether the layout is there and making it are two steps, with room for another process between",
        trait="multi_process",
        namespaces=2,
        needs=("CON-10",),
    )
    def test_several_processes_open_a_fresh_namespace_at_the_same_moment(self, bench: Bench) -> None:
        try_opening_together(bench, "processes opened a fresh namespace", lambda _: None, 1.2 * bench.budget)

    @rule(
        "DUR-10",
        "kills under load lose, double and corrupt nothing",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="what the killed process held shared, a lock, a journal or a buffer, is repaired wrongly by the others",
        trait="durable",
        namespaces=2,
        needs=(
            "DUR-05",
            "DUR-06",
            "CON-10",
        ),
    )
    def test_kills_under_load_lose_nothing(self, bench: Bench) -> None:
        processes = 3 if bench.traits.multi_process else 1
        occasion = f"{processes} inserting, claiming and finishing, each killed within {_STORM * 1000:.0f} ms"
        for _ in rounds(1.5 * bench.budget, wanted=15):
            with fresh_site(bench) as site, telling(occasion):
                storm(site, bench.random, processes=processes, seconds=_STORM)
                with site.reopened() as ask:
                    assert_allowed(site.survey(ask), occasion)

    @rule(
        "DUR-11",
        "a restart of the storage under load loses, doubles and corrupts nothing",
        text=_ACKNOWLEDGED,
        level=Level.CRASH_SAFE,
        cause="the storage acknowledges before it has written, or the backend repeats a call that had taken effect",
        trait="durable",
        hook="restart",
        namespaces=2,
        needs=(
            "DUR-05",
            "DUR-06",
            "CON-10",
        ),
    )
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
