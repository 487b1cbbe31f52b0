"""The verdict on each rule, the level, and the problems of a run."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from lazyjobs_testkit.report import (
    Expectation,
    Observation,
    Report,
    Run,
    Selection,
    Status,
    Subject,
    make_report,
    render_text,
)
from lazyjobs_testkit.rules import Keyword, Level, Rule, order_rules

S = Status


def rule(id: str, *needs: str, level: Level = Level.CORE, keyword: Keyword = Keyword.MUST) -> Rule:
    return Rule(
        id=id, title="it holds", text="It holds.", level=level, cause="it does not", needs=needs, keyword=keyword
    )


RULES = order_rules(
    [
        rule("INS-01"),
        rule("CLM-01", "INS-01"),
        rule("CLM-02", "CLM-01"),
        rule("CLM-03", keyword=Keyword.SHOULD),
        rule("CON-01", level=Level.CONCURRENT),
        rule("DUR-01", level=Level.CRASH_SAFE),
        rule("EXT-01", level=Level.CAPABILITY),
    ]
)
DURABLE = Subject(name="sqlite", declares={"durable": "True"})


def seen(rule: str, status: Status = S.PASSED, test: str = "", reason: str = "", message: str = "") -> Observation:
    return Observation(test=test or f"test_{rule}", rule=rule, status=status, reason=reason, message=message)


def judge(
    *observations: Observation,
    subject: Subject = DURABLE,
    selected: Sequence[str] = tuple(RULES),
    tests: dict[str, str] | None = None,
    overridden: dict[str, str] | None = None,
    expected: tuple[Expectation, ...] = (),
) -> Report:
    run = Run(
        seed=1, thorough=False, started=datetime(2030, 1, 1, tzinfo=UTC), seconds=1.5, rules=RULES, tested=set(RULES)
    )
    selection = Selection(
        suite="test_it.py::TestIt",
        subject=subject,
        tests={f"test_{id}": id for id in selected} if tests is None else tests,
        overridden=overridden or {},
        expected=expected,
        reproduce="again {rule}",
    )
    return make_report(run, selection, observations)


def judge_all(**statuses: Status) -> Report:
    """A run in which every rule passed but those given, written with _ for -."""
    changed = {name.replace("_", "-"): status for name, status in statuses.items()}
    return judge(*(seen(id, changed.get(id, S.PASSED)) for id in RULES))


def status_of(report: Report, id: str) -> tuple[Status, str]:
    (found,) = (result for result in report.rules if result.id == id)
    return found.status, found.reason


def test_every_rule_of_the_manifest_is_in_the_report() -> None:
    report = judge()
    assert [result.id for result in report.rules] == list(RULES)
    assert report.rules_expected == len(RULES)
    assert sum(report.counts.values()) == len(RULES)


def test_the_first_rule_to_mend_is_the_broken_one_that_most_wait_for() -> None:
    assert judge_all().first == ""
    assert judge_all(CLM_02=S.FAILED).first == "", "nothing waits for it"
    assert judge_all(CLM_01=S.FAILED).first == "CLM-01"
    assert judge_all(INS_01=S.FAILED, CLM_01=S.FAILED, CON_01=S.FAILED).first == "INS-01"


def test_a_rule_whose_tests_passed_has_passed() -> None:
    assert status_of(judge_all(), "CLM-01") == (S.PASSED, "")


def test_one_failed_test_of_several_fails_the_rule() -> None:
    tests = {"a": "CLM-01", "b": "CLM-01"}
    report = judge(seen("CLM-01", test="a"), seen("CLM-01", S.FAILED, test="b", message="no"), tests=tests)
    (result,) = report.failures
    assert (result.id, result.message, result.tests, result.reproduce) == ("CLM-01", "no", 2, "again CLM-01")


def test_a_rule_of_which_some_tests_do_not_apply_has_passed() -> None:
    tests = {"a": "CLM-01", "b": "CLM-01"}
    report = judge(seen("CLM-01", test="a"), seen("CLM-01", S.NOT_APPLICABLE, test="b", reason="x"), tests=tests)
    assert status_of(report, "CLM-01")[0] is S.PASSED


def test_a_rule_of_which_a_test_was_not_reached_is_untested() -> None:
    report = judge(seen("CLM-01", test="a"), tests={"a": "CLM-01", "b": "CLM-01"})
    assert status_of(report, "CLM-01") == (S.UNTESTED, "1 of its tests were not reached")


def test_a_failure_at_the_end_of_a_test_that_passed_counts() -> None:
    tests = {"a": "CLM-01"}
    report = judge(seen("CLM-01", test="a"), seen("CLM-01", S.FAILED, test="a"), tests=tests)
    assert status_of(report, "CLM-01")[0] is S.FAILED
    assert next(result for result in report.rules if result.id == "CLM-01").tests == 1


def test_what_was_not_selected_and_what_was_not_reached_are_told_apart() -> None:
    report = judge(selected=["CLM-01"])
    assert status_of(report, "CLM-01") == (S.UNTESTED, "not reached")
    assert status_of(report, "CLM-02") == (S.UNTESTED, "not selected")


def test_a_rule_without_a_test_is_told_as_such() -> None:
    run = Run(seed=1, thorough=False, started=datetime(2030, 1, 1, tzinfo=UTC), seconds=0, rules=RULES, tested=())
    selection = Selection(suite="s", subject=DURABLE, tests={}, reproduce="")
    assert status_of(make_report(run, selection, []), "CLM-01") == (S.UNTESTED, "the suite has no test of it")


def test_what_needs_a_rule_that_failed_is_blocked_whatever_was_seen() -> None:
    report = judge_all(INS_01=S.FAILED, CLM_02=S.FAILED)
    assert status_of(report, "CLM-01") == (S.BLOCKED, "INS-01 failed")
    assert status_of(report, "CLM-02") == (S.BLOCKED, "INS-01 failed")
    assert status_of(report, "CLM-03") == (S.PASSED, "")
    assert [result.id for result in report.failures] == ["INS-01"]


def test_of_a_row_of_rules_that_failed_the_first_blocks_the_others() -> None:
    report = judge_all(INS_01=S.FAILED, CLM_01=S.FAILED, CLM_02=S.FAILED)
    assert status_of(report, "CLM-02") == (S.BLOCKED, "INS-01 failed")


def test_what_may_not_apply_is_blocked_like_the_rest() -> None:
    report = judge_all(INS_01=S.FAILED, CLM_01=S.NOT_APPLICABLE)
    assert status_of(report, "CLM-01")[0] is S.BLOCKED


def test_what_was_not_run_is_not_blocked() -> None:
    report = judge(seen("INS-01", S.FAILED), selected=["INS-01"])
    assert status_of(report, "CLM-01") == (S.UNTESTED, "not selected")


def expect(rule: str, *, expired: bool = False) -> tuple[Expectation, ...]:
    return (Expectation(rule=rule, reason="known", expired=expired),)


def test_a_failure_that_was_expected_is_no_failure_and_no_level() -> None:
    observations = [seen(id) for id in RULES if id != "CLM-02"]
    report = judge(*observations, seen("CLM-02", S.EXPECTED_FAILURE, reason="known"), expected=expect("CLM-02"))
    assert status_of(report, "CLM-02") == (S.EXPECTED_FAILURE, "known")
    assert (report.failures, report.level) == ((), "none")


def test_a_failure_that_was_expected_blocks_what_needs_the_rule() -> None:
    report = judge(seen("CLM-01", S.EXPECTED_FAILURE), seen("CLM-02", S.PASSED), expected=expect("CLM-01"))
    assert status_of(report, "CLM-02") == (S.BLOCKED, "CLM-01 failed")


def test_a_rule_that_was_expected_to_fail_and_holds_has_failed() -> None:
    report = judge(*(seen(id) for id in RULES), expected=expect("CLM-02"))
    (result,) = report.failures
    assert result.id == "CLM-02"
    assert "remove the expected failure" in result.message


def test_an_expectation_that_has_expired_is_a_problem_even_if_the_rule_holds() -> None:
    report = judge(*(seen(id) for id in RULES), expected=expect("CLM-02", expired=True))
    assert status_of(report, "CLM-02")[0] is S.PASSED
    assert "CLM-02 has expired" in report.problems[0]


def test_a_rule_whose_test_was_overridden_is_untested_and_the_run_has_a_problem() -> None:
    report = judge(*(seen(id) for id in RULES), overridden={"test_order": "CLM-02"})
    assert status_of(report, "CLM-02") == (S.UNTESTED, "test_order of the suite was overridden or deleted")
    assert "test_order (CLM-02)" in report.problems[0]
    assert report.level == "none"


def test_all_levels_are_reached_when_every_rule_holds() -> None:
    assert (judge_all().level, judge_all().level_reason) == ("CRASH-SAFE", "")


@pytest.mark.parametrize(
    ("broken", "level"), [("CLM_02", "none"), ("CON_01", "CORE"), ("DUR_01", "CONCURRENT"), ("EXT_01", "CRASH-SAFE")]
)
@pytest.mark.parametrize("status", [S.FAILED, S.UNTESTED, S.BLOCKED, S.EXPECTED_FAILURE])
def test_a_level_takes_all_its_rules_and_those_of_the_levels_below(broken: str, level: str, status: Status) -> None:
    assert judge_all(**{broken: status}).level == level


def test_a_rule_that_does_not_apply_keeps_nobody_from_a_level() -> None:
    assert judge_all(CLM_02=S.NOT_APPLICABLE).level == "CRASH-SAFE"


def test_a_rule_that_only_should_hold_decides_no_level() -> None:
    assert judge_all(CLM_03=S.FAILED).level == "CRASH-SAFE"


def test_what_is_not_durable_is_not_crash_safe() -> None:
    report = judge(*(seen(id) for id in RULES), subject=Subject(name="memory"))
    assert (report.level, report.level_reason) == ("CONCURRENT", "CRASH-SAFE needs the trait durable")


def test_the_next_level_is_told_with_what_it_takes() -> None:
    assert judge_all(CLM_01=S.BLOCKED, CLM_02=S.FAILED).level_reason == "CORE needs CLM-01, CLM-02"


def test_a_run_of_some_rules_says_so_instead() -> None:
    report = judge(seen("CLM-01"), selected=["CLM-01"])
    assert (report.level, report.level_reason) == ("none", "not every rule was run")


def test_problems_that_tests_met_are_told_once() -> None:
    met = Observation(test="a", rule="CLM-01", status=S.BLOCKED, problem="the storage holds records")
    again = Observation(test="b", rule="CLM-02", status=S.BLOCKED, problem="the storage holds records")
    assert judge(met, again).problems == ("the storage holds records",)


def test_the_backend_is_told_as_it_was_found() -> None:
    found = Subject(name="sqlite", backend="lazyjobs_sqlite.SQLiteBackend", version="1.2")
    observation = Observation(test="test_CLM-01", rule="CLM-01", status=S.PASSED, subject=found)
    assert judge(observation).backend == found


def test_what_a_backend_says_reaches_the_terminal_as_text() -> None:
    hostile = "\x1b[2J \u202e \u3164 a\ufe0f\r\n PROBLEM none"
    report = judge(
        seen("INS-01", S.FAILED, message=hostile),
        seen("CLM-03", S.NOT_APPLICABLE, reason=hostile),
        subject=Subject(name=hostile, declares={"durable": hostile}),
    )
    for line in render_text(report, detailed=True).splitlines():
        assert line.isprintable()
        assert not line.startswith(" PROBLEM")
