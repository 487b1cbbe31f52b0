"""Whether the suite says the same of one backend with whatever seed."""

import statistics
from pathlib import Path

from lazyjobs_testkit.report import Report
from lazyjobs_testkit.zoo._pool import try_seeds
from lazyjobs_testkit.zoo._trial import blemishes


def print_steadiness(reference: str, *, seeds: int, jobs: int, page: Path | None = None) -> int:
    """Runs the whole suite with so many seeds and prints what came of it; 1 if a run did not keep every rule.

    If all did, what is printed is added to the page.
    """
    reports: list[Report] = []
    kept = 0
    for seed, report in try_seeds(reference, range(seeds), jobs=jobs):
        reports.append(report)
        wrong = blemishes(report)
        kept += not wrong
        for line in wrong:
            print(f"seed {seed}: {line}", flush=True)
    rules = {report.counts["passed"] for report in reports}
    seconds = sorted(report.seconds for report in reports)
    apply = "/".join(map(str, sorted(rules)))
    told = (
        f"`{reference}`: {kept} of {seeds} runs of the whole suite kept every rule ({apply} "
        f"of {reports[0].rules_expected} apply). A run took {statistics.median(seconds):.1f} s in the median and "
        f"{seconds[-1]:.1f} s at the most, {jobs} at a time."
    )
    print(told)
    if page is not None and kept == seeds:
        with page.open("a", encoding="utf-8") as file:
            file.write(f"\n{told}\n")
    return 0 if kept == seeds else 1
