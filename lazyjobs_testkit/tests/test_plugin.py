"""The plugin in other people's runs: what it selects, skips, fails, reports, and that it is silent unless asked."""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import pytest

import lazyjobs_testkit.plugin._run  # noqa: F401 (every run below finds it already imported)
from lazyjobs_testkit.harness._ledger import Ledger
from lazyjobs_testkit.suite._conformance import suite_tests

suite_tests()
pytest_plugins = ("pytester",)

Install = Callable[[Mapping[str, Mapping[str, str]]], None]
Run = Callable[..., pytest.RunResult]

PLAIN = """
from shelves import *
from lazyjobs_testkit import conformance_suite
"""


@pytest.fixture
def run(pytester: pytest.Pytester, shelves: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest over a test file that begins with the imports of an author."""
    assert shelves == pytester.path
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run_pytest(content: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_mine=PLAIN + content)
        return pytester.runpytest_inprocess("-p", "lazyjobs_testkit.plugin", *arguments)

    return run_pytest


@pytest.fixture
def shelves(pytester: pytest.Pytester, shelves: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (pytester.path / "shelves.py").write_text((shelves / "shelves.py").read_text())
    monkeypatch.syspath_prepend(pytester.path)
    return pytester.path


def read_rules(directory: Path) -> dict[str, dict[str, str]]:
    content = json.loads((directory / "conformance.json").read_bytes())
    assert len(content["rules"]) == content["rules_expected"]
    return {rule["id"]: rule for rule in content["rules"]}


SHELF = "TestShelf = conformance_suite(ShelfHarness)\n"


def test_an_authors_file_gives_a_test_for_every_rule_selected_by_id(run: Run) -> None:
    result = run(SHELF, "-k", "STA-01 or INS-06", "-v")
    result.assert_outcomes(passed=2, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(
        [
            "test_mine.py::TestShelf::test_*[[]INS-06[]] PASSED*",
            "test_mine.py::TestShelf::test_*[[]STA-01[]] PASSED*",
            "*conformance of shelf*",
            "lazyjobs contract 1 · kit * · * rules · manifest * · seed *",
            "shelf declares: nothing · capabilities seen: none",
            " level: none (not every rule was run)",
        ]
    )


def test_the_report_is_written_where_the_option_says(run: Run, tmp_path: Path) -> None:
    run(SHELF, "-k", "STA-01", "--lazyjobs-output=out", "--lazyjobs-seed=7")
    rules = read_rules(Path("out"))
    assert rules["STA-01"]["status"] == "passed"
    assert rules["STA-02"]["reason"] == "not selected"
    assert Path("out/conformance.html").exists()
    assert Path("out/badge.json").exists()
    assert json.loads(Path("out/conformance.json").read_bytes())["seed"] == 7


def test_nothing_is_written_unless_asked(run: Run, pytester: pytest.Pytester) -> None:
    before = set(pytester.path.iterdir())
    run(SHELF, "-k", "STA-01")
    assert {path.name for path in set(pytester.path.iterdir()) - before} <= {
        "test_mine.py",
        "__pycache__",
        ".pytest_cache",
    }


BROKEN = "TestBroken = conformance_suite(MiscountingHarness)\n"


def test_a_failure_tells_the_rule_the_calls_how_to_reproduce_it_and_the_usual_cause(run: Run) -> None:
    result = run(BROKEN, "-k", "STA-01", "--lazyjobs-seed=11")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*STA-01  an empty namespace counts nothing  (MUST, since contract 1)*",
            "“*”",
            "the calls that led here:",
            "   backend.stats() → Stats(total=1, by_state={}, by_kind={}, by_queue={}, by_queue_state={})",
            "reproduce:   pytest test_mine.py::TestBroken -k STA-01 --lazyjobs-seed=11",
            "usual cause: *",
            " FAIL STA-01 *",
            "   reproduce: pytest test_mine.py::TestBroken -k STA-01 --lazyjobs-seed=11",
        ]
    )


def test_what_rests_on_a_rule_that_failed_is_blocked(run: Run) -> None:
    result = run("TestBroken = conformance_suite(ForgetfulHarness)\n", "-k", "INS-01 or CLM-04 or STA-01", "-rs")
    result.assert_outcomes(passed=1, failed=1, skipped=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines([" blocked, INS-01 failed: CLM-04 (1)", "SKIPPED * blocked: INS-01 failed"])


def test_rules_that_others_rest_on_come_first_whatever_the_order_of_the_tests(run: Run) -> None:
    result = run(SHELF, "-k", "LST-03 or LST-01 or INS-01", "-v")
    result.stdout.fnmatch_lines(["*[[]INS-01[]] PASSED*", "*[[]LST-01[]] PASSED*", "*[[]LST-03[]] PASSED*"])


@pytest.mark.parametrize(
    ("rule", "reason"),
    [("EXT-01", "no extend"), ("PAY-11", "max_payload is not declared"), ("DUR-02", "durable is not declared")],
)
def test_a_rule_that_does_not_apply_is_shown_with_the_reason(run: Run, rule: str, reason: str) -> None:
    result = run(SHELF, "-k", rule, "-rs", "--lazyjobs-output=out")
    assert result.ret == 0
    result.stdout.fnmatch_lines([f" not applicable, {reason}: {rule} (1)", f"SKIPPED * not applicable: {reason}"])
    assert read_rules(Path("out"))[rule]["status"] == "not_applicable"


def test_a_skip_from_outside_leaves_the_rule_untested(run: Run) -> None:
    skipped = "@pytest.mark.skip(reason='no server')\nclass TestShelf(conformance_suite(ShelfHarness)): pass\n"
    result = run(f"import pytest\n{skipped}", "-k", "STA-01")
    result.stdout.fnmatch_lines([" untested, skipped: no server: STA-01 (1)"])


EXPECTED = """
from datetime import date
from lazyjobs_testkit import ExpectedFailure
day = date({year}, 1, 1)
known = ExpectedFailure(rule="{rule}", reason="counts wrongly", link="https://example.org/1", expires=day)
TestBroken = conformance_suite(MiscountingHarness, expected_failures=[known])
"""


def test_an_expected_failure_fails_nothing_and_is_shown_with_its_reason_link_and_day(run: Run) -> None:
    result = run(EXPECTED.format(rule="STA-01", year=2999), "-k", "STA-01 or INS-01")
    result.assert_outcomes(passed=1, xfailed=1, deselected=result.parseoutcomes()["deselected"])
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [" expected failure, counts wrongly (https://example.org/1, until 2999-01-01): STA-01 (1)"]
    )


def test_an_expected_failure_that_does_not_happen_fails_the_run(run: Run) -> None:
    result = run(EXPECTED.format(rule="INS-01", year=2999), "-k", "INS-01")
    result.assert_outcomes(passed=1, deselected=result.parseoutcomes()["deselected"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([" FAIL INS-01 *", "   the rule was expected to fail, and holds; remove*"])


def test_an_expected_failure_ends_with_its_day(run: Run) -> None:
    result = run(EXPECTED.format(rule="STA-01", year=2001), "-k", "STA-01")
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines([" FAIL STA-01 *", " PROBLEM the expected failure of STA-01 has expired*"])


def test_an_xfail_from_outside_is_no_expected_failure(run: Run) -> None:
    marked = "import pytest\n@pytest.mark.xfail\nclass TestBroken(conformance_suite(MiscountingHarness)): pass\n"
    result = run(marked, "-k", "STA-01")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([" FAIL STA-01 *", " PROBLEM a rule failed that was marked xfail*"])


def test_a_test_that_is_overridden_or_deleted_fails_the_run(run: Run) -> None:
    content = """
from lazyjobs_testkit.harness._ledger import Ledger
from lazyjobs_testkit.suite._conformance import suite_tests
first, second = [name for name, test in suite_tests().items() if test.rule in ("STA-01", "INS-06")]
TestMine = type("TestMine", (conformance_suite(ShelfHarness),), {first: lambda self: None, second: None})
"""
    result = run(content, "-k", "STA-01 or STA-02 or counts_nothing", "--lazyjobs-output=out")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([" PROBLEM test_mine.py::TestMine overrides or deletes test_* (*), test_* (*); *"])
    assert {read_rules(Path("out"))[id]["status"] for id in ("STA-01", "INS-06")} == {"untested"}


def test_storage_that_already_holds_records_is_refused_and_left_as_it_is(run: Run) -> None:
    content = """
from lazyjobs import InsertParams
Shelf("the one").insert(InsertParams(kind="somebodys"))
TestOne = conformance_suite(OneShelfHarness)

def test_somebodys_record():
    (record,) = Shelf("the one").list()
    assert (record.kind, record.attempt) == ("somebodys", 0)
"""
    result = run(content, "-k", "STA-01 or INS-01 or somebodys")
    result.assert_outcomes(passed=1, skipped=2, deselected=result.parseoutcomes()["deselected"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [" blocked, the storage already holds records*", "   INS-01, STA-01 (2)", " PROBLEM the storage already holds*"]
    )


def test_a_harness_that_cannot_open_is_told_once_and_blocks_the_rest(run: Run) -> None:
    content = """
class AbsentHarness(ShelfHarness):
    def open(self, namespace):
        raise ConnectionError("nobody is there")
TestAbsent = conformance_suite(AbsentHarness)
"""
    result = run(content, "-k", "STA-01 or INS-01 or INS-06")
    result.assert_outcomes(errors=1, skipped=2, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(
        [" error, the harness: *", " blocked, the harness cannot open a namespace: ConnectionError: nobody*"]
    )


def test_a_namespace_that_cannot_be_destroyed_is_told_with_the_rule_that_left_it(run: Run) -> None:
    content = """
class StuckHarness(ShelfHarness):
    opened = 0

    def open(self, namespace):
        StuckHarness.opened += 1
        return super().open(namespace)

    def destroy(self, namespace):
        if self.opened > 1:
            raise OSError("busy")
TestStuck = conformance_suite(StuckHarness)
"""
    result = run(content, "-k", "STA-01")
    result.assert_outcomes(passed=1, errors=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines([" error, the harness: OSError: busy: STA-01 (1)"])


def test_what_a_killed_run_has_left_is_destroyed_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(Path.cwd()))
    shelves = import_module("shelves")
    ledger = Ledger(1)
    ledger.created(shelves.ShelfHarness, "kit_0123456789abcdef")
    ledger.close()
    shelves.STORES["kit_0123456789abcdef"] = "left"
    run(SHELF, "-k", "STA-01")
    assert shelves.STORES == {}


def test_a_run_with_the_seed_of_another_is_the_same(run: Run) -> None:
    content = SHELF + "\ndef test_seed(request): print('seed', request.config.getoption('lazyjobs_seed'))\n"
    for _ in range(2):
        run(content, "-k", "test_seed", "--lazyjobs-seed=5", "-s").stdout.fnmatch_lines(["*seed 5"])


def test_a_seed_is_chosen_and_told(run: Run) -> None:
    result = run(SHELF, "-k", "STA-01", "--lazyjobs-output=out")
    seed = json.loads(Path("out/conformance.json").read_bytes())["seed"]
    result.stdout.fnmatch_lines([f"* · seed {seed}"])


def test_thorough_runs_say_so(run: Run) -> None:
    result = run(BROKEN, "-k", "STA-01", "--lazyjobs-thorough", "--lazyjobs-seed=1")
    result.stdout.fnmatch_lines(["* · thorough", "   reproduce: * -k STA-01 --lazyjobs-seed=1 --lazyjobs-thorough"])


def test_two_suites_have_a_report_each(run: Run) -> None:
    result = run(SHELF + BROKEN, "-k", "STA-01", "--lazyjobs-output=out")
    result.stdout.fnmatch_lines(["*conformance of shelf*", "*conformance of miscounting*"])
    assert read_rules(Path("out/shelf"))["STA-01"]["status"] == "passed"
    assert read_rules(Path("out/miscounting"))["STA-01"]["status"] == "failed"


def test_a_run_that_selects_none_of_the_rules_has_no_report(run: Run) -> None:
    result = run(SHELF + "\ndef test_other(): pass\n", "-k", "test_other")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*conformance of*")


def test_collecting_only_reports_nothing(run: Run) -> None:
    result = run(SHELF, "--collect-only", "-q", "-k", "STA-01")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*conformance of*")


def test_rules_are_named_in_junit_xml(run: Run) -> None:
    run(BROKEN, "-k", "STA-01", "--junitxml=junit.xml")
    content = Path("junit.xml").read_text()
    assert "[STA-01]" in content
    assert "usual cause:" in content


def test_stopping_at_the_first_failure_leaves_the_rest_untested(run: Run) -> None:
    result = run(BROKEN, "-k", "STA-01 or STA-02", "-x", "--lazyjobs-output=out")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    statuses = [(rule["status"], rule["reason"]) for id, rule in read_rules(Path("out")).items() if id < "STA-03"]
    assert ("failed", "") in statuses
    assert ("untested", "not reached") in statuses


def test_the_last_failures_can_be_run_again(run: Run) -> None:
    run(BROKEN, "-k", "STA-01 or INS-01")
    result = run(BROKEN, "--lf", "-v")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*[[]STA-01[]] FAILED*"])


def test_the_debugger_opens_where_the_rule_failed(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pdb
        from _pytest.debugging import pytestPDB

        class Answering(pdb.Pdb):
            def cmdloop(self):
                print("stopped with", self.curframe.f_locals["bench"], "in", self.curframe.f_code.co_name)

            def interaction(self, frame, traceback):
                self.setup(frame, getattr(traceback, "__traceback__", traceback))  # an exception since 3.13
                self.cmdloop()
        """
    )
    result = run(BROKEN, "-k", "STA-01", "--pdb", "--pdbcls=conftest:Answering", "-s")
    result.stdout.fnmatch_lines(["*stopped with bench in test_*"])


