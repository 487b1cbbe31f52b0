"""The end of a run: reports, files, the comparison with the baseline, the exit status."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from msgspec import Struct

from lazyjobs_testkit.performance import Performance
from lazyjobs_testkit.report import (
    Comparison,
    Observation,
    Report,
    Run,
    Selection,
    Status,
    compare_reports,
    make_report,
    write_reports,
)


class Ending(Struct, frozen=True, kw_only=True):
    """What a run comes to."""

    reports: tuple[Report, ...]
    lines: tuple[str, ...]
    """What is to be told beside the reports."""
    nothing_tried: bool
    """A backend was asked for, and no rule of it was tried."""
    unwritten: bool
    """The report was to be written down, and could not be."""
    differs: bool
    """There is a baseline, and the run differs from it."""
    as_recorded: bool
    """There is a baseline, and every failure of the run is in it."""

    def exit_status(self, status: int) -> int:
        """What the run ends with, where pytest by itself would end with `status`."""
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
            return status
        if any(report.problems for report in self.reports) or self.differs:
            return pytest.ExitCode.TESTS_FAILED
        if self.nothing_tried or self.unwritten:
            return pytest.ExitCode.USAGE_ERROR
        if any(report.errors for report in self.reports) and not any(report.failures for report in self.reports):
            return pytest.ExitCode.INTERNAL_ERROR
        if self.as_recorded:
            return pytest.ExitCode.OK
        return pytest.ExitCode.TESTS_FAILED if any(report.failures for report in self.reports) else status


def end_run(
    config: pytest.Config,
    run: Run,
    selections: Sequence[Selection],
    observations: Sequence[Observation],
    strays: Sequence[pytest.TestReport],
    baseline: Report | None,
    figures: Mapping[str, Performance],
) -> Ending:
    """Makes the reports, writes them where the options say so, and compares them with the baseline.

    `figures` are those that were measured, by the suite's key.
    """
    own = [selection for selection in selections if selection.tests or selection.overridden]
    reports = tuple(
        make_report(run, selection, _observed(selection, observations, strays), figures.get(selection.suite))
        for selection in own
    )
    comparison = _compare(baseline, reports)
    nothing_tried = bool(config.option.lazyjobs_backend) and not any(map(_was_tried, reports))
    written, unwritten = _write(config.option.lazyjobs_output, reports)
    return Ending(
        reports=reports,
        lines=(
            *([_NOTHING_TRIED] if nothing_tried else []),
            *(f" REGRESSION {line}" for line in comparison.regressions),
            *(f" UNRECORDED FIX {line}" for line in comparison.fixes),
            *(line for line in (written, unwritten) if line),
        ),
        nothing_tried=nothing_tried,
        unwritten=bool(unwritten),
        differs=not comparison.agrees,
        as_recorded=baseline is not None and _every_test_is_accounted_for(own, observations, strays),
    )


_NOTHING_TRIED = (
    " ERROR a backend was named, and no rule was tried: add --pyargs lazyjobs_testkit, or look at what --rule, -k and "
    "the other selections leave, and whether it applies"
)
_TRIED = (Status.PASSED, Status.FAILED, Status.EXPECTED_FAILURE, Status.ERROR)


def _was_tried(report: Report) -> bool:
    return any(rule.status in _TRIED for rule in report.rules)


def _write(output: str | None, reports: Sequence[Report]) -> tuple[str, str]:
    """What is to be told of the files that were written, and of those that could not be."""
    if not output or not reports:
        return "", ""
    try:
        paths = write_reports(Path(output), reports)
    except OSError as error:
        return "", f" ERROR the report cannot be written to {output}: {error}"
    return f" wrote {', '.join(str(path) for path in paths)}", ""


def _observed(
    selection: Selection, observations: Sequence[Observation], strays: Sequence[pytest.TestReport]
) -> list[Observation]:
    """The observations of one suite, with those of tests whose process died before it could tell."""
    own = [observation for observation in observations if observation.test in selection.tests]
    lost = [
        Observation(
            test=stray.nodeid, rule=selection.tests[stray.nodeid], status=Status.FAILED, message=str(stray.longrepr)
        )
        for stray in strays
        if stray.nodeid in selection.tests
    ]
    return own + lost


def _compare(baseline: Report | None, reports: Sequence[Report]) -> Comparison:
    if baseline is None:
        return Comparison()
    for report in reports:
        if report.backend.name == baseline.backend.name:
            return compare_reports(baseline, report)
    return Comparison(regressions=(f"the baseline is of {baseline.backend.name}, which this run did not try",))


def _every_test_is_accounted_for(
    selections: Sequence[Selection], observations: Sequence[Observation], strays: Sequence[pytest.TestReport]
) -> bool:
    """Whether nothing failed but rules, and every test that was selected has run."""
    seen = {observation.test for observation in observations}
    selected = {test for selection in selections for test in selection.tests}
    return len(selections) == 1 and not strays and seen >= selected
