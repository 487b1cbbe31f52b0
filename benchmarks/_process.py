"""One measurement of one contender in a process of its own, seen from both sides."""

import logging
import os
import subprocess
import sys

from msgspec import Struct
from msgspec.json import decode, encode

from benchmarks._contender import open_contender
from benchmarks._workload import MEASURES, Figures, Measurement

TIMEOUT = 300


class Order(Struct, frozen=True):
    """What the new process is to do."""

    contender: str
    measurement: Measurement


def measure_apart(contender: str, measurement: Measurement) -> Figures:
    """The figures of one measurement, made by a fresh interpreter; raises RuntimeError with its output if it failed."""
    order = encode(Order(contender, measurement)).decode()
    command = [sys.executable, "-m", "benchmarks._process", order]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"measuring {measurement.name} of {contender} failed:\n{done.stderr}")
    return decode(done.stdout, type=Figures)


def _obey(text: str) -> None:
    order = decode(text, type=Order)
    logging.disable()  # no contender's log lines are measured
    measurement = order.measurement
    figures = MEASURES[measurement.name](open_contender(order.contender, measurement.workers), measurement.amount)
    sys.stdout.write(encode(figures).decode())
    sys.stdout.flush()
    os._exit(0)  # a backlog that was only weighed must not be worked off now


if __name__ == "__main__":
    _obey(sys.argv[1])
