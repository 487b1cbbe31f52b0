"""The report as text, as files, and as what a badge shows; and runs compared with a baseline."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from lazyjobs_testkit.performance import Latency, Performance
from lazyjobs_testkit.report import (
    BaselineError,
    Comparison,
    Report,
    RuleResult,
    Status,
    Subject,
    compare_reports,
    read_report,
    render_text,
    write_reports,
)

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"


def result(id: str, status: Status = Status.PASSED, **fields: str | tuple[str, ...]) -> RuleResult:
    plain = RuleResult(
        id=id,
        title=f"{id} holds <always>",
        status=status,
        area={"INS": "insert", "CLM": "claim"}[id[:3]],
        keyword="MUST",
        level="CORE",
        since=1,
        text="The contract's <words>.",
        cause="the usual & only one",
    )
    return msgspec.structs.replace(plain, **fields)


def report(*rules: RuleResult, name: str = "sqlite", level: str = "none", problems: tuple[str, ...] = ()) -> Report:
    return Report(
        kit="0.1.0",
        contract=1,
        manifest="0123456789abcdef",
        rules_expected=len(rules),
        backend=Subject(
            name=name, version="2.0", declares={"durable": "True", "max_payload": "7"}, capabilities=("extend",)
        ),
        level=level,
        level_reason="CORE needs CLM-01",
        counts={status.value: sum(rule.status is status for rule in rules) for status in Status},
        problems=problems,
        seed=7,
        thorough=False,
        started=datetime(2030, 1, 1, tzinfo=UTC),
        seconds=1.5,
        python="CPython 3.11",
        platform="Linux",
        rules=rules,
    )


FAILED = result(
    "CLM-01",
    Status.FAILED,
    message="claimed 7\nbefore 3",
    calls=tuple(f"call {number}" for number in range(15)),
    reproduce="again CLM-01",
)


def test_the_text_begins_with_what_was_tried() -> None:
    first, second, third, *_ = render_text(report(result("INS-01"), FAILED), detailed=False).splitlines()
    assert first == "lazyjobs contract 1 · kit 0.1.0 · 2 rules · manifest 01234567 · seed 7"
    assert second == "sqlite 2.0 declares: durable, max_payload=7 · capabilities seen: extend"
    assert third == " insert 1/1   claim 0/1"


def test_the_text_tells_a_failure_in_brief() -> None:
    text = render_text(report(FAILED), detailed=False)
    lines = text[text.index(" FAIL") :].splitlines()
    assert lines[0].split() == ["FAIL", "CLM-01", "CLM-01", "holds", "<always>", "MUST", "·", "since", "1"]
    assert lines[1:5] == [
        "   claimed 7",
        "   before 3",
        "   reproduce: again CLM-01",
        "   usual cause: the usual & only one",
    ]


def test_the_text_tells_the_rule_and_the_last_calls_where_there_is_no_other_place_for_them() -> None:
    text = render_text(report(FAILED), detailed=True)
    assert "“The contract's <words>.”" in text
    assert "… 3 more" in text
    assert "call 2\n" not in text
    assert "call 3\n" in text
    assert "call 14\n" in text


def test_the_calls_on_the_records_that_a_failure_names_are_told_however_long_ago_they_were() -> None:
    calls = tuple(f"backend.insert() → Record(id={id})" for id in range(1, 61))
    failed = msgspec.structs.replace(FAILED, message="claimed 7 at 12:00:03 before 13", calls=calls)
    text = render_text(report(failed), detailed=True)
    told = [int(id) for id in re.findall(r"id=(\d+)", text)]
    assert told == [7, 13, 56, 57, 58, 59, 60]
    assert re.findall(r"… (\d+) more", text) == ["6", "5", "42"]


def test_the_text_gathers_what_does_not_apply_by_its_reason() -> None:
    rules = [result(f"CLM-0{n}", Status.NOT_APPLICABLE, reason="no extend") for n in (1, 2, 3, 5)]
    assert " not applicable, no extend: CLM-01…03, CLM-05 (4)" in render_text(report(*rules), detailed=False)


def test_the_text_counts_what_was_not_selected() -> None:
    text = render_text(report(result("CLM-01", Status.UNTESTED, reason="not selected")), detailed=False)
    assert " claim -" in text
    assert " untested, not selected: 1 rules" in text


def test_the_text_ends_with_problems_and_the_level() -> None:
    text = render_text(report(FAILED, problems=("it was refused",)), detailed=False)
    assert text.splitlines()[-2:] == [" PROBLEM it was refused", " level: none (CORE needs CLM-01)"]


def test_a_report_read_again_is_the_same(tmp_path: Path) -> None:
    written = report(result("INS-01"), FAILED)
    write_reports(tmp_path, [written])
    assert read_report(tmp_path / "conformance.json") == written


def test_the_json_has_a_list_of_rules(tmp_path: Path) -> None:
    write_reports(tmp_path, [report(result("INS-01"), FAILED)])
    content = json.loads((tmp_path / "conformance.json").read_bytes())
    assert [(rule["id"], rule["title"], rule["status"]) for rule in content["rules"]] == [
        ("INS-01", "INS-01 holds <always>", "passed"),
        ("CLM-01", "CLM-01 holds <always>", "failed"),
    ]


@pytest.mark.parametrize("kind", [Report, RuleResult, Subject, Performance, Latency])
def test_the_documentation_names_every_field_of_the_json(kind: type) -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(kind.__struct_fields__) <= told  # type: ignore[attr-defined]


class Page(HTMLParser):
    """What a page loads, and whether its elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_says_everything(tmp_path: Path) -> None:
    write_reports(tmp_path, [report(result("INS-01"), FAILED, problems=("it was <refused>",))])
    page = Page()
    page.feed((tmp_path / "conformance.html").read_text())
    assert page.open == []
    assert [place for place in page.loads if not place.startswith("#")] == []
    assert {place[1:] for place in page.loads} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    for told in (
        "CLM-01 holds <always>",
        "claimed 7",
        "call 0",
        "again CLM-01",
        "& only",
        "it was <refused>",
        "seed 7",
    ):
        assert told in page.text


