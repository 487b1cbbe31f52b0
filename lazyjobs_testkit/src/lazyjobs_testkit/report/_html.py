"""The report as one page that needs nothing else."""

from html import escape
from itertools import groupby

from lazyjobs_testkit.report._values import Report, RuleResult, Status

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
pre, code { font: 13px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .6rem; background: #8881; }
blockquote { margin: .4rem 0; padding-left: .8rem; border-left: 3px solid #8886; }
.passed { color: #18794e; } .failed { color: #c62828; font-weight: 600; }
.blocked, .expected_failure { color: #b26a00; }
.untested, .not_applicable { color: #777; }
"""


def render_html(report: Report) -> str:
    """The whole report, escaped, with its style in it."""
    subject = report.backend
    title = f"{subject.name} {subject.version}".strip()
    areas = "".join(
        f"<h2>{escape(area)}</h2>{_render_table(list(rules))}"
        for area, rules in groupby(report.rules, key=lambda rule: rule.area)
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}: conformance</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}: {escape(report.level)}</h1>\n{_render_facts(report)}\n{areas}\n</body>\n</html>\n"
    )


def _render_facts(report: Report) -> str:
    subject = report.backend
    facts = {
        "next level": report.level_reason,
        "rules": ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in report.counts.items() if count),
        "problems": "; ".join(report.problems),
        "notes": "; ".join(report.notes),
        "backend": f"{subject.backend} ({subject.distribution})" if subject.distribution else subject.backend,
        "declares": ", ".join(f"{name}={value}" for name, value in subject.declares.items()) or "nothing",
        "capabilities seen": ", ".join(subject.capabilities) or "none",
        "kit": f"{report.kit}, contract {report.contract}, {report.rules_expected} rules, manifest {report.manifest}",
        "run": f"{report.started:%Y-%m-%d %H:%M:%S %Z}, {report.seconds:.1f} s, seed {report.seed}"
        f"{', thorough' if report.thorough else ''}",
        "on": f"{report.python}, {report.platform}",
    }
    rows = "".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in facts.items() if text)
    return f"<table>{rows}</table>"


def _render_table(rules: list[RuleResult]) -> str:
    return f"<table>{''.join(_render_rule(rule) for rule in rules)}</table>"


def _render_rule(rule: RuleResult) -> str:
    status = f'<td class="{rule.status}">{rule.status.replace("_", " ")}</td>'
    told = f"{escape(rule.title)}<br><small>{rule.keyword} · {rule.level} · since {rule.since}</small>"
    return f'<tr id="{rule.id}"><td>{rule.id}</td>{status}<td>{told}{_render_details(rule)}</td></tr>'


def _render_details(rule: RuleResult) -> str:
    parts = [f"<p>{escape(rule.reason)}</p>"] if rule.reason else []
    quoted = f"<blockquote>{escape(rule.text)}</blockquote>"
    if rule.status not in (Status.FAILED, Status.EXPECTED_FAILURE):
        return "".join([*parts, f"<details><summary>the contract</summary>{quoted}</details>"])
    calls = "\n".join(rule.calls)
    parts += [
        quoted,
        f"<pre>{escape(calls)}</pre>" if calls else "",
        f"<pre>{escape(rule.message)}</pre>",
        f"<p>reproduce: <code>{escape(rule.reproduce)}</code></p><p>usual cause: {escape(rule.cause)}</p>",
    ]
    return "".join(parts)
