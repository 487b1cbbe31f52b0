"""What the rounds add up to: medians and ratios, as tables and as JSON."""

import os
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from statistics import median

from msgspec import Struct

from benchmarks._numbers import show
from benchmarks._process import Figures
from benchmarks._workload import Measurement

TITLES = {
    "throughput": "Throughput: thousand jobs per second, {amount:,} jobs, workers: {workers}",
    "latency": "Latency: µs from enqueue to start, one idle worker, {amount} samples a round",
    "idle": "Idle: CPU seconds per second, {amount} s a round, workers: {workers}",
    "memory": "Memory: bytes per waiting record, {amount:,} records",
}
SCALES = {"throughput": 0.001}
COMPARED = {"throughput": "end_to_end", "latency": "p50", "memory": "bytes"}
"""The figure whose ratios are shown; idling is so often zero that it has none."""


class Summary(Struct):
    """One figure of one contender over all rounds."""

    median: float
    min: float
    max: float
    rounds: list[float]


class Table(Struct):
    """One measurement of all contenders."""

    measurement: Measurement
    figures: dict[str, dict[str, Summary]]
    """Contender, then figure."""
    ratios: dict[str, dict[str, float]]
    """Contender, then the one it is compared with: the median over the rounds of the one's figure by the other's."""


class Report(Struct):
    """All of it, and where it was measured."""

    environment: dict[str, str]
    rounds: int
    tables: list[Table]


def describe_environment(distributions: Sequence[str]) -> dict[str, str]:
    """What the figures depend on beside the code."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "cores": str(os.cpu_count()),
        "load average at the start": ", ".join(f"{load:.2f}" for load in os.getloadavg()),
        **{name: version(name) for name in distributions},
    }


def summarize(measurement: Measurement, results: dict[str, list[Figures]]) -> Table:
    """A table of each contender's figures, one a round, and of the ratios between those of the same round."""
    figures = {name: _summarize_rounds(rounds) for name, rounds in results.items()}
    compared = COMPARED.get(measurement.name)
    ratios = {name: _compare(name, figures, compared) for name in figures} if compared else {}
    return Table(measurement, figures, ratios)


def _summarize_rounds(rounds: Sequence[Figures]) -> dict[str, Summary]:
    values = {figure: [figures[figure] for figures in rounds] for figure in rounds[0]}
    return {figure: Summary(median(each), min(each), max(each), each) for figure, each in values.items()}


def _compare(name: str, figures: dict[str, dict[str, Summary]], compared: str) -> dict[str, float]:
    own = figures[name][compared].rounds
    return {
        other: median(one / two for one, two in zip(own, figures[other][compared].rounds, strict=True))
        for other in figures
    }


def render(report: Report) -> str:
    """The report as text, one table for each measurement."""
    lines = [f"{name}: {value}" for name, value in report.environment.items()]
    lines += [
        f"rounds: {report.rounds}",
        "",
        "Each figure is a median (lowest - highest); under /X, its ratio to X's.",
    ]
    for table in report.tables:
        lines += ["", _render_title(table.measurement), *_align(list(_render_rows(table)))]
    return "\n".join(lines)


def _render_title(measurement: Measurement) -> str:
    title = TITLES[measurement.name].format(amount=measurement.amount, workers=measurement.workers)
    compared = COMPARED.get(measurement.name)
    return f"{title}; ratios of {compared}" if compared else title


def _render_rows(table: Table) -> Iterator[list[str]]:
    name = table.measurement.name
    scale = SCALES.get(name, 1)
    yield ["", *next(iter(table.figures.values())), *(f"/{other}" for other in table.ratios)]
    for contender, figures in table.figures.items():
        ratios = table.ratios.get(contender, {}).values()
        yield [contender, *(_render_summary(each, scale) for each in figures.values()), *map(show, ratios)]


def _render_summary(summary: Summary, scale: float) -> str:
    middle, low, high = (show(value * scale) for value in (summary.median, summary.min, summary.max))
    return f"{middle} ({low} - {high})"


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
