"""Measuring the backends of a run, after its tests and apart from their verdict."""

from collections.abc import Iterable, Mapping

import msgspec

from lazyjobs_testkit.performance import Performance, measure
from lazyjobs_testkit.plugin._collecting import SuiteNotes
from lazyjobs_testkit.raised import describe_error
from lazyjobs_testkit.report import Selection

_SPREAD = "not measured: the tests were spread over several processes; leave out -n to measure"


def measure_suites(
    selections: Iterable[Selection], suites: Mapping[str, SuiteNotes]
) -> tuple[list[Selection], dict[str, Performance]]:
    """The selections, each that could not be measured with a note that says why; and the figures, by suite.

    Raises nothing but what is no `Exception`: figures never fail a run.
    """
    noted: list[Selection] = []
    figures: dict[str, Performance] = {}
    for selection in selections:
        outcome = _measure(suites.get(selection.suite))
        if isinstance(outcome, Performance):
            figures[selection.suite] = outcome
            noted.append(selection)
        else:
            noted.append(msgspec.structs.replace(selection, notes=(*selection.notes, outcome)))
    return noted, figures


def _measure(suite: SuiteNotes | None) -> Performance | str:
    """The figures, or why there are none."""
    if suite is None:
        return _SPREAD
    if suite.gate.refusal or suite.gate.subject is None:
        return "not measured: the backend could not be opened on storage of its own"
    try:
        return measure(suite.suite.harness())
    except Exception as error:
        return suite.suite.harness.conceal(f"not measured: {describe_error(error)}")
