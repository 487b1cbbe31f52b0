"""The options by which a worker, or the backend alone, is watched."""

import argparse
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from lazyjobs.cli._usage import UsageError
from lazyjobs.runner import JobRunner, Observer

if TYPE_CHECKING:
    from lazyjobs.telemetry.prometheus import Prometheus

_DEPTH = timedelta(seconds=10)
"""A command that does nothing but count counts also where that is expensive."""


def add_telemetry_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--telemetry` and `--prometheus`, which `observe` reads."""
    parser.add_argument(
        "--telemetry", action="store_true", help="make OpenTelemetry spans and metrics, for the providers that are set"
    )
    parser.add_argument(
        "--prometheus", action="store_true", help="the same, with GET /metrics of --control for the metrics"
    )


def add_metrics_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--prometheus` to a command that runs no jobs, which `count_records` reads."""
    parser.add_argument("--prometheus", action="store_true", help="serve GET /metrics, with the records by queue")


def count_records(runner: JobRunner) -> "Prometheus":
    """Metrics with the records of the runner's backend, as long as it lives; raises `UsageError` without the extra."""
    try:
        from opentelemetry.trace import NoOpTracerProvider

        from lazyjobs.telemetry.prometheus import Prometheus
    except ModuleNotFoundError as error:
        raise _missing("prometheus", "prometheus", error) from error
    present = (observer for observer in runner.observers if isinstance(observer, Prometheus))
    observer = next(present, None) or Prometheus(tracer_provider=NoOpTracerProvider(), depth=_DEPTH)
    observer.watch(runner)
    return observer


def observe(runner: JobRunner, arguments: argparse.Namespace) -> None:
    """Gives the runner the observers asked for, unless it has them; raises `UsageError` if an extra is not there."""
    if arguments.prometheus and arguments.control is None:
        raise UsageError("--prometheus serves GET /metrics where --control says; add --control HOST:PORT")
    try:
        added = list(_choose(runner.observers, arguments))
    except ModuleNotFoundError as error:
        option, extra = ("prometheus",) * 2 if arguments.prometheus else ("telemetry", "opentelemetry")
        raise _missing(option, extra, error) from error
    if added:
        runner.configure(observers=[*runner.observers, *added])


def _missing(option: str, extra: str, error: ModuleNotFoundError) -> UsageError:
    return UsageError(f'--{option} needs {error.name}, which is not installed; pip install "lazyjobs[{extra}]"')


def _choose(present: tuple[Observer, ...], arguments: argparse.Namespace) -> Iterator[Observer]:
    if not (arguments.prometheus or arguments.telemetry):
        return
    # Imported here and nowhere else, as only these options need the extras.
    from lazyjobs.telemetry import OpenTelemetry

    traced = any(isinstance(observer, OpenTelemetry) for observer in present)
    if arguments.prometheus:
        from opentelemetry.trace import NoOpTracerProvider

        from lazyjobs.telemetry.prometheus import Prometheus

        if not any(isinstance(observer, Prometheus) for observer in present):
            yield Prometheus(tracer_provider=NoOpTracerProvider() if traced else None)
    elif not traced:
        yield OpenTelemetry()
