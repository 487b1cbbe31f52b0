"""The rules as pages for people: an index, and a page an area with each rule, its tests and what breaks it."""

import inspect
from collections.abc import Iterator, Sequence
from importlib import import_module

from lazyjobs_testkit.areas import MANIFEST, area_folder, manifest_hash
from lazyjobs_testkit.rules import Area, Rule
from lazyjobs_testkit.suite._conformance import suite_tests
from lazyjobs_testkit.zoo._mutant import Mutant, mutants, odd_backends
from lazyjobs_testkit.zoo._unbreakable import UNBREAKABLE

_INDEX = """\
# The rules

The conformance kit tries {rules} rules (manifest `{hash}`), grouped by area. A rule quotes the contract. A MUST decides
a level; a SHOULD is reported only. An id never changes its meaning. A rule is blocked while a rule that it needs is
broken.

The kit proves that it notices: {mutants} backends are wrong in one way each, and {odd} are odd and right.
`python -m lazyjobs_testkit.zoo` runs the whole suite on every one of them. It fails unless each broken one is caught by
its rule, for the stated reason and by nothing unrelated, and each odd one passes. [Proof](proof.md) tells how surely
the racy ones are caught. To see one fail, give the command its reference:
`lazyjobs-conformance lazyjobs_testkit.areas.claim.mutants:OrderedById.Harness`.

These pages are made from the kit; `make docs` writes them.

| area | rules | broken backends | |
| --- | --- | --- | --- |
{areas}

## Odd but legal

No rule fails on these backends, and none is blocked.

| backend | what is odd about it |
| --- | --- |
{odd_backends}
"""


def render_index() -> str:
    """What the areas are, and the odd backends that are legal, in Markdown."""
    areas = "\n".join(_index_row(area) for area in _areas())
    odd = "\n".join(f"| `{each.name}` | {each.summary} |" for each in odd_backends().values())
    return _INDEX.format(
        rules=len(MANIFEST),
        hash=manifest_hash(),
        mutants=len(mutants()),
        odd=len(odd_backends()),
        areas=areas,
        odd_backends=odd,
    )


def render_rules() -> str:
    """Every rule on one page, in Markdown."""
    return "\n".join(render_areas().values())


def render_areas() -> dict[str, str]:
    """The page of each area in Markdown, by the area's name."""
    return {area.label: render_area(area) for area in _areas()}


def render_area(area: Area) -> str:
    """A page with a heading to link to for each rule."""
    title = f"# {area.label.capitalize()} ({area})\n\n{_summary(area)} All areas: [The rules](../rules.md)."
    return "\n\n".join([title, *map(_render_rule, _rules_of(area))]) + "\n"


def _areas() -> list[Area]:
    present = {rule.area for rule in MANIFEST.values()}
    return [area for area in Area if area in present]


def _rules_of(area: Area) -> list[Rule]:
    return [rule for rule in MANIFEST.values() if rule.area is area]


def _mutants_of(rule: Rule) -> list[Mutant]:
    return [mutant for mutant in mutants().values() if mutant.breaks == rule.id]


def _summary(area: Area) -> str:
    return inspect.getdoc(import_module(area_folder(area))) or ""


def _index_row(area: Area) -> str:
    rules = _rules_of(area)
    broken = sum(len(_mutants_of(rule)) for rule in rules)
    return f"| [{area.label.capitalize()}](rules/{area.label}.md) | {len(rules)} | {broken} | {_summary(area)} |"


def _render_rule(rule: Rule) -> str:
    facts = " · ".join([rule.keyword, rule.level, f"since contract {rule.since}", *_conditions(rule)])
    tests = ", ".join(f"`{name}`" for name, test in suite_tests().items() if test.rule == rule.id)
    return "\n\n".join(
        [
            f"## {rule.id}",
            f"**{rule.title}** ({facts})",
            f"> {rule.text}",
            f"Usual cause of a failure: {rule.cause}.",
            f"Tried by {tests}.",
            _render_mutants(rule, _mutants_of(rule)),
        ]
    )


def _conditions(rule: Rule) -> Iterator[str]:
    if rule.capability is not None:
        yield f"only with `{rule.capability.__name__}`"
    if rule.trait:
        yield f"only where `{rule.trait}` is declared"
    if rule.hook:
        yield f"only where the harness has `{rule.hook}()`"
    if needs := [*(f"the area {area.label}" for area in rule.needs_areas), *rule.needs]:
        yield f"needs {', '.join(needs)}"


def _render_mutants(rule: Rule, broken: Sequence[Mutant]) -> str:
    if not broken:
        return f"Broken by none: {UNBREAKABLE.get(rule.id, 'it is a SHOULD')}."
    return "\n".join(["Broken by:\n", *map(_render_mutant, broken)])


def _render_mutant(mutant: Mutant) -> str:
    also = "".join(f" It breaks {id} with it: {reason}." for id, reason in mutant.also_breaks.items())
    return f"- `{mutant.name}`{' (racy)' if mutant.racy else ''}: {mutant.summary}{also}"
