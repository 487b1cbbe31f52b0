"""`python -m benchmarks.operations`: throughput of a worker that is watched, beside that of one that is not."""

import argparse
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from time import monotonic
from typing import get_args

from msgspec import json

from benchmarks._arguments import positive, seconds
from benchmarks._process import Figures
from benchmarks._report import describe_environment
from benchmarks.operations._work import Size, count_loops
from benchmarks.operations._worker import Measurement, Storage, Watch, measure
from benchmarks.sqlite._disk import MODEL_200US, REAL, Disk, NoCompilerError, check_model
from benchmarks.sqlite._lines import Aim, Line, compare, render_header, render_line

DISTRIBUTIONS = ("lazyjobs", "lazyjobs-memory", "lazyjobs-sqlite", "opentelemetry-sdk", "prometheus-client")
KEPT = Aim(least=0.95)
TITLES: dict[Watch, str] = {
    "nobody": "nobody",
    "hook": "an observer that does nothing",
    "page": "page open",
    "spans": "spans",
    "metrics": "metrics",
    "sampled": "page, spans of one trace in ten, metrics, scraped",
    "everything": "page, spans, metrics, scraped",
}


def parse_arguments() -> argparse.Namespace:
    """The command line; its defaults are the figures that are published."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operations", description=__doc__)
    parser.add_argument("--storage", nargs="+", choices=get_args(Storage), default=list(get_args(Storage)))
    parser.add_argument("--size", nargs="+", choices=get_args(Size), default=list(get_args(Size)))
    parser.add_argument("--watch", nargs="+", choices=get_args(Watch)[1:], default=["everything"])
    parser.add_argument("--rounds", type=positive, default=5, help="pairs, the one first and the other by turns (5)")
    parser.add_argument("--seconds", type=seconds, default=6.0, help="how long one measurement takes at least (6)")
    parser.add_argument("--disk", choices=("model", "real"), default="model", help="where syncs go (model)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    return parser.parse_args()


def measure_pairs(order: Measurement, rounds: int, disk: Disk) -> tuple[list[Figures], list[Figures]]:
    """Figures of each round, watched and by nobody; who comes first changes from round to round."""
    watches: tuple[Watch, Watch] = (order.watch, "nobody")
    figures: dict[Watch, list[Figures]] = {watch: [] for watch in watches}
    for number in range(rounds):
        for watch in watches if number % 2 else reversed(watches):
            changed = Measurement(order.storage, order.size, watch, order.loops, order.seconds)
            figures[watch].append(measure(changed, disk))
    return figures[order.watch], figures["nobody"]


def compare_pairs(order: Measurement, watched: list[Figures], alone: list[Figures]) -> Iterator[Line]:
    """The line of the rate, and of the processor time a job, where less is better."""
    title = f"{order.storage}, {order.size}"
    against = TITLES[order.watch]
    for figure, unit, scale, aim in (("rate", "jobs/s", 1, KEPT), ("cpu", "µs CPU/job", 1e6, None)):
        own, other = ([each[figure] * scale for each in figures] for figures in (watched, alone))
        yield compare(f"{title}: {against}", "nobody", own, other, unit, aim)


def main() -> None:
    """Measures, prints a Markdown table as it fills and, if asked to, writes the JSON."""
    arguments = parse_arguments()
    disk = MODEL_200US if arguments.disk == "model" else REAL
    if disk is not REAL:
        try:
            check_model()
        except NoCompilerError as error:
            raise SystemExit(str(error)) from None
    environment = describe_environment(DISTRIBUTIONS)
    loops = count_loops()
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in environment.items()))
    sys.stdout.write(f"syncs: {disk.name}; loops of the 1 ms job: {loops}; rounds: {arguments.rounds}\n\n")
    sys.stdout.write(f"{render_header()}\n")
    results = []
    for storage, size, watch in product(arguments.storage, arguments.size, arguments.watch):
        begun = monotonic()
        order = Measurement(storage, size, watch, loops, arguments.seconds)
        watched, alone = measure_pairs(order, arguments.rounds, disk)
        results.append({"measurement": order, "watched": watched, "nobody": alone})
        for line in compare_pairs(order, watched, alone):
            sys.stdout.write(f"{render_line(line)}\n")
        sys.stdout.flush()
        sys.stderr.write(f"{storage} {size} {watch}: {monotonic() - begun:.0f} s\n")
    if arguments.json:
        arguments.json.write_bytes(json.format(json.encode({"environment": environment, "results": results})) + b"\n")


if __name__ == "__main__":
    main()
