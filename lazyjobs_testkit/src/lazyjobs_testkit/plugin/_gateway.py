"""What stands in every pytest run, and wakes the rest of the plugin when a conformance suite comes by."""

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lazyjobs_testkit

if TYPE_CHECKING:
    from lazyjobs_testkit.plugin._run import ConformanceRun

_HOME = Path(lazyjobs_testkit.__file__).with_name("test_conformance.py")
_SUITE_MODULE = "lazyjobs_testkit.suite._conformance"


class Gateway:
    """Watches for suites and for reports from workers; imports nothing of the kit until there is one."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._run: ConformanceRun | None = None
        # What is wrong with one of these is told before anything is collected.
        if config.option.lazyjobs_backend or config.option.lazyjobs_baseline or config.option.lazyjobs_output:
            self._wake()

    def _wake(self) -> "ConformanceRun":
        if self._run is None:
            from lazyjobs_testkit.plugin._run import ConformanceRun

            self._run = ConformanceRun(self._config)
            self._config.pluginmanager.register(self._run, "lazyjobs_testkit_run")
        return self._run

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """Fills the kit's own module with a suite for each backend asked for."""
        if self._run is None or module_path.name != _HOME.name or not module_path.samefile(_HOME):
            return None
        return self._run.make_module(parent, module_path)

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self, obj: object) -> Generator[None, object, object]:
        """Notes every conformance suite that is collected."""
        made = yield
        if isinstance(obj, type) and _SUITE_MODULE in sys.modules:
            from lazyjobs_testkit.suite._conformance import Suite

            # The hook answers with a collector or with a list of them, as other plugins please.
            for node in made if isinstance(made, list) else [made]:
                if isinstance(node, pytest.Class) and issubclass(obj, Suite):
                    self._wake().note_suite(node, obj)
        return made

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Passes on how a test ended, wherever it ran."""
        if self._run is not None or hasattr(report, "lazyjobs"):
            self._wake().note_report(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Gives a worker of pytest-xdist the seed of all of them."""
        workerinput: dict[str, int] = getattr(node, "workerinput", {})
        workerinput["lazyjobs_seed"] = self._config.option.lazyjobs_seed

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Passes on what a worker of pytest-xdist had collected."""
        output = getattr(node, "workeroutput", {})
        if "lazyjobs" in output:
            self._wake().note_worker(output["lazyjobs"])