def render_page(tmp_path: Path, written: Report) -> str:
    write_reports(tmp_path, [written])
    return (tmp_path / "conformance.html").read_text(encoding="utf-8")


def test_the_page_tells_failures_before_anything_that_holds(tmp_path: Path) -> None:
    text = render_page(tmp_path, report(result("INS-01"), FAILED))
    places = [text.index(told) for told in ("1 rule failed", "Failures", "claimed 7", "Every rule", "INS-01 holds")]
    assert places == sorted(places)


def test_the_page_of_a_backend_that_keeps_the_rules_tells_no_failures(tmp_path: Path) -> None:
    text = render_page(tmp_path, report(result("INS-01"), level="CORE"))
    assert "Level CORE" in text
    assert "Failures" not in text


def test_the_page_tells_no_status_by_its_colour_alone(tmp_path: Path) -> None:
    rules = [result(f"CLM-0{number}", status) for number, status in enumerate(Status)]
    text = render_page(tmp_path, report(*rules))
    for status in Status:
        assert re.search(rf'<td class="status \w+">. {status.replace("_", " ")}</td>', text)


@pytest.mark.parametrize("medium", ["(prefers-color-scheme: dark)", "print", "(max-width: 40rem)"])
def test_the_page_has_a_style_for_each_medium(medium: str, tmp_path: Path) -> None:
    assert f"@media {medium}" in render_page(tmp_path, report(FAILED))


FIGURES = Performance(
    insert=1234.5,
    claim=2.0,
    finish=3.0,
    latencies=(Latency(asked=10_000, waiting=2_857, claims=9, p50=0.004, p99=0.1),),
)


def test_figures_are_told_beside_the_verdict(tmp_path: Path) -> None:
    measured = msgspec.structs.replace(report(FAILED), performance=FIGURES)
    told = "2,857 waiting (inserting 10,000 took too long)"
    text = render_text(measured, detailed=False)
    assert " performance: a second, one caller: insert 1,234, claim 2, finish 3" in text
    assert f" performance: claim with {told}: p50 4.000 ms, p99 100.000 ms" in text
    assert told in render_page(tmp_path, measured)
    assert read_report(tmp_path / "conformance.json") == measured


