"""Making one test class of all the suite's tests for one harness."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import ClassVar

import pytest
from msgspec import Struct

from lazyjobs_testkit.areas import MANIFEST, area_classes
from lazyjobs_testkit.harness import ExpectedFailure, Harness, check_harness
from lazyjobs_testkit.rules import rule_of
from lazyjobs_testkit.suite._bench import Bench

BUDGET = pytest.StashKey[Callable[[str], float]]()
"""In the stash of pytest's configuration: by what the usual budget is multiplied for a rule, by its id."""


class SuiteError(Exception):
    """The suite cannot be made; the message says which test or argument stands in the way."""


class SuiteTest(Struct, frozen=True):
    """A test of the suite, and the rule that it tries."""

    rule: str
    function: Callable[..., object]


class Suite:
    """What every conformance test class inherits: the backend under test, and the bench."""

    harness: ClassVar[type[Harness]]
    expected_failures: ClassVar[tuple[ExpectedFailure, ...]] = ()

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest) -> Iterator[Bench]:
        """A fresh namespace of the backend under test."""
        seed: int = request.config.getoption("lazyjobs_seed")
        budget = 10.0 if request.config.getoption("lazyjobs_thorough") else 1.0
        if (factor := request.config.stash.get(BUDGET, None)) is not None:
            budget *= factor(rule_of(request.function) or "")
        with Bench(self.harness(), seed=seed, budget=budget) as bench:
            yield bench


@cache
def suite_tests() -> Mapping[str, SuiteTest]:
    """Every test of the suite by its name; raises `SuiteError` for one that cannot be used."""
    return gather_tests(area_classes(), MANIFEST)


def gather_tests(classes: Sequence[type], known: Mapping[str, object]) -> dict[str, SuiteTest]:
    """The tests of `classes` by name; raises `SuiteError` unless each has its own, a `bench`, and a known rule."""
    tests: dict[str, SuiteTest] = {}
    for area in classes:
        for name, function in vars(area).items():
            if name.startswith("test"):
                place = f"{area.__qualname__}.{name}"
                if name in tests:
                    raise SuiteError(f"{place}: another class of the suite has a test of that name")
                tests[name] = _checked(place, function, known)
    return tests


def _checked(place: str, function: Callable[..., object], known: Mapping[str, object]) -> SuiteTest:
    id = rule_of(function)
    if id is None:
        raise SuiteError(f"{place} names no rule; decorate it with @rule")
    if id not in known:
        raise SuiteError(f"{place} names {id}, which is no rule of the manifest")
    if "bench" not in inspect.signature(function).parameters:
        raise SuiteError(f"{place} takes no bench")
    return SuiteTest(rule=id, function=function)


def conformance_suite(harness: type[Harness], *, expected_failures: Sequence[ExpectedFailure] = ()) -> type[Suite]:
    """A test class with all the suite's tests for one backend, to be given a name that pytest collects.

    `expected_failures` names the rules that the backend is known to break. A test that a subclass overrides or deletes
    is reported, and its rule counts as untested.
    """
    check_harness("the argument of conformance_suite", harness)
    if unknown := [failure.rule for failure in expected_failures if failure.rule not in MANIFEST]:
        raise SuiteError(f"the expected failures name {', '.join(unknown)}, which the manifest does not know")
    suite_tests()
    members = {"harness": harness, "expected_failures": tuple(expected_failures), "__doc__": f"{harness.name}."}
    return type(f"{harness.__name__}Suite", (*area_classes(), Suite), members)


def overridden_tests(suite: type[Suite]) -> dict[str, str]:
    """The suite's tests that a class has replaced or deleted, each with its rule."""
    return {name: test.rule for name, test in suite_tests().items() if suite_test_of(suite, name) is None}


def suite_test_of(suite: type, name: str) -> SuiteTest | None:
    """The suite's test that a class has under a name; None if it is no test of the suite, or not the suite's own."""
    test = suite_tests().get(name) if issubclass(suite, Suite) else None
    return test if test and inspect.getattr_static(suite, name, None) is test.function else None
