"""`python -m benchmarks`: all contenders in turn, round after round, and what came of it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import json
from msgspec.structs import replace

from benchmarks._apart import measure_apart
from benchmarks._arguments import positive
from benchmarks._contender import CONTENDERS
from benchmarks._process import Figures
from benchmarks._report import Report, describe_environment, render, summarize
from benchmarks._workload import MEASURES, Measurement

DISTRIBUTIONS = ("lazyjobs", "lazyjobs-memory", "huey", "dramatiq", "taskiq", "msgspec")

Results = dict[Measurement, dict[str, list[Figures]]]


def parse_arguments() -> argparse.Namespace:
    """The command line; its defaults are the figures that are published."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=positive, default=5, help="rounds that count, after one that does not (5)")
    parser.add_argument("--jobs", type=positive, default=10_000, help="backlog of a throughput measurement (10000)")
    parser.add_argument("--samples", type=positive, default=100, help="latency samples a round (100)")
    parser.add_argument("--seconds", type=positive, default=2, help="how long a pool idles a round (2)")
    parser.add_argument("--records", type=positive, default=100_000, help="waiting records that are weighed (100000)")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES), help="measure only these")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), help="only these")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every round there too")
    return parser.parse_args()


def plan(arguments: argparse.Namespace) -> list[Measurement]:
    """What is measured in one round, in order."""
    whole = [
        Measurement("throughput", 1, arguments.jobs),
        Measurement("throughput", 4, arguments.jobs),
        Measurement("latency", 1, arguments.samples),
        Measurement("idle", 1, arguments.seconds),
        Measurement("idle", 32, arguments.seconds),
        Measurement("memory", 1, arguments.records),
    ]
    return [measurement for measurement in whole if measurement.name in arguments.only]


def run_rounds(measurements: Sequence[Measurement], contenders: Sequence[str], rounds: int) -> Results:
    """The figures of every round; before the first, one of a tenth of the size warms the machine and is forgotten."""
    run_round("warm-up", [shrink(measurement) for measurement in measurements], contenders)
    results: Results = {measurement: {name: [] for name in contenders} for measurement in measurements}
    for number in range(1, rounds + 1):
        for measurement, name, figures in run_round(f"round {number} of {rounds}", measurements, contenders):
            results[measurement][name].append(figures)
    return results


def run_round(
    title: str, measurements: Sequence[Measurement], contenders: Sequence[str]
) -> list[tuple[Measurement, str, Figures]]:
    """Each measurement of each contender once; for each measurement the contenders take turns."""
    done = []
    for measurement in measurements:
        sys.stderr.write(f"{title}: {measurement.name}, workers: {measurement.workers}\n")
        done += [(measurement, name, measure_apart(name, measurement)) for name in contenders]
    return done


def shrink(measurement: Measurement) -> Measurement:
    """The same measurement of a tenth of the amount."""
    return replace(measurement, amount=max(1, measurement.amount // 10))


def main() -> None:
    """Measures, prints the tables and, if asked to, writes the JSON."""
    arguments = parse_arguments()
    environment = describe_environment(DISTRIBUTIONS)
    results = run_rounds(plan(arguments), arguments.contenders, arguments.rounds)
    tables = [summarize(measurement, figures) for measurement, figures in results.items()]
    report = Report(environment, arguments.rounds, tables)
    sys.stdout.write(render(report) + "\n")
    if arguments.json:
        arguments.json.write_bytes(json.format(json.encode(report)) + b"\n")


if __name__ == "__main__":
    main()
