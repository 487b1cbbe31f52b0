"""Making one test class of all the suite's tests for one harness."""

import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import ClassVar

import pytest

import lazyjobs_testkit.suite as package
from lazyjobs_testkit.harness import ExpectedFailure, Harness
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._rule import rule_of


class SuiteError(Exception):
    """The suite cannot be made; the message says which test or argument stands in the way."""


class Suite:
    """What every conformance test class inherits: the backend under test, and the bench."""

    harness: ClassVar[type[Harness]]
    expected_failures: ClassVar[tuple[ExpectedFailure, ...]] = ()

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest) -> Iterator[Bench]:
        """A fresh namespace of the backend under test."""
        seed: int = request.config.getoption("lazyjobs_seed")
        budget = 10.0 if request.config.getoption("lazyjobs_thorough") else 1.0
        with Bench(self.harness(), seed=seed, budget=budget) as bench:
            yield bench


@cache
def area_classes() -> tuple[type, ...]:
    """Every class named `…Tests` of the suite's public modules, in the order of the modules' names."""
    found: list[type] = []
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            content = vars(import_module(f"{package.__name__}.{module.name}"))
            found += [value for name, value in content.items() if name.endswith("Tests") and inspect.isclass(value)]
    return tuple(dict.fromkeys(found))


@cache
def suite_tests() -> Mapping[str, str]:
    """The rule that each test of the suite tries, by the test's name."""
    tests: dict[str, str] = {}
    for area in area_classes():
        for name, test in vars(area).items():
            if name.startswith("test"):
                if name in tests:
                    raise SuiteError(f"{area.__qualname__}.{name}: another class of the suite has a test of that name")
                if (id := rule_of(test)) is None:
                    raise SuiteError(f"{area.__qualname__}.{name} names no rule; decorate it with @rule")
                tests[name] = id
    return tests


def conformance_suite(harness: type[Harness], *, expected_failures: Sequence[ExpectedFailure] = ()) -> type:
    """A test class with all the suite's tests for one backend, to be given a name that pytest collects.

    `expected_failures` names the rules that the backend is known to break. A test that a subclass overrides or deletes
    is reported, and its rule counts as untested.
    """
    suite_tests()
    members = {"harness": harness, "expected_failures": tuple(expected_failures), "__doc__": f"{harness.name}."}
    return type(f"{harness.__name__}Suite", (*area_classes(), Suite), members)