def test_a_backend_that_is_named_takes_the_kits_own_tests(run: Run) -> None:
    result = run("", "--lazyjobs-backend=shelves:ShelfHarness", "-k", "STA-01")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines([" ERROR a backend was named, and no rule was tried: add --pyargs lazyjobs_testkit*"])


def test_the_kits_own_tests_try_the_backend_that_is_named(run: Run) -> None:
    arguments = ("--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=shelves:ShelfHarness", "-k", "STA-01", "-v")
    result = run("", *arguments)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*::TestShelf::test_*[[]STA-01[]] PASSED*", "*conformance of shelf*"])


def test_the_kits_own_tests_say_how_to_reproduce_by_the_command(run: Run) -> None:
    arguments = ("--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=shelves:MiscountingHarness", "-k", "STA-01")
    result = run("", *arguments, "--lazyjobs-seed=3")
    result.stdout.fnmatch_lines(
        ["   reproduce: lazyjobs-conformance shelves:MiscountingHarness --rule STA-01 --seed 3"]
    )


def test_the_kits_own_tests_without_a_backend_are_no_tests(run: Run) -> None:
    assert run("", "--pyargs", "lazyjobs_testkit").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_run_leaves_no_suite_for_the_next_in_the_same_process(run: Run) -> None:
    arguments = ("--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=shelves:ShelfHarness", "-k", "INS-01")
    assert run("", *arguments).ret == pytest.ExitCode.OK
    assert run("", "--pyargs", "lazyjobs_testkit").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_selection_that_leaves_nothing_is_an_error(run: Run) -> None:
    arguments = ("--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=shelves:ShelfHarness", "-k", "CLM-99")
    assert run("", *arguments).ret == pytest.ExitCode.USAGE_ERROR


