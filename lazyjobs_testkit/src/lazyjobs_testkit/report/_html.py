"""The report as one page that needs nothing else: what failed comes first."""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import groupby

from lazyjobs_testkit.performance import Performance
from lazyjobs_testkit.report._level import NO_LEVEL
from lazyjobs_testkit.report._style import STYLE
from lazyjobs_testkit.report._text import count_passed, describe_first
from lazyjobs_testkit.report._values import Report, RuleResult, Status

# A sign beside the word, so that nothing is told by its colour alone.
_SIGNS = {
    Status.PASSED: ("good", "✓"),
    Status.FAILED: ("bad", "✗"),
    Status.BLOCKED: ("doubt", "◌"),
    Status.NOT_APPLICABLE: ("soft", "-"),
    Status.EXPECTED_FAILURE: ("doubt", "✗"),
    Status.ERROR: ("doubt", "!"),
    Status.UNTESTED: ("soft", "?"),
}


def render_html(report: Report) -> str:
    """The whole report, escaped, with its style in it."""
    title = escape(_name(report))
    body = "\n".join(
        part
        for part in (
            _render_head(report),
            _render_told(report.failures, "Failures", ""),
            _render_told(_of_status(report, Status.EXPECTED_FAILURE), "Expected failures", "expected"),
            _render_facts(report),
            _render_performance(report.performance),
            _render_rules(report),
        )
        if part
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}: conformance to lazyjobs contract {report.contract}</title>\n<style>{STYLE}</style>\n"
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _name(report: Report) -> str:
    return f"{report.backend.name} {report.backend.version}".strip()


def _of_status(report: Report, status: Status) -> tuple[RuleResult, ...]:
    return tuple(rule for rule in report.rules if rule.status is status)


def _render_head(report: Report) -> str:
    failed = len(report.failures)
    reached = "No level reached" if report.level == NO_LEVEL else f"Level {report.level}"
    broken = f"{failed} rule{'s' if failed > 1 else ''} failed" if failed else ""
    verdict = " · ".join(filter(None, [reached, broken]))
    tone = "bad" if failed or report.problems else "soft" if report.level == NO_LEVEL else "good"
    return "\n".join(
        [
            f"<header>\n<h1>{escape(_name(report))}</h1>",
            f'<p class="soft">conformance to lazyjobs contract {report.contract}</p>',
            f'<p class="verdict {tone}">{escape(verdict)}</p>',
            *([f'<p class="soft">{escape(report.level_reason)}</p>'] if report.level_reason else []),
            f'<ul class="counts">{"".join(_render_counts(report.counts))}</ul>',
            *(f'<p class="bad">{escape(problem)}</p>' for problem in report.problems),
            *([_render_first(report)] if report.first else []),
            *(f"<p>{escape(note)}</p>" for note in report.notes),
            f'</header>\n<nav aria-label="Areas"><ul class="areas">{"".join(_render_areas(report))}</ul></nav>',
        ]
    )


def _render_first(report: Report) -> str:
    link = f'<a href="#{report.first}">{report.first}</a>'
    return f'<p class="first">{link}: {escape(describe_first(report))}</p>'


def _render_counts(counts: Mapping[str, int]) -> Iterator[str]:
    for name, count in counts.items():
        if count:
            tone, sign = _SIGNS[Status(name)]
            yield f'<li><span class="{tone}">{sign} <b>{count}</b></span> {name.replace("_", " ")}</li>'


def _by_area(report: Report) -> Iterator[tuple[str, list[RuleResult]]]:
    return ((area, list(rules)) for area, rules in groupby(report.rules, key=lambda rule: rule.area))


def _render_areas(report: Report) -> Iterator[str]:
    for area, rules in _by_area(report):
        passed, applicable = count_passed(rules)
        failed = any(rule.status is Status.FAILED for rule in rules)
        tone = "bad" if failed else "doubt" if passed < applicable else "" if applicable else "soft"
        told = f"{passed}/{applicable}" if applicable else "-"
        yield f'<li><a href="#area-{escape(area)}">{escape(area)}</a> <span class="{tone}">{told}</span></li>'


def _render_told(rules: Iterable[RuleResult], heading: str, kind: str) -> str:
    """Rules that failed, each with its whole story; nothing if there are none."""
    stories = "".join(_render_story(rule, kind) for rule in rules)
    return f"<section><h2>{heading}</h2>{stories}</section>" if stories else ""


