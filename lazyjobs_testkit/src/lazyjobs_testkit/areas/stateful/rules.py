"""STF: random sequences of calls, each answer compared with the model of the contract."""

from lazyjobs import SupportsClaimMany, SupportsExtend, SupportsFinishAndClaim, SupportsInsertMany, SupportsPrune
from lazyjobs_testkit.rules import Area, Level, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._walk import walk_at_random

_CAUSE = (
    "what an earlier call left behind: an index, a cache, a counter or a column that one of the transitions forgets"
)


class StatefulTests:
    @rule(
        "STF-01",
        "any sequence of the seven methods is answered as the contract's model says",
        text="`pending → running → succeeded`, `running → retrying → running`, `running → discarded`, and `running → "
        "running` when a claim whose lease has ended is superseded by a new one. Succeeded and discarded are final.",
        level=Level.CORE,
        cause=_CAUSE,
        needs_areas=(
            Area.INSERT,
            Area.PAYLOAD,
            Area.TIME,
            Area.CLAIM,
            Area.FINISH,
            Area.FENCING,
            Area.LEASE,
            Area.FIELDS,
            Area.LIST,
            Area.STATS,
            Area.ALIASING,
            Area.ERRORS,
        ),
    )
    def test_any_sequence_of_the_seven_methods_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench)

    @rule(
        "STF-02",
        "two handles on one namespace, used in turn, answer as one",
        text="Atomic: a record is handed to one caller only, among all threads, processes and machines, until its "
        "lease has ended.",
        level=Level.CONCURRENT,
        cause="a handle answers from what it remembers, or has counted, instead of from the store",
        needs=("STF-01",),
    )
    def test_two_handles_on_one_namespace_answer_as_one(self, bench: Bench) -> None:
        if bench.traits.single_instance:
            bench.not_applicable("single_instance is declared")
        walk_at_random(bench, handles=2)

    @rule(
        "STF-03",
        "closing and opening again, at any point of any sequence, changes no later answer",
        text="What was acknowledged survives SIGKILL and reopening; what was not is there whole or not at all.",
        level=Level.CRASH_SAFE,
        cause="state that is held in memory only: the last id, the order of what is due, leases",
        trait="durable",
        needs=(
            "STF-01",
            "DUR-01",
        ),
    )
    def test_closing_and_opening_again_at_any_time_changes_nothing(self, bench: Bench) -> None:
        walk_at_random(bench, ["reopen"])

    @rule(
        "STF-04",
        "any sequence with extensions among the seven methods is answered as the contract's model says",
        text="Makes the current claim's lease end at `now + params.lease`, be that later or earlier than before.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        capability=SupportsExtend,
        needs=(
            "STF-01",
            "FLD-13",
        ),
        needs_areas=(Area.EXTEND,),
    )
    def test_any_sequence_with_extensions_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["extend"])

    @rule(
        "STF-05",
        "any sequence with bulk inserts among the seven methods is answered as the contract's model says",
        text="Inserts each as `Backend.insert` would, in order, and returns the records in that order.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        capability=SupportsInsertMany,
        needs=("STF-01",),
        needs_areas=(Area.BULK,),
    )
    def test_any_sequence_with_bulk_inserts_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["insert_many"])

    @rule(
        "STF-06",
        "any sequence with bulk claims among the seven methods is answered as the contract's model says",
        text="At most `limit` (at least 1) records, as if by calling `Backend.claim` until it answers None; perhaps "
        "fewer.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        capability=SupportsClaimMany,
        needs=(
            "STF-01",
            "FLD-14",
        ),
        needs_areas=(Area.BULK,),
    )
    def test_any_sequence_with_bulk_claims_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["claim_many"])

    @rule(
        "STF-07",
        "any sequence with finish_and_claim among the seven methods is answered as the contract's model says",
        text="Does `complete`, `retry` or `discard`, by the type of `finish`, then `claim`, in one commit.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        capability=SupportsFinishAndClaim,
        needs=(
            "STF-01",
            "FLD-15",
        ),
        needs_areas=(Area.BULK,),
    )
    def test_any_sequence_with_finish_and_claim_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["finish_and_claim"])

    @rule(
        "STF-08",
        "any sequence with prunes among the seven methods is answered as the contract's model says",
        text="Deletes succeeded and discarded records not updated since `params.finished_before`, and nothing else.",
        level=Level.CAPABILITY,
        cause=_CAUSE,
        capability=SupportsPrune,
        needs=(
            "STF-01",
            "INS-12",
        ),
        needs_areas=(Area.PRUNE,),
    )
    def test_any_sequence_with_prunes_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["prune"])
