"""The report: how tests ended becomes what is known of each rule, and that is told, written and compared."""

from lazyjobs_testkit.report._baseline import BaselineError, Comparison, compare_reports, read_report
from lazyjobs_testkit.report._files import FILES, write_reports
from lazyjobs_testkit.report._judge import Run, make_report
from lazyjobs_testkit.report._schema import render_schema
from lazyjobs_testkit.report._text import render_calls, render_failure, render_text
from lazyjobs_testkit.report._values import (
    SCHEMA,
    Expectation,
    Observation,
    Report,
    RuleResult,
    Selection,
    Status,
    Subject,
)

__all__ = [
    "FILES",
    "SCHEMA",
    "BaselineError",
    "Comparison",
    "Expectation",
    "Observation",
    "Report",
    "RuleResult",
    "Run",
    "Selection",
    "Status",
    "Subject",
    "compare_reports",
    "make_report",
    "read_report",
    "render_calls",
    "render_failure",
    "render_schema",
    "render_text",
    "write_reports",
]