def _render_story(rule: RuleResult, kind: str) -> str:
    calls = "\n".join(rule.calls)
    parts = [
        f'<article class="{kind}" id="{rule.id}"><h3>{rule.id} {escape(rule.title)} <small>{_facts(rule)}</small></h3>',
        f"<p>{escape(rule.reason)}</p>" if rule.reason else "",
        f"<pre>{escape(rule.message)}</pre>",
        f"<p>The contract says:</p><blockquote>{_render_prose(rule.text)}</blockquote>",
        f"<details><summary>the calls that led here ({len(rule.calls)})</summary><pre>{escape(calls)}</pre></details>"
        if calls
        else "",
        f"<p>Usual cause: {_render_prose(rule.cause)}.</p>",
        f"<p>To see it again: <code>{escape(rule.reproduce)}</code></p></article>",
    ]
    return "".join(parts)


def _render_prose(text: str) -> str:
    """Text in which `what stands between backticks` is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _facts(rule: RuleResult) -> str:
    return f"{rule.keyword} · {rule.level} · since contract {rule.since}"


def _render_facts(report: Report) -> str:
    subject = report.backend
    facts = {
        "backend": f"{subject.backend} ({subject.distribution})" if subject.distribution else subject.backend,
        "declares": ", ".join(f"{name}={value}" for name, value in subject.declares.items()) or "nothing",
        "capabilities seen": ", ".join(subject.capabilities) or "none",
        "kit": f"lazyjobs-testkit {report.kit}, {report.rules_expected} rules, manifest {report.manifest}",
        "run": f"{report.started:%Y-%m-%d %H:%M:%S} UTC, {report.seconds:.1f} s, seed {report.seed}"
        f"{', thorough' if report.thorough else ''}",
        "on": f"{report.python}, {report.platform}",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)
    return f"<section><h2>The run</h2><dl>{rows}</dl></section>"


def _render_performance(performance: Performance | None) -> str:
    if performance is None:
        return ""
    rates = {"insert": performance.insert, "claim": performance.claim, "finish": performance.finish}
    rows = [_render_figure(f"{verb}, one caller", f"{rate:,.0f} a second") for verb, rate in rates.items()]
    rows += [
        _render_figure(
            f"claim with {latency.describe_waiting()}",
            f"p50 {latency.p50 * 1000:.3f} ms, p99 {latency.p99 * 1000:.3f} ms",
        )
        for latency in performance.latencies
    ]
    return (
        '<section><h2>Performance</h2><p class="soft">Measured on this machine, and no part of the verdict.</p>'
        f"<table><tbody>{''.join(rows)}</tbody></table></section>"
    )


def _render_figure(name: str, figure: str) -> str:
    return f'<tr><th scope="row">{escape(name)}</th><td class="number">{escape(figure)}</td></tr>'


def _render_rules(report: Report) -> str:
    areas = "".join(
        f'<section aria-labelledby="area-{escape(area)}"><h3 id="area-{escape(area)}">{escape(area)}</h3>'
        '<table><thead><tr><th scope="col">Rule</th><th scope="col">Status</th><th scope="col">What it says</th></tr>'
        f"</thead><tbody>{''.join(map(_render_row, rules))}</tbody></table></section>"
        for area, rules in _by_area(report)
    )
    return f"<section><h2>Every rule</h2>{areas}</section>"


def _render_row(rule: RuleResult) -> str:
    tone, sign = _SIGNS[rule.status]
    status = f'<td class="status {tone}">{sign} {rule.status.replace("_", " ")}</td>'
    reason = f'<p class="soft">{escape(rule.reason)}</p>' if rule.reason else ""
    told = rule.status in (Status.FAILED, Status.EXPECTED_FAILURE)
    more = (
        f'<p><a href="#{rule.id}">what happened</a></p>'
        if told
        else f"<details><summary>{_facts(rule)}</summary><blockquote>{_render_prose(rule.text)}</blockquote></details>"
    )
    place = "" if told else f' id="{rule.id}"'
    return f'<tr{place}><td class="id">{rule.id}</td>{status}<td>{escape(rule.title)}{reason}{more}</td></tr>'
