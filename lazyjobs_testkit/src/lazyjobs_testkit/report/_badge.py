"""The badge: a file in the form that shields.io reads from an address."""

import msgspec

from lazyjobs_testkit.report._level import NO_LEVEL
from lazyjobs_testkit.report._values import Report, Status


def render_badge(report: Report) -> bytes:
    """The level reached, or how many rules failed."""
    failed = report.counts[Status.FAILED]
    message = f"{failed} rule{'s' if failed > 1 else ''} failed" if failed else report.level
    color = "red" if failed else "lightgrey" if report.level == NO_LEVEL else "brightgreen"
    label = f"lazyjobs contract {report.contract}"
    return msgspec.json.encode({"schemaVersion": 1, "label": label, "message": message, "color": color})
