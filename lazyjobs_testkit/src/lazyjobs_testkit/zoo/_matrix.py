"""The matrix: which rule is broken by which backends, and whether the suite noticed."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.rules import Keyword
from lazyjobs_testkit.zoo._mutant import Mutant, OddBackend, Variant
from lazyjobs_testkit.zoo._unbreakable import UNBREAKABLE


def uncovered(mutants: Mapping[str, Mutant]) -> list[str]:
    """The MUST rules that no mutant breaks and that could be broken."""
    covered = {mutant.breaks for mutant in mutants.values()} | UNBREAKABLE.keys()
    return [rule.id for rule in MANIFEST.values() if rule.keyword is Keyword.MUST and rule.id not in covered]


def render_matrix(variants: Sequence[Variant], complaints: Mapping[str, Sequence[str]]) -> str:
    """A line for each rule with the mutants that break it, one for each odd backend, and a summary."""
    mutants = [variant for variant in variants if isinstance(variant, Mutant)]
    odd = [variant for variant in variants if isinstance(variant, OddBackend)]
    lines = [_matrix_line(id, list(group), complaints) for id, group in groupby(mutants, key=lambda each: each.breaks)]
    lines += [f"{'FAILS' if each.name in complaints else 'passes':8}{each.name}: {each.summary}" for each in odd]
    for name, wrong in complaints.items():
        lines += [f"NOT AS DECLARED {name}", *(f"   {line}" for line in wrong)]
    caught = sum(mutant.name not in complaints for mutant in mutants)
    passed = sum(each.name not in complaints for each in odd)
    rules = len({mutant.breaks for mutant in mutants})
    lines.append(
        f"{caught} of {len(mutants)} broken backends are caught as declared, by {rules} of {len(MANIFEST)} rules; "
        f"{passed} of {len(odd)} odd but legal ones pass"
    )
    return "\n".join(lines) + "\n"


def _matrix_line(rule: str, mutants: Sequence[Mutant], complaints: Mapping[str, Sequence[str]]) -> str:
    marks = [f"{'✓' if mutant.name not in complaints else '✗'} {mutant.name}" for mutant in mutants]
    return f"{rule:8}{'  '.join(marks)}"
