"""Comparing a run with a recorded one, so that known failures are lived with and nothing else is."""

from pathlib import Path

from msgspec import Struct

from lazyjobs_testkit.foreign import ForeignFileError, decode, read_file
from lazyjobs_testkit.report._values import SCHEMA, Report, RuleResult, Status

_GOOD = (Status.PASSED, Status.NOT_APPLICABLE)


class BaselineError(Exception):
    """The baseline cannot be used; the message says why."""


class Comparison(Struct, frozen=True, kw_only=True):
    """How a run differs from its baseline."""

    regressions: tuple[str, ...] = ()
    """What holds in the baseline, or is new in the kit, and does not hold now: a line each."""
    fixes: tuple[str, ...] = ()
    """What holds now and is recorded as not holding: a line each."""

    @property
    def agrees(self) -> bool:
        """Whether nothing differs that matters."""
        return not self.regressions and not self.fixes


def read_report(path: Path) -> Report:
    """The report of a conformance.json; raises `BaselineError` if it is none that this kit can read."""
    try:
        content = read_file(path)
        found = decode(content, _Head).schema
        if found != SCHEMA:
            raise BaselineError(f"{path} has schema {found!r} and this kit reads {SCHEMA}; record the baseline again")
        return decode(content, Report)
    except ForeignFileError as error:
        raise BaselineError(f"cannot read the baseline {path}: {error}") from error


class _Head(Struct):
    schema: object = None


def compare_reports(baseline: Report, report: Report) -> Comparison:
    """What of `report` differs from `baseline`; rules that were not selected or not reached are left out."""
    recorded = {rule.id: rule for rule in baseline.rules}
    pairs = [(recorded.get(rule.id), rule) for rule in report.rules if rule.was_run]
    return Comparison(
        regressions=(
            *(_tell(before, now) for before, now in pairs if _is_regression(before, now)),
            *(f"{id} is in the baseline and no longer in the kit" for id in recorded.keys() - _ids(report)),
        ),
        fixes=tuple(_tell(before, now) for before, now in pairs if before is not None and _is_fix(before, now)),
    )


def _ids(report: Report) -> set[str]:
    return {rule.id for rule in report.rules}


def _is_regression(before: RuleResult | None, now: RuleResult) -> bool:
    if now.status is Status.NOT_APPLICABLE:
        return before is not None and before.status is Status.PASSED
    return now.status is not Status.PASSED and (before is None or before.status in _GOOD)


def _is_fix(before: RuleResult, now: RuleResult) -> bool:
    return now.status is Status.PASSED and before.status in (Status.FAILED, Status.BLOCKED, Status.EXPECTED_FAILURE)


def _tell(before: RuleResult | None, now: RuleResult) -> str:
    return f"{now.id} was {_words(before) if before else 'not in the kit'} and is {_words(now)}: {now.title}"


def _words(rule: RuleResult) -> str:
    return rule.status.value.replace("_", " ")
