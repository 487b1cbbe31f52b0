"""The plugin in processes of their own: as pytest itself loads it, beside pytest-xdist, and in unrelated projects."""

import json
import re
import sys
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

SUITES = """
from shelves import *
from lazyjobs_testkit import conformance_suite

TestShelf = conformance_suite(ShelfHarness)
TestForgetful = conformance_suite(ForgetfulHarness)
"""

UNRELATED = """
import sys

def test_nothing_of_the_kit_is_here():
    loaded = [name for name in sys.modules if name.startswith("lazyjobs")]
    assert [name for name in loaded if not name.startswith("lazyjobs_testkit.plugin")] == ["lazyjobs_testkit"]

def test_own_fixture(bench):
    assert bench == "mine"
"""


@pytest.fixture
def project(pytester: pytest.Pytester, shelves: Path) -> pytest.Pytester:
    pytester.makepyfile(shelves=(shelves / "shelves.py").read_text(), test_mine=SUITES)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=120)


def read_statuses(name: str) -> dict[str, tuple[str, str]]:
    content = json.loads(Path("out", name, "conformance.json").read_bytes())
    return {rule["id"]: (rule["status"], rule["reason"]) for rule in content["rules"]}


def test_workers_share_a_seed_and_come_to_the_report_that_one_process_comes_to(project: pytest.Pytester) -> None:
    selection = ("-k", "INS-01 or INS-06 or STA-02 or STA-03 or EXT-01", "--lazyjobs-output=out")
    result = run(project, *selection, "-n", "2")
    result.stdout.fnmatch_lines(["*conformance of shelf*", "*conformance of forgetful*"])
    by_workers = {name: read_statuses(name) for name in ("shelf", "forgetful")}
    (seed,) = set(re.findall(r"(?<!randomly-)seed[ =](\d+)", result.stdout.str()))
    run(project, *selection, f"--lazyjobs-seed={seed}")
    assert {name: read_statuses(name) for name in by_workers} == by_workers
    assert {status for status, _ in by_workers["forgetful"].values()} == {"failed", "blocked", "untested"}


def test_what_is_spread_over_workers_is_not_measured_and_says_so(project: pytest.Pytester) -> None:
    selection = ("-k", "INS-06", "--lazyjobs-performance", "--lazyjobs-output=out")
    result = run(project, *selection, "-n", "1")
    result.stdout.fnmatch_lines([" note: not measured: the tests were spread over several processes; *"])
    run(project, *selection)
    assert json.loads(Path("out", "shelf", "conformance.json").read_bytes())["performance"]["insert"] > 0
    notes = json.loads(Path("out", "forgetful", "conformance.json").read_bytes())["notes"]
    assert notes == ["not measured: BackendUnavailableError: no room"]


def test_a_place_where_no_report_can_be_written_is_told_before_the_tests(project: pytest.Pytester) -> None:
    Path("taken").touch()
    result = run(project, "-k", "INS-06", "--lazyjobs-output=taken")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "the report cannot be written to taken" in result.stderr.str()
    assert "INTERNALERROR" not in result.stderr.str()


def test_a_worker_that_dies_fails_the_rule_it_was_at(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_mine="""
        import os
        from shelves import *
        from lazyjobs_testkit import conformance_suite

        class Deadly(Shelf):
            def stats(self):
                os._exit(1)

        class DeadlyHarness(ShelfHarness):
            backend = Deadly

        TestDeadly = conformance_suite(DeadlyHarness)
        """
    )
    result = run(project, "-k", "STA-01 or INS-06", "-n", "1", "--max-worker-restart=1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([" FAIL STA-01 *", "   worker * crashed while running *"])


def test_the_asserts_of_the_suite_are_rewritten(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_mine="""
        from lazyjobs_testkit.suite._bench import Bench

        def test_it():
            import lazyjobs_testkit.areas.stats.rules as stats
            names = stats.__dict__
            assert "@pytest_ar" in names and "@pytest_ar" in vars(__import__(Bench.__module__, fromlist=["Bench"]))
        """
    )
    run(project, "-k", "test_it").assert_outcomes(passed=1)


@pytest.fixture
def unrelated(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef bench():\n    return 'mine'\n")
    pytester.makepyfile(test_unrelated=UNRELATED)
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    return pytester


def without_times(result: pytest.RunResult) -> list[str]:
    lines = [re.sub(r"in [\d.]+s", "", line).strip("= ") for line in result.outlines]
    return [line for line in lines if not line.startswith("plugins:")]


def test_an_unrelated_run_is_as_it_would_be_without_the_plugin(unrelated: pytest.Pytester) -> None:
    with_plugin = run(unrelated, "-v", "-p", "no:randomly")
    with_plugin.assert_outcomes(passed=2)
    unrelated.makepyfile(test_unrelated=UNRELATED.replace('== ["lazyjobs_testkit"]', "== []"))
    without = run(unrelated, "-v", "-p", "no:randomly", "-p", "no:lazyjobs_testkit")
    without.assert_outcomes(passed=2)
    assert without_times(with_plugin) == without_times(without)


def test_the_plugin_adds_options_a_marker_and_one_fixture(unrelated: pytest.Pytester) -> None:
    for option, added in (("--help", "lazyjobs"), ("--markers", "lazyjobs_rule"), ("--fixtures", "jobs -- ")):
        with_plugin = run(unrelated, option)
        without = run(unrelated, option, "-p", "no:lazyjobs_testkit")
        new = {line for line in with_plugin.outlines if line not in without.outlines and "plugins:" not in line}
        new = {line for line in new if not re.search(r"no tests ran in", line)}
        assert any(added in line for line in new)
        if option == "--fixtures":
            assert [line for line in new if " -- " in line] == [line for line in new if line.startswith("jobs -- ")]


def test_options_of_the_plugin_begin_with_its_name(unrelated: pytest.Pytester) -> None:
    told = run(unrelated, "--help").stdout.str()
    group = told[told.index("conformance of lazyjobs backends") :].split("\n\n")[0]
    assert set(re.findall(r"^ +(--[a-z-]+)", group, re.MULTILINE)) == {
        "--lazyjobs-backend",
        "--lazyjobs-trait",
        "--lazyjobs-seed",
        "--lazyjobs-thorough",
        "--lazyjobs-output",
        "--lazyjobs-performance",
        "--lazyjobs-baseline",
    }


def test_importing_the_kit_imports_nothing_of_the_suite(pytester: pytest.Pytester) -> None:
    program = (
        "import lazyjobs_testkit, sys; print([name for name in sys.modules if 'suite' in name or name == 'pytest'])"
    )
    result = pytester.run(sys.executable, "-c", program)
    assert result.outlines == ["[]"]


def test_the_kit_has_the_names_it_says_and_no_others(pytester: pytest.Pytester) -> None:
    program = (
        "import lazyjobs_testkit as kit; print([getattr(kit, name).__name__ for name in kit.__all__]); kit.nothing"
    )
    result = pytester.run(sys.executable, "-c", program)
    assert result.outlines == ["['ExpectedFailure', 'Harness', 'Jobs', 'Traits', 'conformance_suite']"]
    result.stderr.fnmatch_lines(["AttributeError: module 'lazyjobs_testkit' has no attribute 'nothing'"])
