"""From how the tests ended to what is known of each rule."""

import platform
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from lazyjobs import CONTRACT_VERSION
from lazyjobs_testkit import __version__
from lazyjobs_testkit.performance import Performance
from lazyjobs_testkit.report._level import reach_level
from lazyjobs_testkit.report._values import (
    NO_TEST,
    NOT_REACHED,
    NOT_RUN,
    NOT_SELECTED,
    Observation,
    Report,
    RuleResult,
    Selection,
    Status,
)
from lazyjobs_testkit.rules import Rule, all_needs, hash_rules

_WORST_FIRST = (
    Status.FAILED,
    Status.EXPECTED_FAILURE,
    Status.ERROR,
    Status.BLOCKED,
    Status.UNTESTED,
    Status.PASSED,
    Status.NOT_APPLICABLE,
)
_NOT_ALL = "not every rule was run"
_BROKEN = (Status.FAILED, Status.EXPECTED_FAILURE)


class Run(Struct, frozen=True, kw_only=True):
    """The circumstances of a run."""

    seed: int
    thorough: bool
    started: datetime
    seconds: float
    rules: Mapping[str, Rule]
    tested: Collection[str]
    """The rules that the suite has tests of."""


class _Verdict(Struct, frozen=True):
    status: Status
    reason: str = ""
    shown: Observation | None = None
    tests: int = 0
    seconds: float = 0.0


def make_report(
    run: Run, selection: Selection, observations: Sequence[Observation], performance: Performance | None = None
) -> Report:
    """What the run found out about the backend of one suite: every rule of the manifest is in it."""
    verdicts = _judge_all(run, selection, observations)
    statuses = {id: verdict.status for id, verdict in verdicts.items()}
    counts = Counter(statuses.values())
    subject = next((seen.subject for seen in observations if seen.subject), selection.subject)
    level, level_reason = reach_level(run.rules, statuses, "durable" in subject.declares)
    return Report(
        kit=__version__,
        contract=CONTRACT_VERSION,
        manifest=hash_rules(run.rules),
        rules_expected=len(run.rules),
        backend=subject,
        level=level,
        level_reason=_NOT_ALL if any(verdict.reason in NOT_RUN for verdict in verdicts.values()) else level_reason,
        first=_find_first(run.rules, statuses),
        counts={status.value: counts[status] for status in Status},
        problems=_find_problems(selection, observations),
        notes=selection.notes,
        performance=performance,
        seed=run.seed,
        thorough=run.thorough,
        started=run.started,
        seconds=round(run.seconds, 3),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        rules=tuple(_result(rule, verdicts[rule.id], selection) for rule in run.rules.values()),
    )


def _judge_all(run: Run, selection: Selection, observations: Iterable[Observation]) -> dict[str, _Verdict]:
    seen: dict[str, list[Observation]] = {id: [] for id in run.rules}
    for observation in observations:
        seen[observation.rule].append(observation)
    verdicts = {id: _judge(id, seen[id], selection, run.tested) for id in run.rules}
    return {id: _unless_blocked(id, verdicts, run.rules) for id in run.rules}


def _judge(id: str, seen: Sequence[Observation], selection: Selection, tested: Collection[str]) -> _Verdict:
    replaced = [name for name, rule in selection.overridden.items() if rule == id]
    selected = sum(rule == id for rule in selection.tests.values())
    if replaced:
        return _Verdict(Status.UNTESTED, f"{', '.join(replaced)} of the suite was overridden or deleted")
    if not seen:
        return _Verdict(Status.UNTESTED, NOT_REACHED if selected else NOT_SELECTED if id in tested else NO_TEST)
    worst = min(seen, key=lambda each: _WORST_FIRST.index(each.status))
    expected = any(expectation.rule == id and not expectation.expired for expectation in selection.expected)
    tests = len({each.test for each in seen})
    verdict = _Verdict(worst.status, worst.reason, worst, tests, sum(each.seconds for each in seen))
    if worst.status is Status.PASSED and tests < selected:
        return replace(verdict, status=Status.UNTESTED, reason=f"{selected - tests} of its tests were not reached")
    if worst.status is Status.PASSED and expected:
        holds = replace(worst, message="the rule was expected to fail, and holds; remove the expected failure")
        return replace(verdict, status=Status.FAILED, reason="expected to fail", shown=holds)
    return verdict


def _unless_blocked(id: str, verdicts: Mapping[str, _Verdict], rules: Mapping[str, Rule]) -> _Verdict:
    # Worked out from all of the run again: a worker does not know which rules failed in another one.
    roots = [need for need in all_needs(rules[id], rules) if _is_root(need, verdicts, rules)]
    if not roots or verdicts[id].status is Status.UNTESTED:
        return verdicts[id]
    return replace(verdicts[id], status=Status.BLOCKED, reason=f"{', '.join(roots)} failed", shown=None)


def _find_first(rules: Mapping[str, Rule], statuses: Mapping[str, Status]) -> str:
    blocked = [rule for rule in rules.values() if statuses[rule.id] is Status.BLOCKED]
    waiting = Counter(need for rule in blocked for need in all_needs(rule, rules) if statuses[need] in _BROKEN)
    return max(rules, key=waiting.__getitem__) if waiting else ""


def _is_root(id: str, verdicts: Mapping[str, _Verdict], rules: Mapping[str, Rule]) -> bool:
    """Whether a rule failed while everything that it needs held."""
    needs = all_needs(rules[id], rules)
    return verdicts[id].status in _BROKEN and not any(verdicts[need].status in _BROKEN for need in needs)


def _find_problems(selection: Selection, observations: Iterable[Observation]) -> tuple[str, ...]:
    problems = [observation.problem for observation in observations if observation.problem]
    if selection.overridden:
        names = ", ".join(f"{name} ({rule})" for name, rule in selection.overridden.items())
        problems.append(
            f"{selection.suite} overrides or deletes {names}; to record a rule that the backend breaks, give "
            "conformance_suite an ExpectedFailure"
        )
    problems += [
        f"the expected failure of {expectation.rule} has expired: mend the backend, or look at it again"
        for expectation in selection.expected
        if expectation.expired
    ]
    return tuple(dict.fromkeys(problems))


def _result(rule: Rule, verdict: _Verdict, selection: Selection) -> RuleResult:
    shown = verdict.shown
    failed = verdict.status in _BROKEN
    return RuleResult(
        id=rule.id,
        title=rule.title,
        status=verdict.status,
        area=rule.area.label,
        keyword=rule.keyword,
        level=rule.level,
        since=rule.since,
        reason=verdict.reason,
        message=shown.message if shown and failed else "",
        calls=shown.calls if shown and failed else (),
        text=rule.text,
        cause=rule.cause,
        reproduce=selection.reproduce.replace("{rule}", rule.id) if failed else "",
        tests=verdict.tests,
        seconds=round(verdict.seconds, 3),
    )
