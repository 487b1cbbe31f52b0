"""The zoo: what is declared of its backends, the page about them, and that the judgement on them would fail.

The whole zoo is tried by `make zoo`, which `make check` runs; here a few of its backends are.
"""

import pytest
from msgspec.structs import replace

from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.harness import load_harness
from lazyjobs_testkit.report import Report, Status
from lazyjobs_testkit.zoo import Mutant, mutants, odd_backends
from lazyjobs_testkit.zoo._command import main
from lazyjobs_testkit.zoo._matrix import render_matrix, uncovered
from lazyjobs_testkit.zoo._trial import is_caught, judge, try_suite
from lazyjobs_testkit.zoo._unbreakable import UNBREAKABLE

VARIANTS = [*mutants().values(), *odd_backends().values()]
ORDERED_BY_ID = mutants()["OrderedById"]


@pytest.fixture(scope="module")
def report() -> Report:
    """What a few rules say of the backend that orders by id."""
    return try_suite(ORDERED_BY_ID.reference, seed=1, budget=ORDERED_BY_ID.budget, rules=["CLM-04", "CLM-05", "TRN-01"])


def test_every_rule_that_must_hold_is_broken_by_an_mutant_or_cannot_be() -> None:
    assert not uncovered(mutants())
    assert not UNBREAKABLE.keys() - MANIFEST.keys()
    assert not UNBREAKABLE.keys() & {mutant.breaks for mutant in mutants().values()}


@pytest.mark.parametrize("variant", VARIANTS, ids=[each.name for each in VARIANTS])
def test_a_backend_of_the_zoo_can_be_found_by_its_reference_and_says_what_is_peculiar_to_it(variant: Mutant) -> None:
    assert load_harness(variant.reference) is variant.harness
    assert variant.summary.endswith(".")


def test_an_mutant_that_is_caught_as_declared_is_not_complained_about(report: Report) -> None:
    assert judge(ORDERED_BY_ID, report) == ()
    assert is_caught(ORDERED_BY_ID, report)


def test_a_failure_for_another_reason_is_complained_about(report: Report) -> None:
    mutant = replace(ORDERED_BY_ID, message="a reason that nobody gives")
    assert "for another reason" in judge(mutant, report)[0]
    assert not is_caught(mutant, report)


def test_a_rule_that_does_not_fail_is_complained_about(report: Report) -> None:
    complaints = judge(replace(ORDERED_BY_ID, breaks="TRN-01"), report)
    assert complaints[0] == "TRN-01 is passed instead of failed"
    assert "CLM-04 fails too, which is unrelated" in complaints[1]


def test_a_declared_consequence_that_does_not_come_is_complained_about(report: Report) -> None:
    mutant = replace(ORDERED_BY_ID, also_breaks={"TRN-01": "made up"})
    assert judge(mutant, report) == ("TRN-01 was declared to fail too, and does not",)


def test_an_odd_backend_is_complained_about_for_whatever_does_not_pass(report: Report) -> None:
    odd = odd_backends()["Bare"]
    rules = tuple(rule for rule in report.rules if rule.status is not Status.UNTESTED)
    complaints = judge(odd, replace(report, rules=rules))
    assert [complaint.partition(":")[0] for complaint in complaints] == ["CLM-04 is failed", "CLM-05 is blocked"]


def test_the_matrix_shows_what_was_caught_and_what_was_not() -> None:
    matrix = render_matrix([ORDERED_BY_ID, mutants()["LatestFirst"]], {"LatestFirst": ["something else"]})
    assert "CLM-04  ✓ OrderedById  ✗ LatestFirst" in matrix
    assert "1 of 2 broken backends are caught as declared, by 1 of" in matrix


def test_an_unknown_rule_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="breaks CLM-99"):
        Mutant(ORDERED_BY_ID.harness, "CLM-99", "x")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SystemExit, match="nothing called Unicorn"):
        main(["--mutant", "Unicorn"])


def test_the_command_tries_what_it_is_told_and_prints_the_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("Reserializing", "HighestIdPlusOne", "Bare")
    assert main(["--jobs", "1", *(word for name in names for word in ("--mutant", name))]) == 0
    printed = capsys.readouterr().out
    assert "✓ Reserializing" in printed
    assert "2 of 2 broken backends are caught as declared" in printed
    assert "1 of 1 odd but legal ones pass" in printed
