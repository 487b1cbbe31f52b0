"""One pytest run that has conformance suites in it."""

import tempfile
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from lazyjobs.texts import one_line, visible
from lazyjobs_testkit.areas import MANIFEST
from lazyjobs_testkit.performance import Performance
from lazyjobs_testkit.plugin._collecting import SuiteNotes, order_items, rule_of_item
from lazyjobs_testkit.plugin._ending import Ending, end_run
from lazyjobs_testkit.plugin._installed import InstalledSuites, make_suites
from lazyjobs_testkit.plugin._measuring import measure_suites
from lazyjobs_testkit.plugin._observing import observe
from lazyjobs_testkit.report import BaselineError, Observation, Report, Run, Selection, read_report, render_text
from lazyjobs_testkit.suite._conformance import Suite, suite_test_of, suite_tests

_TO_THE_END = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


class ConformanceRun:
    """Gathers what the suites were to do and what came of it, in this process and its workers, and reports it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()
        self._suites: dict[str, SuiteNotes] = {}
        self._selections: dict[str, Selection] = {}
        self._observations: list[Observation] = []
        self._strays: list[pytest.TestReport] = []
        self._ending: Ending | None = None
        self._baseline = self._read_baseline()
        self._make_output()
        self._asked = make_suites(config)

    def _read_baseline(self) -> Report | None:
        file: str | None = self._config.option.lazyjobs_baseline
        try:
            return read_report(Path(file)) if file else None
        except BaselineError as error:
            raise pytest.UsageError(one_line(str(error))) from error

    def _make_output(self) -> None:
        """Finds out before the tests, not after them, that there is no place for the report."""
        output: str | None = self._config.option.lazyjobs_output
        if not output or self._is_worker:
            return
        try:
            Path(output).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=output):
                pass
        except OSError as error:
            raise pytest.UsageError(one_line(f"the report cannot be written to {output}: {error}")) from error

    def make_module(self, parent: pytest.Collector, path: Path) -> pytest.Module:
        """The kit's own test module, with a suite for each backend that the options name."""
        module = InstalledSuites.from_parent(parent, path=path)
        module.suites = self._asked
        return module

    def note_suite(self, node: pytest.Class, suite: type[Suite]) -> None:
        """A suite is collected."""
        self._suites.setdefault(node.nodeid, SuiteNotes(node, suite))

    def note_worker(self, selections: str) -> None:
        """A worker has told what it had collected."""
        for selection in msgspec.json.decode(selections, type=list[Selection]):
            self._selections[selection.suite] = selection

    def note_report(self, report: pytest.TestReport) -> None:
        """A test, or a phase of one, has ended."""
        content: object = getattr(report, "lazyjobs", None)
        if content is not None:
            self._observations.append(msgspec.convert(content, Observation))
        elif report.failed:
            self._strays.append(report)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Puts the rule's id into the test's."""
        if metafunc.cls is not None and (test := suite_test_of(metafunc.cls, metafunc.definition.originalname)):
            metafunc.parametrize("bench", [test.rule], ids=[test.rule], indirect=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Puts the rules that others rest on before those others, and takes down which tests are to run."""
        # Only now: whatever other plugins shuffle or sort, they have done.
        session.items[:] = order_items(session.items)
        for notes in self._suites.values():
            self._selections[notes.key] = notes.select(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Lets a test run if its rule applies and can be tried."""
        if (rule := rule_of_item(item)) is not None:
            notes = self._notes_of(item)
            notes.gate.admit(rule, notes.broken)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Adds to the report of a test what it means for its rule."""
        report = yield
        if (rule := rule_of_item(item)) is not None:
            observe(item, rule, report, call.excinfo.value if call.excinfo else None, self._notes_of(item))
        return report

    def _notes_of(self, item: pytest.Item) -> SuiteNotes:
        assert item.parent is not None
        return self._suites[item.parent.nodeid]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judges the rules and writes the reports; in a worker, tells the controller what was collected."""
        if self._config.option.collectonly:
            return
        selections = list(self._selections.values())
        # Where no suite was collected it may be that none could be imported, and then nothing can be asked of it.
        tested = {test.rule for test in suite_tests().values()} if selections else set()
        if self._is_worker:
            output: dict[str, object] = getattr(self._config, "workeroutput")  # noqa: B009 (pytest-xdist puts it there)
            output["lazyjobs"] = msgspec.json.encode(selections).decode()
            return
        seconds = time.monotonic() - self._clock
        figures: dict[str, Performance] = {}
        if self._config.option.lazyjobs_performance and session.exitstatus in _TO_THE_END:
            selections, figures = measure_suites(selections, self._suites)
        run = Run(
            seed=self._config.option.lazyjobs_seed,
            thorough=self._config.option.lazyjobs_thorough,
            started=self._started,
            seconds=seconds,
            rules=MANIFEST,
            tested=tested,
        )
        self._ending = end_run(self._config, run, selections, self._observations, self._strays, self._baseline, figures)
        session.exitstatus = self._ending.exit_status(session.exitstatus)

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Shows the reports."""
        if self._ending is None:
            return
        detailed = self._config.option.tbstyle == "no"
        for report in self._ending.reports:
            terminalreporter.section(f"conformance of {visible(report.backend.name)}")
            terminalreporter.write_line(render_text(report, detailed=detailed))
        for line in self._ending.lines:
            terminalreporter.write_line(visible(line))
