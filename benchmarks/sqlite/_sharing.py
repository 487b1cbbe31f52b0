"""Sharing: several processes, each with the backend open, work on one file as fast as they can."""

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.json import decode

from benchmarks._process import TIMEOUT, Figures
from benchmarks.sqlite import _sharer
from benchmarks.sqlite._disk import Disk
from benchmarks.sqlite._sharer import Share


class Sharing(Struct, frozen=True):
    """One measurement: how many processes, and for how long."""

    processes: int
    seconds: float


def measure_sharing(order: Sharing, disk: Disk) -> Figures:
    """At FULL: calls per second, milliseconds of a call, errors, and how evenly the processes were served."""
    with TemporaryDirectory(prefix="lazyjobs-bench-") as directory:
        command = [sys.executable, "-m", _sharer.__name__, directory, str(order.seconds)]
        environment = {**os.environ, **disk.environment()}
        processes = [_start(command, environment) for _ in range(order.processes)]
        for process in processes:  # all have the file open before the first begins
            _read_line(process)
        for process in processes:
            _write_line(process)
        shares = [_finish(process) for process in processes]
    return summarize_shares(shares, order.seconds)


def summarize_shares(shares: Sequence[Share], seconds: float) -> Figures:
    """The figures of all processes together."""
    calls = sorted(chain.from_iterable(share.seconds for share in shares))
    served = [len(share.seconds) for share in shares]
    return {
        "rate": len(calls) / seconds,
        "p99": 1000 * calls[math.ceil(0.99 * len(calls)) - 1],
        "longest": 1000 * calls[-1],
        "errors": sum(len(share.errors) for share in shares),
        "evenness": min(served) / max(served),
    }


def _start(command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _read_line(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    process.stdout.readline()


def _write_line(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _finish(process: subprocess.Popen[str]) -> Share:
    answer, complaint = process.communicate(timeout=TIMEOUT)
    if process.returncode:
        raise RuntimeError(f"{_sharer.__name__} failed:\n{complaint}")
    return decode(answer, type=Share)
