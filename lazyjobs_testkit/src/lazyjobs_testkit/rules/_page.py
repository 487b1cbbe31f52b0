"""The manifest as a page for people."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from lazyjobs_testkit.rules._manifest import hash_rules
from lazyjobs_testkit.rules._rule import Area, Rule


def render_page(manifest: Mapping[str, Rule]) -> str:
    """All rules in Markdown: a section for each area, a heading to link to for each rule."""
    head = [
        "# The rules",
        f"{len(manifest)} rules, manifest `{hash_rules(manifest)}`. Made by `lazyjobs-conformance --rules`.",
    ]
    sections = (
        "\n\n".join([f"## {area.label.capitalize()}", *map(_render_rule, rules)])
        for area, rules in groupby(manifest.values(), key=_area_of)
    )
    return "\n\n".join([*head, *sections]) + "\n"


def _area_of(rule: Rule) -> Area:
    return rule.area


def _render_rule(rule: Rule) -> str:
    facts = " · ".join([rule.keyword, rule.level, f"since contract {rule.since}", *_conditions(rule)])
    return f"### {rule.id}\n\n**{rule.title}** ({facts})\n\n> {rule.text}\n\nUsual cause of a failure: {rule.cause}."


def _conditions(rule: Rule) -> Iterator[str]:
    if rule.capability is not None:
        yield f"only with `{rule.capability.__name__}`"
    if rule.trait:
        yield f"only where `{rule.trait}` is declared"
    if rule.hook:
        yield f"only where the harness has `{rule.hook}()`"
    if rule.needs:
        yield f"rests on {', '.join(rule.needs)}"
