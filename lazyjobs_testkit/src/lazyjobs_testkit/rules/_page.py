"""The manifest as a page for people."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby

from lazyjobs_testkit.rules._manifest import hash_rules
from lazyjobs_testkit.rules._rule import Area, Rule


def render_page(manifest: Mapping[str, Rule]) -> str:
    """All rules in Markdown: a section for each area, a heading to link to for each rule."""
    told = (
        f"What the conformance kit tries: {len(manifest)} rules, manifest `{hash_rules(manifest)}`. Each quotes the "
        "contract. A MUST decides a level, a SHOULD is told. An id never changes its meaning. A rule that rests on "
        "others is blocked while one of them is broken. This page is made by `lazyjobs-conformance --rules`."
    )
    by_area = Counter(rule.area for rule in manifest.values())
    contents = "\n".join(
        f"- [{_heading(area)}](#{_heading(area).lower()}): {by_area[area]}" for area in Area if by_area[area]
    )
    sections = (
        "\n\n".join([f"## {_heading(area)}", *map(_render_rule, rules)])
        for area, rules in groupby(manifest.values(), key=_area_of)
    )
    return "\n\n".join(["# The rules", told, contents, *sections]) + "\n"


def _heading(area: Area) -> str:
    return area.label.capitalize()


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
