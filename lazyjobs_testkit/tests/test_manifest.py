"""The manifest: its order, what it refuses, its hash, and its agreement with the tests of the suite."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

import lazyjobs.contract
from lazyjobs_testkit.areas import MANIFEST, manifest_hash
from lazyjobs_testkit.rules import Area, Level, ManifestError, Rule, all_needs, hash_rules, order_rules
from lazyjobs_testkit.suite._conformance import suite_tests


def make_rule(id: str, *needs: str) -> Rule:
    return Rule(id=id, title="it holds", text="It holds.", level=Level.CORE, cause="it does not", needs=needs)


def test_every_rule_has_a_test() -> None:
    tried = {test.rule for test in suite_tests().values()}
    assert [id for id in MANIFEST if id not in tried] == []


def test_every_test_names_a_rule_of_the_manifest() -> None:
    assert {test.rule for test in suite_tests().values()} <= MANIFEST.keys()


def test_the_manifest_has_the_rules_that_the_design_asks_for() -> None:
    assert len(MANIFEST) >= 90


@pytest.mark.parametrize("rule", MANIFEST.values(), ids=lambda rule: rule.id)
def test_a_rule_reads_as_it_should(rule: Rule) -> None:
    assert rule.title[0].islower() or rule.title.split()[0] == "ClaimLostError", "a title begins in lower case"
    assert not rule.title.endswith("."), "a title has no full stop"
    assert "\n" not in rule.title
    assert rule.text.strip() == rule.text
    assert rule.text
    assert rule.cause
    assert not rule.cause.endswith(".")


@pytest.mark.parametrize("rule", MANIFEST.values(), ids=lambda rule: rule.id)
def test_a_rule_about_a_capability_counts_for_no_level(rule: Rule) -> None:
    assert rule.capability is None or rule.level is Level.CAPABILITY


@pytest.fixture(scope="module")
def contract_words() -> str:
    """Everything that the contract's modules say, on one line."""
    files = Path(lazyjobs.contract.__file__).parent.glob("*.py")
    return " ".join(" ".join(file.read_text().split()) for file in files)


@pytest.mark.parametrize("rule", MANIFEST.values(), ids=lambda rule: rule.id)
def test_a_rule_quotes_the_contract(rule: Rule, contract_words: str) -> None:
    for fragment in rule.text.split("…"):
        assert fragment.strip().rstrip(".") in contract_words


def test_rules_that_a_rule_needs_by_way_of_others_are_refused() -> None:
    with pytest.raises(ManifestError, match=r"CLM-02 needs INS-01 by way of its other needs; leave that out"):
        order_rules([make_rule("INS-01"), make_rule("CLM-01", "INS-01"), make_rule("CLM-02", "CLM-01", "INS-01")])


def test_a_rule_that_needs_an_area_needs_its_core_rules() -> None:
    capability = replace(make_rule("CLM-02"), level=Level.CAPABILITY)
    rule = replace(make_rule("STF-01"), needs_areas=(Area.CLAIM,))
    rules = order_rules([make_rule("CLM-01"), capability, rule])
    assert all_needs(rules["STF-01"], rules) == ("CLM-01",)


def test_a_rule_that_needs_an_area_without_core_rules_needs_all_of_it() -> None:
    capability = replace(make_rule("EXT-01"), level=Level.CAPABILITY)
    rule = replace(make_rule("STF-01"), needs_areas=(Area.EXTEND,))
    rules = order_rules([capability, rule])
    assert all_needs(rules["STF-01"], rules) == ("EXT-01",)


def test_a_need_that_stands_in_a_needed_area_is_refused() -> None:
    rule = replace(make_rule("STF-01", "CLM-01"), needs_areas=(Area.CLAIM,))
    with pytest.raises(ManifestError, match=r"STF-01 needs CLM-01 by way of its other needs"):
        order_rules([make_rule("CLM-01"), rule])


def test_rules_stand_in_the_order_of_the_areas_and_numbers() -> None:
    ordered = order_rules([make_rule("CLM-02"), make_rule("STA-01"), make_rule("CLM-01"), make_rule("INS-07")])
    assert list(ordered) == ["INS-07", "CLM-01", "CLM-02", "STA-01"]


def test_an_id_is_given_once_only() -> None:
    with pytest.raises(ManifestError, match=r"CLM-01 is given to two rules"):
        order_rules([make_rule("CLM-01"), make_rule("CLM-01")])


@pytest.mark.parametrize("id", ["CLM-1", "XYZ-01", "CLM01", "clm-01", "CLM-001"])
def test_an_id_is_an_area_and_two_digits(id: str) -> None:
    with pytest.raises(ManifestError, match=re.escape(repr(id))):
        order_rules([make_rule(id)])


def test_a_rule_needs_rules_of_the_manifest() -> None:
    with pytest.raises(ManifestError, match="CLM-01 needs INS-99"):
        order_rules([make_rule("CLM-01", "INS-99")])


def test_rules_that_need_one_another_are_refused() -> None:
    with pytest.raises(ManifestError, match="needs itself"):
        order_rules([make_rule("CLM-01", "CLM-02"), make_rule("CLM-02", "CLM-01")])


def test_what_a_needed_rule_needs_is_needed_too() -> None:
    rules = order_rules([make_rule("INS-01"), make_rule("CLM-01", "INS-01"), make_rule("CLM-02", "CLM-01")])
    assert all_needs(rules["CLM-02"], rules) == ("CLM-01", "INS-01")


def test_the_hash_changes_with_any_word_of_a_rule() -> None:
    rule = make_rule("CLM-01")
    before = hash_rules({rule.id: rule})
    assert before == hash_rules({rule.id: make_rule("CLM-01")})
    assert before != hash_rules({rule.id: replace(rule, title="it holds well")})
    assert before != hash_rules({rule.id: replace(rule, trait="durable")})


def test_the_hash_of_the_manifest_is_sixteen_hexadecimal_digits() -> None:
    assert re.fullmatch("[0-9a-f]{16}", manifest_hash())


def test_areas_have_codes_of_three_letters() -> None:
    assert all(re.fullmatch("[A-Z]{3}", area) for area in Area)