def test_all_backends_are_all_that_are_installed(run: Run, install: Install) -> None:
    install({"lazyjobs.harnesses": {"shelf": "shelves:ShelfHarness", "wrong": "shelves:MiscountingHarness"}})
    result = run("", "--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=all", "-k", "STA-01 and not TestMemory")
    result.stdout.fnmatch_lines(["*conformance of shelf*", "shelf 2.0 declares: nothing*", "*of miscounting*"])


def test_an_unknown_backend_is_an_error_that_names_those_there_are(run: Run, install: Install) -> None:
    install({"lazyjobs.harnesses": {"shelf": "shelves:ShelfHarness"}})
    result = run("", "--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=cupboard")
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    (result.stdout if "cupboard" in str(result.stdout) else result.stderr).fnmatch_lines(["*'cupboard'*shelf*"])


def test_a_url_with_a_namespace_runs_every_rule(run: Run, install: Install) -> None:
    install({"lazyjobs.backends": {"shelf": "shelves:Shelf"}})
    arguments = ("--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=shelf://{namespace}", "-k", "ISO-01 or STA-02")
    result = run("", *arguments)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["* stats 1/1*", "* isolation 1/1*", " note: a URL cannot say how to remove a namespace*"]
    )


def test_a_url_without_a_namespace_runs_what_needs_one_store_only(run: Run, install: Install) -> None:
    install({"lazyjobs.backends": {"shelf": "shelves:PrunedShelf"}})
    arguments = ("--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=shelf://here", "-k", "ISO-01 or STA-02 or STA-01")
    result = run("", *arguments, "--lazyjobs-output=out")
    result.stdout.fnmatch_lines(
        [" blocked, it takes two namespaces, and the URL has no {namespace} in it: ISO-01 (1)", " note: *same store*"]
    )
    assert {"STA-01", "STA-02"} <= {id for id, rule in read_rules(Path("out")).items() if rule["status"] == "passed"}


