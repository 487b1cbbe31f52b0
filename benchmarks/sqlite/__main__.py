"""`python -m benchmarks.sqlite`: every row of the table, with what is aimed at and whether it is reached."""

import argparse
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from msgspec import json

from benchmarks._arguments import positive, seconds
from benchmarks._report import describe_environment
from benchmarks.sqlite._backlog import FIRST
from benchmarks.sqlite._disk import NoCompilerError, check_model
from benchmarks.sqlite._lines import Line, render_header, render_line
from benchmarks.sqlite._rows import ROWS, SAME_ON_REAL, Run

DISTRIBUTIONS = ("lazyjobs", "lazyjobs-sqlite", "huey", "persist-queue", "litequeue", "django-tasks-db", "django")


def parse_arguments() -> argparse.Namespace:
    """The command line; its defaults are the figures that are published."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sqlite", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[""], metavar="ROW", help=f"beginnings of {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=positive, help="rounds, in each of which all contenders take turns (5)")
    parser.add_argument("--seconds", type=seconds, help="how long one measurement of a rate takes (1.5)")
    parser.add_argument("--samples", type=positive, help="latency samples a round (100)")
    parser.add_argument("--records", type=records, help="records that wait, and that are finished, in depth (1000000)")
    parser.add_argument("--quick", action="store_true", help="smaller defaults, for a look: 2, 0.5, 30, 20000")
    parser.add_argument("--disk", choices=("model", "real"), default="model", help="where syncs go (model)")
    parser.add_argument("--directory", type=Path, help="where the files are made (the system's temporary directory)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the lines there too")
    return parser.parse_args()


def records(text: str) -> int:
    """A number that can be had by copying."""
    number = positive(text)
    if number > FIRST and number % FIRST:
        raise argparse.ArgumentTypeError(f"{text} is not a multiple of {FIRST}")
    return number


def make_run(arguments: argparse.Namespace) -> Run:
    """How much is measured: the defaults, and what the command line says otherwise."""
    rounds, time, samples, depth = (2, 0.5, 30, 20_000) if arguments.quick else (5, 1.5, 100, 1_000_000)
    return Run(
        rounds=arguments.rounds or rounds,
        seconds=arguments.seconds or time,
        samples=arguments.samples or samples,
        records=arguments.records or depth,
        real=arguments.disk == "real",
    )


def choose_rows(beginnings: list[str], *, real: bool) -> list[str]:
    """The names of the rows to measure; raises SystemExit for a beginning that none has."""
    for beginning in beginnings:
        if not any(name.startswith(beginning) for name in ROWS):
            raise SystemExit(f"no row begins with {beginning!r}; there are {', '.join(ROWS)}")
    chosen = [name for name in ROWS if name.startswith(tuple(beginnings))]
    return [name for name in chosen if not (real and name in SAME_ON_REAL)]


def measure(names: list[str], run: Run) -> Iterator[Line]:
    """The lines of one row after the other, as they come."""
    for name in names:
        begun = monotonic()
        yield from ROWS[name](run)
        sys.stderr.write(f"{name}: {monotonic() - begun:.0f} s\n")


def main() -> None:
    """Measures, prints a Markdown table as it fills and, if asked to, writes the JSON."""
    arguments = parse_arguments()
    run = make_run(arguments)
    names = choose_rows(arguments.only, real=run.real)
    if arguments.directory:
        os.environ["TMPDIR"] = str(arguments.directory.resolve())
    if not run.real:
        try:
            check_model()
        except NoCompilerError as error:
            raise SystemExit(str(error)) from None
    environment = {**describe_environment(DISTRIBUTIONS), "SQLite": sqlite3.sqlite_version}
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in environment.items()))
    sys.stdout.write(
        f"rounds: {run.rounds}; ratios are medians of the rounds' (lowest - highest)\n\n{render_header()}\n"
    )
    lines = []
    for line in measure(names, run):
        lines.append(line)
        sys.stdout.write(f"{render_line(line)}\n")
        sys.stdout.flush()
    if arguments.json:
        arguments.json.write_bytes(json.format(json.encode({"environment": environment, "lines": lines})) + b"\n")


if __name__ == "__main__":
    main()
