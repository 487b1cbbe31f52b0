"""The matrix: which rule is broken by which backends, and whether the suite noticed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from lazyjobs_testkit.rules import MANIFEST, Area, Keyword, Rule
from lazyjobs_testkit.zoo._animal import Animal, Exhibit, Oddity
from lazyjobs_testkit.zoo._unbreakable import UNBREAKABLE

_HEAD = """\
# The zoo

The kit proves itself: {animals} backends that are wrong in one way each, and {oddities} that are odd and right. The
whole suite is run on every one of them by `python -m lazyjobs_testkit.zoo`, which fails unless each broken one is
caught by the rule beside it, for the stated reason and by nothing unrelated, and each odd one passes. What rests on a
rule that failed is reported blocked. `make zoo` does so with one seed and writes this page; `make proof` tries the
racy ones, which take luck to catch, with a hundred seeds each and writes [how often they were caught](proof.md).

To see one of them fail, give the command its reference:
`lazyjobs-conformance lazyjobs_testkit.zoo.claim:OrderedById.Harness`.
"""


def uncovered(animals: Mapping[str, Animal]) -> list[str]:
    """The MUST rules that no animal breaks and that could be broken."""
    covered = {animal.breaks for animal in animals.values()} | UNBREAKABLE.keys()
    return [rule.id for rule in MANIFEST.values() if rule.keyword is Keyword.MUST and rule.id not in covered]


def render_matrix(exhibits: Sequence[Exhibit], complaints: Mapping[str, Sequence[str]]) -> str:
    """A line for each rule with the animals that break it, one for each odd backend, and a summary."""
    animals = [exhibit for exhibit in exhibits if isinstance(exhibit, Animal)]
    odd = [exhibit for exhibit in exhibits if isinstance(exhibit, Oddity)]
    lines = [_matrix_line(id, list(group), complaints) for id, group in groupby(animals, key=lambda each: each.breaks)]
    lines += [f"{'FAILS' if each.name in complaints else 'passes':8}{each.name}: {each.peculiarity}" for each in odd]
    for name, wrong in complaints.items():
        lines += [f"NOT AS DECLARED {name}", *(f"   {line}" for line in wrong)]
    caught = sum(animal.name not in complaints for animal in animals)
    passed = sum(each.name not in complaints for each in odd)
    rules = len({animal.breaks for animal in animals})
    lines.append(
        f"{caught} of {len(animals)} broken backends are caught as declared, by {rules} of {len(MANIFEST)} rules; "
        f"{passed} of {len(odd)} odd but legal ones pass"
    )
    return "\n".join(lines) + "\n"


def _matrix_line(rule: str, animals: Sequence[Animal], complaints: Mapping[str, Sequence[str]]) -> str:
    marks = [f"{'✓' if animal.name not in complaints else '✗'} {animal.name}" for animal in animals]
    return f"{rule:8}{'  '.join(marks)}"


def render_page(animals: Mapping[str, Animal], oddities: Mapping[str, Oddity]) -> str:
    """The matrix in Markdown, of a run in which all was as declared."""
    return "\n".join([*_page(animals, oddities)])


def _page(animals: Mapping[str, Animal], oddities: Mapping[str, Oddity]) -> Iterator[str]:
    yield _HEAD.format(animals=len(animals), oddities=len(oddities))
    for area, rules in groupby(MANIFEST.values(), key=_area_of):
        yield f"## {area.label.capitalize()}\n"
        yield "| rule | broken by | what is wrong with it |\n| --- | --- | --- |"
        for rule in rules:
            yield from _page_rows(rule, [animal for animal in animals.values() if animal.breaks == rule.id])
        yield ""
    yield "## Odd but legal\n"
    yield "| backend | what is odd about it |\n| --- | --- |"
    yield from (f"| `{each.name}` | {each.peculiarity} |" for each in oddities.values())
    yield ""


def _area_of(rule: Rule) -> Area:
    return rule.area


def _page_rows(rule: Rule, animals: Sequence[Animal]) -> Iterator[str]:
    if not animals:
        yield f"| {rule.id} {rule.title} | none | {UNBREAKABLE.get(rule.id, '')} |"
    for place, animal in enumerate(animals):
        also = "".join(f" It breaks {id} with it: {reason}." for id, reason in animal.also.items())
        head = f"{rule.id} {rule.title}" if place == 0 else ""
        yield f"| {head} | `{animal.name}`{' (racy)' if animal.racy else ''} | {animal.peculiarity}{also} |"