def test_a_url_without_a_namespace_that_cannot_be_emptied_runs_what_finds_it_empty(run: Run, install: Install) -> None:
    install({"lazyjobs.backends": {"shelf": "shelves:Shelf"}})
    arguments = ("--pyargs", "lazyjobs_testkit", "--lazyjobs-backend=shelf://here", "-k", "INS-06 or STA-04 or STA-01")
    result = run("", *arguments, "--lazyjobs-output=out")
    assert read_rules(Path("out"))["INS-06"]["status"] == "passed"
    result.stdout.fnmatch_lines([" blocked, the one store of this URL holds what other rules left*"])


def record_baseline(run: Run, content: str, *arguments: str) -> Path:
    run(content, *arguments, "--lazyjobs-output=recorded")
    return Path("recorded/conformance.json").absolute()


def test_a_failure_that_the_baseline_records_fails_nothing(run: Run) -> None:
    selection = ("-k", "STA-01 or INS-01")
    baseline = record_baseline(run, BROKEN, *selection)
    result = run(BROKEN, *selection, f"--lazyjobs-baseline={baseline}")
    assert result.ret == 0
    result.assert_outcomes(passed=1, failed=1, deselected=result.parseoutcomes()["deselected"])


MENDED = BROKEN + "MiscountingHarness.backend = Shelf\n"


