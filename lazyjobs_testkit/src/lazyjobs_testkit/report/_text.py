"""The report as a terminal shows it."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from lazyjobs.texts import visible
from lazyjobs_testkit.report._values import NOT_RUN, Report, RuleResult, Status

_SHOWN_CALLS = 12
_LAST_CALLS = 5
_NUMBER = re.compile(r"(?<![\d:.-])\d{1,19}(?![\d:.-]*\d)")
"""What may be a record's id: a whole number that is no part of a time."""
_WIDTH = 110


def render_text(report: Report, *, detailed: bool) -> str:
    """The summary; `detailed` adds to each failure the rule's text and the calls that led there."""
    lines = [_describe_run(report), _describe_subject(report), *_render_areas(report)]
    for rule in report.failures:
        lines += render_failure(rule, detailed=detailed)
    for status in (Status.ERROR, Status.EXPECTED_FAILURE, Status.BLOCKED, Status.UNTESTED, Status.NOT_APPLICABLE):
        lines += _render_reasons(status, [rule for rule in report.rules if rule.status is status])
    lines += [f" first: {report.first} ({describe_first(report)})"] if report.first else []
    lines += [line for problem in report.problems for line in _tell("PROBLEM", problem)]
    lines += [line for note in report.notes for line in _tell("note:", note)]
    lines += [f" performance: {line}" for line in str(report.performance or "").splitlines()]
    lines.append(f" level: {report.level}" + (f" ({report.level_reason})" if report.level_reason else ""))
    return "\n".join(map(visible, lines))


def _tell(word: str, text: str) -> Iterator[str]:
    """What a word begins; its other lines are indented, so that none begins with such a word."""
    first, *others = text.splitlines() or [""]
    yield f" {word} {first}"
    yield from (f"   {line}" for line in others)


def _describe_run(report: Report) -> str:
    kit = f"lazyjobs contract {report.contract} · kit {report.kit} · {report.rules_expected} rules"
    return f"{kit} · manifest {report.manifest[:8]} · seed {report.seed}{' · thorough' if report.thorough else ''}"


def _describe_subject(report: Report) -> str:
    subject = report.backend
    declares = ", ".join(
        name if value == "True" else f"{name}={value}" for name, value in sorted(subject.declares.items())
    )
    capabilities = ", ".join(subject.capabilities)
    named = f"{subject.name} {subject.version}".rstrip()
    return f"{named} declares: {declares or 'nothing'} · capabilities seen: {capabilities or 'none'}"


def _render_areas(report: Report) -> list[str]:
    cells = [_render_area(area, list(rules)) for area, rules in groupby(report.rules, key=lambda rule: rule.area)]
    lines = textwrap.wrap("   ".join(cells), _WIDTH, initial_indent=" ", subsequent_indent=" ")
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _render_area(area: str, rules: list[RuleResult]) -> str:
    # Non-breaking while the line is wrapped: an area and its figures stay together.
    passed, applicable = count_passed(rules)
    return f"{area}\N{NO-BREAK SPACE}{passed}/{applicable}" if applicable else f"{area}\N{NO-BREAK SPACE}-"


def count_passed(rules: Iterable[RuleResult]) -> tuple[int, int]:
    """How many passed of those that apply and were to be tried, and how many these are."""
    applicable = [rule for rule in rules if rule.status is not Status.NOT_APPLICABLE and rule.was_run]
    return sum(rule.status is Status.PASSED for rule in applicable), len(applicable)


def render_failure(rule: RuleResult, *, detailed: bool) -> Iterator[str]:
    """A failed rule, told in lines."""
    head = f" FAIL {rule.id}  {rule.title}"
    yield f"{head:<80} {rule.keyword} · since {rule.since}"
    yield from (f"   {line}" for line in rule.message.splitlines())
    if detailed:
        yield from _indent(f"“{rule.text}”")
        if rule.calls:
            yield "   the calls that led here:"
            yield from (f"  {line}" for line in render_calls(rule.calls, rule.message))
    yield f"   reproduce: {rule.reproduce}"
    yield f"   usual cause: {rule.cause}"


def render_calls(calls: Iterable[str], message: str) -> Iterator[str]:
    """The calls before a failure that tell most, in lines: the last ones, and those on records that it names."""
    every = list(calls)
    shown = _choose_calls(every, message)
    for before, place in zip((-1, *shown), shown, strict=False):
        if left_out := place - before - 1:
            yield f"   … {left_out} more"
        yield f"   {every[place]}"


def _choose_calls(calls: Sequence[str], message: str) -> list[int]:
    last = range(max(0, len(calls) - _LAST_CALLS), len(calls))
    named = _NUMBER.findall(message)
    about = re.compile(rf"\bid=({'|'.join(named)})\b") if named else None
    rest = [place for place in range(last.start) if about is not None and about.search(calls[place])]
    room = _SHOWN_CALLS - len(last)
    # Where none is about what the message names, those just before the last tell most.
    return [*(rest or range(last.start))[-room:], *last]


def describe_first(report: Report) -> str:
    """Why the report's first rule is the one to begin with."""
    waiting = sum(rule.status is Status.BLOCKED and report.first in rule.reason for rule in report.rules)
    return f"mend this rule first: {waiting} blocked rule{' waits' if waiting == 1 else 's wait'} for it"


def _indent(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="   ", subsequent_indent="   ")


def _render_reasons(status: Status, rules: Iterable[RuleResult]) -> Iterator[str]:
    ordered = sorted(rules, key=lambda rule: rule.reason)
    for reason, group in groupby(ordered, key=lambda rule: rule.reason):
        ids = [rule.id for rule in group]
        named = f"{len(ids)} rules" if reason in NOT_RUN else f"{', '.join(_shorten(ids))} ({len(ids)})"
        text = f"{status.value.replace('_', ' ')}, {reason}: {named}"
        yield from textwrap.wrap(text, _WIDTH, initial_indent=" ", subsequent_indent="   ", break_on_hyphens=False)


def _shorten(ids: Iterable[str]) -> Iterator[str]:
    """The ids, with rows of them told by the first and the last: CLM-01…04."""
    runs: list[list[str]] = []
    for id in ids:
        area, _, number = id.partition("-")
        if runs and runs[-1][-1] == f"{area}-{int(number) - 1:02}":
            runs[-1].append(id)
        else:
            runs.append([id])
    for run in runs:
        yield run[0] if len(run) == 1 else f"{run[0]}…{run[-1].partition('-')[2]}"
