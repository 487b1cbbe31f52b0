"""The suite: what its tests must be, and what a class made of it notices."""

from datetime import date
from importlib import import_module
from pathlib import Path

import pytest

from lazyjobs_memory.conformance import MemoryHarness
from lazyjobs_testkit import ExpectedFailure, conformance_suite
from lazyjobs_testkit.areas import area_classes, area_folder, mutant_modules
from lazyjobs_testkit.harness import HarnessError
from lazyjobs_testkit.rules import Area, rule
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._conformance import (
    Suite,
    SuiteError,
    gather_tests,
    overridden_tests,
    suite_test_of,
    suite_tests,
)

AREAS = Path(__file__).parents[1] / "src/lazyjobs_testkit/areas"
KNOWN = {"CLM-01": None, "CLM-02": None}


class GoodTests:
    @rule("CLM-01")
    def test_good(self, bench: Bench) -> None: ...

    def helper(self) -> None: ...


def test_the_tests_of_every_area_are_found_by_themselves() -> None:
    folders = {path.parent.name for path in AREAS.glob("*/__init__.py")}
    assert {area.__module__.split(".")[2] for area in area_classes()} == folders


def test_every_area_has_broken_backends() -> None:
    folders = {path.parent.name for path in AREAS.glob("*/__init__.py")}
    assert {module.__name__.split(".")[2] for module in mutant_modules()} == folders


def test_the_folder_of_an_area_says_what_the_area_is_about() -> None:
    for area in Area:
        assert import_module(area_folder(area)).__doc__


def test_a_test_is_gathered_with_its_rule() -> None:
    (name, test), *others = gather_tests([GoodTests], KNOWN).items()
    assert (name, test.rule, others) == ("test_good", "CLM-01", [])


def test_two_tests_of_one_name_are_refused() -> None:
    class AgainTests:
        @rule("CLM-02")
        def test_good(self, bench: Bench) -> None: ...

    with pytest.raises(SuiteError, match=r"AgainTests.test_good: another class"):
        gather_tests([GoodTests, AgainTests], KNOWN)


def test_a_test_without_a_rule_is_refused() -> None:
    class BareTests:
        def test_bare(self, bench: Bench) -> None: ...

    with pytest.raises(SuiteError, match=r"test_bare names no rule"):
        gather_tests([BareTests], KNOWN)


def test_a_test_of_an_unknown_rule_is_refused() -> None:
    class OddTests:
        @rule("CLM-99")
        def test_odd(self, bench: Bench) -> None: ...

    with pytest.raises(SuiteError, match=r"test_odd names CLM-99"):
        gather_tests([OddTests], KNOWN)


def test_a_test_without_a_bench_is_refused() -> None:
    class IdleTests:
        @rule("CLM-01")
        def test_idle(self) -> None: ...

    with pytest.raises(SuiteError, match=r"test_idle takes no bench"):
        gather_tests([IdleTests], KNOWN)


def test_a_suite_has_every_test_and_overrides_none() -> None:
    suite = conformance_suite(MemoryHarness)
    assert issubclass(suite, Suite)
    assert overridden_tests(suite) == {}
    assert all(suite_test_of(suite, name) for name in suite_tests())


def test_a_test_that_a_subclass_replaces_is_noticed() -> None:
    name, test = next(iter(suite_tests().items()))
    suite = type("TestMine", (conformance_suite(MemoryHarness),), {name: lambda self: None})
    assert overridden_tests(suite) == {name: test.rule}


def test_a_test_that_a_subclass_deletes_is_noticed() -> None:
    name, test = next(iter(suite_tests().items()))
    suite = conformance_suite(MemoryHarness)
    setattr(suite, name, None)
    assert overridden_tests(suite) == {name: test.rule}


def test_a_test_that_a_subclass_wraps_is_noticed() -> None:
    name, test = next(iter(suite_tests().items()))
    suite = type("TestMine", (conformance_suite(MemoryHarness),), {name: pytest.mark.skip(lambda *args: None)})
    assert overridden_tests(suite) == {name: test.rule}


def test_a_test_that_a_subclass_adds_is_none_of_the_suites() -> None:
    suite = type("TestMine", (conformance_suite(MemoryHarness),), {"test_mine": lambda self: None})
    assert overridden_tests(suite) == {}
    assert suite_test_of(suite, "test_mine") is None


def test_suites_of_two_harnesses_do_not_share_anything_that_changes() -> None:
    name = next(iter(suite_tests()))
    first, second = conformance_suite(MemoryHarness), conformance_suite(MemoryHarness)
    setattr(first, name, None)
    assert overridden_tests(second) == {}


def test_a_suite_takes_a_harness_class_and_nothing_else() -> None:
    with pytest.raises(HarnessError, match="no subclass of"):
        conformance_suite(MemoryHarness())  # type: ignore[arg-type]


def test_an_expected_failure_of_an_unknown_rule_is_refused() -> None:
    failure = ExpectedFailure(rule="CLM-99", reason="r", link="l", expires=date(2030, 1, 1))
    with pytest.raises(SuiteError, match="CLM-99"):
        conformance_suite(MemoryHarness, expected_failures=[failure])
