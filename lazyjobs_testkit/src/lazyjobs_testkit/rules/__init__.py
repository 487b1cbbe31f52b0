"""What a rule of the contract is to the kit, how a test states one, and how all of them make a manifest."""

from lazyjobs_testkit.rules._declaring import MARKER, rule, rule_of, stated_rules
from lazyjobs_testkit.rules._manifest import ManifestError, all_needs, hash_rules, order_rules
from lazyjobs_testkit.rules._rule import Area, Keyword, Level, Rule

__all__ = [
    "MARKER",
    "Area",
    "Keyword",
    "Level",
    "ManifestError",
    "Rule",
    "all_needs",
    "hash_rules",
    "order_rules",
    "rule",
    "rule_of",
    "stated_rules",
]
