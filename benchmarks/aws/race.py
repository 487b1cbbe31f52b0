"""`python -m benchmarks.aws.race`: lazyjobs, Celery and dramatiq in turn, on the emulator at LAZYJOBS_AWS_ENDPOINT."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from statistics import median

from benchmarks._contender import Contender
from benchmarks._process import Figures
from benchmarks._workload import measure_latency, measure_throughput
from benchmarks.aws._contenders import CONTENDERS, WORKERS
from lazyjobs_aws.emulator import ENDPOINT

ROUNDS = 3
JOBS = 100
SAMPLES = 20
_TIMEOUT = 300


def main() -> None:
    """Prints the medians of all rounds; every measurement has a process of its own."""
    figures: dict[str, list[Figures]] = {name: [] for name in CONTENDERS}
    for _ in range(ROUNDS):
        for name in CONTENDERS:
            figures[name].append(
                {figure: value for measure in MEASURES for figure, value in run(name, measure).items()}
            )
    names = list(figures["lazyjobs"][0])
    print(
        f"{JOBS} jobs, {WORKERS} workers in one process; latency of {SAMPLES} single jobs; medians of {ROUNDS} rounds\n"
    )
    print(f"| | {' | '.join(names)} |")
    print(f"| --- |{' --- |' * len(names)}")
    for name, found in figures.items():
        print(f"| {name} | {' | '.join(f'{median(each[figure] for each in found):.0f}' for figure in names)} |")


def run(name: str, measure: str) -> Figures:
    """One measurement of one contender, by this module in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.aws.race", name, measure]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr[-2000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def throughput(contender: Contender) -> Figures:
    """Jobs a second."""
    return {f"{key}, jobs/s": value for key, value in measure_throughput(contender, JOBS).items()}


def latency(contender: Contender) -> Figures:
    """Milliseconds from the call that enqueues a job until its first line."""
    return {"latency, ms": measure_latency(contender, SAMPLES)["p50"] / 1000}


MEASURES: Mapping[str, Callable[[Contender], Figures]] = {"throughput": throughput, "latency": latency}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        _, chosen, measured = sys.argv
        print(json.dumps(MEASURES[measured](CONTENDERS[chosen](os.environ[ENDPOINT]))), flush=True)
        os._exit(0)  # the workers of two contenders take seconds to stop
