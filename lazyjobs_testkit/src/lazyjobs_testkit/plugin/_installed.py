"""The suites of the backends that the command line names."""

import re
from collections.abc import Mapping

import pytest

from lazyjobs.texts import one_line
from lazyjobs_testkit.harness import Harness, HarnessError, installed_harnesses, load_harness
from lazyjobs_testkit.suite._conformance import Suite, conformance_suite

REFERENCE = "lazyjobs_reference"
"""The attribute of a suite made here that says how the command line named the backend."""


class InstalledSuites(pytest.Module):
    """The kit's own test module, holding a suite for each backend of `--lazyjobs-backend`."""

    suites: Mapping[str, type[Suite]] = {}

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        """The suites, as if the module had defined them until the run is over."""
        for name, suite in self.suites.items():
            setattr(self.obj, name, suite)
        self.config.add_cleanup(self._clear)
        return list(super().collect())

    def _clear(self) -> None:
        # The module outlives the run, and another run in the same process may ask for other backends, or for none.
        for name in self.suites:
            if hasattr(self.obj, name):
                delattr(self.obj, name)


def make_suites(config: pytest.Config) -> dict[str, type[Suite]]:
    """A suite for each backend asked for, by the name of its class; raises UsageError for one that cannot be found."""
    suites: dict[str, type[Suite]] = {}
    for reference in _references(config.option.lazyjobs_backend):
        try:
            harness = load_harness(reference, traits=config.option.lazyjobs_trait)
        except HarnessError as error:
            raise pytest.UsageError(one_line(str(error))) from error
        suite = conformance_suite(harness)
        setattr(suite, REFERENCE, reference)
        suites[_class_name(harness, suites)] = suite
    return suites


def _references(asked: list[str]) -> list[str]:
    installed = list(installed_harnesses())
    if "all" in asked and not installed:
        raise pytest.UsageError("no installed backend offers a harness; install one with its extra for conformance")
    named = (name for reference in asked for name in (installed if reference == "all" else [reference]))
    return list(dict.fromkeys(named))


def _class_name(harness: type[Harness], taken: dict[str, type[Suite]]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", harness.name.partition("://")[0])
    name = f"Test{''.join(word[:1].upper() + word[1:] for word in words)}"
    while name in taken:
        name = f"{name}_"
    return name
