"""Trying the suite on one backend of the zoo, and what is to be said of the report."""

import contextlib
import io
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from lazyjobs_testkit.cli import run_conformance
from lazyjobs_testkit.report import Report, RuleResult, Status, read_report
from lazyjobs_testkit.zoo._mutant import Budget, Mutant, OddBackend, Variant

_FRUGAL = ("-s", *(f"-pno:{name}" for name in ("logging", "warnings", "junitxml", "doctest", "unittest")))
"""What pytest does for each test and is of no use here."""


class _Budgeting:
    """A plugin of pytest that sets the budget of every test."""

    def __init__(self, budget: Callable[[str], float]) -> None:
        self._budget = budget

    def pytest_configure(self, config: pytest.Config) -> None:
        from lazyjobs_testkit.suite._conformance import BUDGET

        config.stash[BUDGET] = self._budget


def try_suite(reference: str, *, seed: int, budget: Budget, rules: Sequence[str] = ()) -> Report:
    """Runs the suite (all of it, if no rules are named) on a backend, as `lazyjobs-conformance` does; silently."""
    with (
        tempfile.TemporaryDirectory(prefix="lazyjobs-zoo-") as output,
        contextlib.redirect_stdout(io.StringIO()) as told,
    ):
        status = run_conformance(
            reference, rules=rules, seed=seed, output=Path(output), plugins=[_Budgeting(budget)], pytest_options=_FRUGAL
        )
        try:
            report = read_report(Path(output) / "conformance.json")
        except Exception as error:
            error.add_note(f"pytest ended with {status}: {told.getvalue()[-2000:]}")
            raise
    _remove_saved(report)
    return report


def _remove_saved(report: Report) -> None:
    """Removes the histories that failures have saved: there would be one for each trial of a racy mutant."""
    for path in Path(tempfile.gettempdir()).glob(f"lazyjobs-{report.backend.name}-*.json"):
        path.unlink(missing_ok=True)


def judge(variant: Variant, report: Report) -> tuple[str, ...]:
    """Everything in which a report on the whole suite is not as it was declared; nothing if all is well."""
    if isinstance(variant, Mutant):
        return tuple(_judge_mutant(variant, report))
    assert isinstance(variant, OddBackend)
    return blemishes(report)


def is_caught(mutant: Mutant, report: Report) -> bool:
    """Whether the named rule fails, for the stated reason."""
    return not list(_judge_named(mutant, report))


def _judge_mutant(mutant: Mutant, report: Report) -> Iterator[str]:
    yield from _judge_named(mutant, report)
    failed = {rule.id: rule for rule in report.failures}
    for id in failed.keys() - {mutant.breaks, *mutant.also_breaks}:
        yield f"{id} fails too, which is unrelated: {_first_line(failed[id])}"
    if not mutant.racy:
        yield from (f"{id} was declared to fail too, and does not" for id in mutant.also_breaks.keys() - failed.keys())
    yield from (f"the run has a problem: {problem}" for problem in report.problems)


def _judge_named(mutant: Mutant, report: Report) -> Iterator[str]:
    named = next(rule for rule in report.rules if rule.id == mutant.breaks)
    if named.status is not Status.FAILED:
        yield f"{mutant.breaks} is {named.status}{f' ({named.reason})' if named.reason else ''} instead of failed"
    elif not re.search(mutant.message, named.message):
        yield f"{mutant.breaks} fails for another reason than {mutant.message!r}: {_first_line(named)}"


def blemishes(report: Report) -> tuple[str, ...]:
    """Everything that a correct backend's report would not say."""
    return tuple(_find_blemishes(report))


def _find_blemishes(report: Report) -> Iterator[str]:
    for rule in report.rules:
        if rule.status not in (Status.PASSED, Status.NOT_APPLICABLE):
            yield f"{rule.id} is {rule.status}: {rule.reason or _first_line(rule)}"
    yield from (f"the run has a problem: {problem}" for problem in report.problems)


def _first_line(rule: RuleResult) -> str:
    return rule.message.partition("\n")[0]
