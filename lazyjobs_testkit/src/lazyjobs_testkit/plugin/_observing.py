"""What the end of a test means for its rule."""

from collections.abc import Callable, Iterable

import msgspec
import pytest

from lazyjobs_testkit.plugin._blame import blame
from lazyjobs_testkit.plugin._collecting import SuiteNotes
from lazyjobs_testkit.report import Observation, Status, render_calls
from lazyjobs_testkit.rules import Rule
from lazyjobs_testkit.suite._aftermath import look_afterwards
from lazyjobs_testkit.suite._bench import Bench
from lazyjobs_testkit.suite._outcomes import BLOCKED, NOT_APPLICABLE
from lazyjobs_testkit.suite._trail import printable

_KEPT_CALLS = 200
_KEPT_LINES = 12


def observe(
    item: pytest.Item, rule: Rule, report: pytest.TestReport, error: BaseException | None, notes: SuiteNotes
) -> None:
    """Attaches to `report` an `Observation` if it says anything of the rule; tells a failure in the rule's words."""
    status, reason, problem = _judge(report, notes)
    if status is Status.FAILED and error is not None and (blamed := _blame_of(error, rule, report, notes)):
        status, reason = Status.ERROR, blamed
    if status is None:
        return
    failed = status is Status.FAILED
    conceal = notes.suite.harness.conceal
    message = conceal(_message_of(report)) if failed else ""
    calls = tuple(map(conceal, _calls_of(item))) if failed else ()
    _conceal_in(report, conceal)
    observation = Observation(
        test=item.nodeid,
        rule=rule.id,
        status=status,
        reason=conceal(reason),
        message=message,
        calls=calls,
        seconds=report.duration,
        subject=notes.gate.subject,
        problem=conceal(problem),
    )
    if failed:
        notes.broken[rule.id] = True
        _tell(report, rule, render_calls(calls, message), notes.reproduce.replace("{rule}", rule.id))
        observation = _expect(observation, report, notes)
    # As plain values: that is what a worker can send to its controller.
    report.lazyjobs = msgspec.to_builtins(observation)  # type: ignore[attr-defined]


def _blame_of(error: BaseException, rule: Rule, report: pytest.TestReport, notes: SuiteNotes) -> str:
    harness = notes.suite.harness
    return harness.conceal(blame(error, harness, rule, afterwards=report.when == "teardown"))


def _conceal_in(report: pytest.TestReport, conceal: Callable[[str], str]) -> None:
    """Takes out of what pytest itself shows what must not be told."""
    report.sections = [(title, conceal(text)) for title, text in report.sections]
    if report.longrepr is not None and not isinstance(report.longrepr, tuple):
        shown = report.longreprtext
        if conceal(shown) != shown:
            report.longrepr = conceal(shown)


def _judge(report: pytest.TestReport, notes: SuiteNotes) -> tuple[Status | None, str, str]:
    if hasattr(report, "wasxfail") and report.skipped:
        return Status.FAILED, "", "a rule failed that was marked xfail; give conformance_suite an ExpectedFailure"
    if report.failed:
        return Status.FAILED, "", ""
    if report.skipped:
        return (*_read_skip(report), notes.gate.refusal)
    return (Status.PASSED if report.when == "call" else None), "", ""


def _read_skip(report: pytest.TestReport) -> tuple[Status, str]:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    for prefix, status in ((NOT_APPLICABLE, Status.NOT_APPLICABLE), (BLOCKED, Status.BLOCKED)):
        if reason.startswith(prefix):
            return status, reason.removeprefix(prefix)
    return Status.UNTESTED, f"skipped: {reason}"


def _calls_of(item: pytest.Item) -> tuple[str, ...]:
    bench = getattr(item, "funcargs", {}).get("bench")
    if not isinstance(bench, Bench):
        return ()
    look_afterwards(bench)
    return tuple(str(call) for call in bench.trail[-_KEPT_CALLS:])


def _message_of(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    # What pytest adds about the operands says less than the message that the kit has written.
    text = printable(text).removeprefix("AssertionError: ").partition("\nassert ")[0]
    lines = text.splitlines()
    more = [f"… {len(lines) - _KEPT_LINES} lines more"] if len(lines) > _KEPT_LINES else []
    return "\n".join([*lines[:_KEPT_LINES], *more])


def _tell(report: pytest.TestReport, rule: Rule, calls: Iterable[str], command: str) -> None:
    add_section = getattr(report.longrepr, "addsection", None)
    if add_section is None:
        return
    lines = [f"“{rule.text}”", ""]
    if shown := list(calls):
        lines += ["the calls that led here:", *shown, ""]
    lines += [f"reproduce:   {command}", f"usual cause: {rule.cause}"]
    add_section(f"{rule.id}  {rule.title}  ({rule.keyword}, since contract {rule.since})", "\n".join(lines))


def _expect(observation: Observation, report: pytest.TestReport, notes: SuiteNotes) -> Observation:
    expectation = notes.expected.get(observation.rule)
    if expectation is None or expectation.expired:
        return observation
    report.outcome = "skipped"
    report.wasxfail = f"{expectation.rule}: {expectation.reason}"
    return msgspec.structs.replace(observation, status=Status.EXPECTED_FAILURE, reason=expectation.reason)
