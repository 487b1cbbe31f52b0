"""The manifest: every rule of the contract, one module an area.

A module here holds `RULES`, a tuple of `Rule`; a new module is found by itself. Reports, markers and pages come from
`MANIFEST` alone.
"""

from collections.abc import Mapping

from lazyjobs_testkit.rules._manifest import ManifestError, all_needs, gather_rules, hash_rules, order_rules
from lazyjobs_testkit.rules._page import render_page
from lazyjobs_testkit.rules._rule import Area, Keyword, Level, Rule

MANIFEST: Mapping[str, Rule] = gather_rules(__name__, __path__)
"""Every rule by its id, in the order of the areas and numbers."""


def manifest_hash() -> str:
    """Sixteen hexadecimal digits that change when any rule of the manifest does."""
    return hash_rules(MANIFEST)


__all__ = [
    "MANIFEST",
    "Area",
    "Keyword",
    "Level",
    "ManifestError",
    "Rule",
    "all_needs",
    "gather_rules",
    "hash_rules",
    "manifest_hash",
    "order_rules",
    "render_page",
]