def test_a_fix_that_the_baseline_does_not_record_fails_the_run(run: Run) -> None:
    baseline = record_baseline(run, BROKEN, "-k", "STA-01")
    result = run(MENDED, "-k", "STA-01", f"--lazyjobs-baseline={baseline}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([" UNRECORDED FIX STA-01 was failed and is passed: *"])


def test_a_regression_fails_the_run(run: Run) -> None:
    baseline = record_baseline(run, MENDED, "-k", "STA-01")
    result = run(BROKEN, "-k", "STA-01", f"--lazyjobs-baseline={baseline}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([" REGRESSION STA-01 was passed and is failed: *"])


def test_a_baseline_excuses_no_other_test(run: Run) -> None:
    other = "\ndef test_other(): assert False\n"
    baseline = record_baseline(run, BROKEN, "-k", "STA-01")
    assert run(BROKEN + other, "-k", "STA-01 or test_other", f"--lazyjobs-baseline={baseline}").ret == 1


def test_a_run_that_stops_early_is_excused_by_no_baseline(run: Run) -> None:
    baseline = record_baseline(run, BROKEN, "-k", "STA-01 or STA-02")
    assert run(BROKEN, "-k", "STA-01 or STA-02", f"--lazyjobs-baseline={baseline}").ret == 0
    assert run(BROKEN, "-k", "STA-01 or STA-02", "-x", f"--lazyjobs-baseline={baseline}").ret == 1


def test_a_baseline_of_another_backend_is_of_no_use(run: Run) -> None:
    baseline = record_baseline(run, SHELF, "-k", "STA-01")
    result = run(BROKEN, "-k", "STA-01", f"--lazyjobs-baseline={baseline}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([" REGRESSION the baseline is of shelf, which this run did not try"])


def test_a_baseline_that_cannot_be_read_is_an_error(run: Run) -> None:
    result = run(SHELF, "--lazyjobs-baseline=nowhere.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*cannot read the baseline nowhere.json*"])
