"""Whether the suite says the same of one backend with whatever seed."""

import statistics

from lazyjobs_testkit.report import Report
from lazyjobs_testkit.zoo._keeper import visit_seeds
from lazyjobs_testkit.zoo._trial import blemishes


def print_steadiness(reference: str, *, seeds: int, jobs: int) -> int:
    """Runs the whole suite with so many seeds and prints what came of it; 1 if a run did not keep every rule."""
    reports: list[Report] = []
    kept = 0
    for seed, report in visit_seeds(reference, range(seeds), jobs=jobs):
        reports.append(report)
        wrong = blemishes(report)
        kept += not wrong
        for line in wrong:
            print(f"seed {seed}: {line}", flush=True)
    rules = {report.counts["passed"] for report in reports}
    seconds = sorted(report.seconds for report in reports)
    print(
        f"{reference}: {kept} of {seeds} runs of the whole suite kept every rule ({'/'.join(map(str, sorted(rules)))} "
        f"of {reports[0].rules_expected} apply); a run took {statistics.median(seconds):.1f} s in the median and "
        f"{seconds[-1]:.1f} s at the most, {jobs} at a time"
    )
    return 0 if kept == seeds else 1