def test_the_text_names_the_rule_to_mend_first_and_how_many_wait_for_it(tmp_path: Path) -> None:
    blocked = result("CLM-02", Status.BLOCKED, reason="CLM-01 failed")
    written = msgspec.structs.replace(report(FAILED, blocked), first="CLM-01")
    told = "mend this rule first: 1 blocked rule waits for it"
    assert f" first: CLM-01 ({told})" in render_text(written, detailed=False)
    assert f'<a href="#CLM-01">CLM-01</a>: {told}' in render_page(tmp_path, written)


@pytest.mark.parametrize(
    ("rules", "level", "message", "color"),
    [
        ([result("INS-01"), FAILED], "none", "1 rule failed", "red"),
        ([result("INS-01")], "CRASH-SAFE", "CRASH-SAFE", "brightgreen"),
        ([result("INS-01", Status.UNTESTED)], "none", "none", "lightgrey"),
    ],
)
def test_the_badge_shows_the_level_or_the_failures(
    tmp_path: Path, rules: list[RuleResult], level: str, message: str, color: str
) -> None:
    write_reports(tmp_path, [report(*rules, level=level)])
    badge = json.loads((tmp_path / "badge.json").read_bytes())
    assert badge == {"schemaVersion": 1, "label": "lazyjobs contract 1", "message": message, "color": color}


def test_several_reports_go_to_directories_of_their_own(tmp_path: Path) -> None:
    reports = [report(FAILED, name=name) for name in ("sqlite", "shelf://{namespace}", "sqlite")]
    paths = write_reports(tmp_path, reports)
    assert [path.parent.name for path in paths[::3]] == ["sqlite", "shelf-namespace", "sqlite~2"]


def compare(before: RuleResult | None, now: RuleResult) -> Comparison:
    return compare_reports(report(*([before] if before else [])), report(now))


def test_the_same_again_agrees() -> None:
    for status in Status:
        assert compare(result("CLM-01", status), result("CLM-01", status)).agrees


@pytest.mark.parametrize("now", [Status.FAILED, Status.BLOCKED, Status.UNTESTED, Status.EXPECTED_FAILURE])
@pytest.mark.parametrize("before", [Status.PASSED, Status.NOT_APPLICABLE])
def test_what_held_and_does_not_is_a_regression(before: Status, now: Status) -> None:
    comparison = compare(result("CLM-01", before), result("CLM-01", now))
    assert not comparison.agrees
    assert comparison.regressions[0].startswith("CLM-01 was")


def test_what_held_and_does_not_apply_any_more_is_a_regression() -> None:
    assert compare(result("CLM-01"), result("CLM-01", Status.NOT_APPLICABLE, reason="no extend")).regressions


@pytest.mark.parametrize("before", [Status.FAILED, Status.BLOCKED, Status.EXPECTED_FAILURE])
def test_what_did_not_hold_and_holds_now_has_to_be_recorded(before: Status) -> None:
    comparison = compare(result("CLM-01", before), result("CLM-01"))
    assert comparison.regressions == ()
    assert comparison.fixes == (f"CLM-01 was {before.replace('_', ' ')} and is passed: CLM-01 holds <always>",)


def test_a_new_rule_that_holds_agrees_and_one_that_does_not_is_a_regression() -> None:
    assert compare(None, result("CLM-01")).agrees
    assert compare(None, FAILED).regressions


def test_a_rule_that_the_kit_no_longer_has_is_a_regression() -> None:
    assert compare_reports(report(result("INS-01"), FAILED), report(FAILED)).regressions


@pytest.mark.parametrize("reason", ["not selected", "not reached"])
def test_what_was_not_run_is_not_compared(reason: str) -> None:
    assert compare(result("CLM-01"), result("CLM-01", Status.UNTESTED, reason=reason)).agrees


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "cannot read"), ("{}", "has schema None"), ('{"schema": 99}', "has schema 99"), ('{"schema": 1}', "kit")],
)
def test_a_baseline_that_is_none_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "conformance.json"
    file.write_text(content)
    with pytest.raises(BaselineError, match=complaint):
        read_report(file)


def test_a_baseline_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="cannot read the baseline"):
        read_report(tmp_path / "conformance.json")
