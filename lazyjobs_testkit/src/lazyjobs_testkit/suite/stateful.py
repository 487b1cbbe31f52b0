"""STF: random sequences of calls, each answer compared with the model of the contract."""

from lazyjobs_testkit.suite._bench import Bench, rule
from lazyjobs_testkit.suite._walk import walk_at_random


class StatefulTests:
    @rule("STF-01")
    def test_any_sequence_of_the_seven_methods_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench)

    @rule("STF-02")
    def test_two_handles_on_one_namespace_answer_as_one(self, bench: Bench) -> None:
        if bench.traits.single_instance:
            bench.not_applicable("single_instance is declared")
        walk_at_random(bench, handles=2)

    @rule("STF-03")
    def test_closing_and_opening_again_at_any_time_changes_nothing(self, bench: Bench) -> None:
        walk_at_random(bench, ["reopen"])

    @rule("STF-04")
    def test_any_sequence_with_extensions_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["extend"])

    @rule("STF-05")
    def test_any_sequence_with_bulk_inserts_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["insert_many"])

    @rule("STF-06")
    def test_any_sequence_with_bulk_claims_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["claim_many"])

    @rule("STF-07")
    def test_any_sequence_with_finish_and_claim_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["finish_and_claim"])

    @rule("STF-08")
    def test_any_sequence_with_prunes_is_answered_as_the_model_says(self, bench: Bench) -> None:
        walk_at_random(bench, ["prune"])
