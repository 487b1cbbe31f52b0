"""What is known of a suite from its collection."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from lazyjobs import BackendURL
from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.plugin._gate import Gate, describe_harness
from lazyjobs_testkit.plugin._installed import REFERENCE
from lazyjobs_testkit.report import Expectation, Selection
from lazyjobs_testkit.rules import Rule, all_needs
from lazyjobs_testkit.suite._conformance import Suite, overridden_tests, suite_test_of


class SuiteNotes:
    """A suite of this run: its class, what stands before its tests, and which of its rules have failed so far."""

    def __init__(self, node: pytest.Class, suite: type[Suite]) -> None:
        self.key = node.nodeid
        self.gate = Gate(suite.harness)
        self.broken: dict[str, object] = {}
        self.suite = suite
        today = datetime.now(UTC).date()
        self.expected = {
            failure.rule: Expectation(
                rule=failure.rule,
                reason=f"{failure.reason} ({failure.link}, until {failure.expires})",
                expired=today > failure.expires,
            )
            for failure in suite.expected_failures
        }
        self.reproduce = _make_command(self.key, suite, node.config)

    def select(self, items: Sequence[pytest.Item]) -> Selection:
        """What is to be done of it."""
        rules = ((item, rule_of_item(item)) for item in items if item.parent and item.parent.nodeid == self.key)
        return Selection(
            suite=self.key,
            subject=describe_harness(self.suite.harness),
            tests={item.nodeid: rule.id for item, rule in rules if rule is not None},
            overridden=overridden_tests(self.suite),
            expected=tuple(self.expected.values()),
            reproduce=self.reproduce,
            notes=self.suite.harness.notes,
        )


def _make_command(key: str, suite: type[Suite], config: pytest.Config) -> str:
    reference: str | None = getattr(suite, REFERENCE, None)
    seed = config.option.lazyjobs_seed
    if reference is None:
        thorough = " --lazyjobs-thorough" if config.option.lazyjobs_thorough else ""
        return f"pytest {shlex.quote(key)} -k {{rule}} --lazyjobs-seed={seed}{thorough}"
    shown = BackendURL.mask(reference) if "://" in reference else reference
    traits = "".join(f" --trait {shlex.quote(trait)}" for trait in config.option.lazyjobs_trait)
    thorough = " --thorough" if config.option.lazyjobs_thorough else ""
    return f"lazyjobs-conformance {shlex.quote(shown)}{traits} --rule {{rule}} --seed {seed}{thorough}"


def rule_of_item(item: pytest.Item) -> Rule | None:
    """The rule that a test of the suite tries; None for any other test."""
    if not isinstance(item, pytest.Function) or item.cls is None:
        return None
    test = suite_test_of(item.cls, item.originalname)
    return MANIFEST[test.rule] if test else None


def order_items(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The items, with those of rules in an order in which each comes after the rules that it needs."""
    ranks = {id: (len(all_needs(rule, MANIFEST)), rank) for rank, (id, rule) in enumerate(MANIFEST.items())}
    places = [(place, rule) for place, item in enumerate(items) if (rule := rule_of_item(item)) is not None]
    # Only within one suite: other tests, and the suites among themselves, stay where they are.
    ordered = list(items)
    for suite in dict.fromkeys(items[place].parent for place, _ in places):
        own = [(place, rule) for place, rule in places if items[place].parent is suite]
        by_rank = sorted(own, key=lambda each: ranks[each[1].id])
        for (target, _), (source, _) in zip(own, by_rank, strict=True):
            ordered[target] = items[source]
    return ordered
