"""The command line of the zoo."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lazyjobs_testkit.report import Report, render_failure
from lazyjobs_testkit.zoo._matrix import render_matrix
from lazyjobs_testkit.zoo._mutant import Mutant, Variant, mutants, odd_backends
from lazyjobs_testkit.zoo._pool import Trial, try_all
from lazyjobs_testkit.zoo._rates import print_rates
from lazyjobs_testkit.zoo._steadiness import print_steadiness
from lazyjobs_testkit.zoo._trial import judge

_DESCRIPTION = (
    "Tries the whole conformance suite on backends that are each wrong in one way, and on odd ones that are right. "
    "Exits with 0 if every one is caught by the rule that it breaks, for the stated reason and by nothing unrelated, "
    "and every odd one passes."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Reads the command line and tries the backends that it names; the exit status."""
    options = _make_parser().parse_args(argv)
    if options.backend:
        return print_steadiness(options.backend, seeds=options.seeds or 1, jobs=options.jobs, page=options.page)
    if options.seeds:
        racy = [each for each in _chosen(options.mutant) if isinstance(each, Mutant) and each.racy]
        return print_rates(racy, seeds=options.seeds, jobs=options.jobs, page=options.page)
    variants = _chosen(options.mutant)
    trials = [Trial(each, options.seed, full=options.full) for each in variants]
    complaints = _try_all(trials, options.jobs, show=options.show)
    sys.stdout.write(render_matrix(variants, complaints))
    return 1 if complaints else 0


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lazyjobs_testkit.zoo", description=_DESCRIPTION)
    add = parser.add_argument
    add("--mutant", action="append", default=[], metavar="NAME", help="only this one, or all that break a rule: CLM-04")
    add("--seed", type=int, default=1, metavar="N", help="the seed of everything random; 1 if not given")
    add("--seeds", type=int, metavar="N", help="try the racy ones, each with N seeds, and print how many catch it")
    add("--backend", metavar="NAME", help="try a backend outside the zoo instead, the whole suite with each of N seeds")
    add("--full", action="store_true", help="try every rule with its usual budget, which takes far longer")
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="how many at a time; one a processor")
    add("--show", action="store_true", help="print the failures as a report shows them")
    add(
        "--page",
        type=Path,
        metavar="FILE",
        help="with --seeds: write a page in Markdown (--backend adds to it), if all is well",
    )
    return parser


def _chosen(names: Sequence[str]) -> list[Variant]:
    every: list[Variant] = [*mutants().values(), *odd_backends().values()]
    chosen = [each for each in every if not names or each.name in names or _rule_of(each) in names]
    if unknown := set(names) - {each.name for each in chosen} - {_rule_of(each) for each in chosen}:
        raise SystemExit(f"the zoo has nothing called {', '.join(sorted(unknown))}")
    return chosen


def _rule_of(variant: Variant) -> str:
    return variant.breaks if isinstance(variant, Mutant) else ""


def _try_all(trials: Sequence[Trial], jobs: int, *, show: bool) -> Mapping[str, Sequence[str]]:
    """What is not as declared, by the names of the backends."""
    complaints: dict[str, Sequence[str]] = {}
    # Those that take longest come first, so that no process is left with one of them at the end.
    ordered = sorted(trials, key=lambda trial: (isinstance(trial.variant, Mutant), not trial.budget.rule))
    for trial, report in try_all(ordered, jobs=jobs):
        if wrong := judge(trial.variant, report):
            complaints[trial.variant.name] = wrong
            print(f"{trial.variant.name}: {wrong[0]}", file=sys.stderr, flush=True)
        if show:
            _show(trial.variant, report)
    return complaints


def _show(variant: Variant, report: Report) -> None:
    print(f"{variant.name}: {variant.summary}")
    for rule in report.failures:
        print("\n".join(render_failure(rule, detailed=True)))
    print(flush=True)
