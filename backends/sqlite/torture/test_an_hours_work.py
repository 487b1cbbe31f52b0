"""An hour's work, compressed: nothing grows with the number of jobs that went through."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from msgspec import Struct

from lazyjobs_testkit.harness import Namespaces, child_environment
from torture.conftest import Tell
from torture.harness import FullHarness, file_of

_PROCESSES = 4
_SECONDS = 1800
_SOME_DESCRIPTORS = 4
"""A connection more may be in use at the moment of a sample."""
_MIB = 2**20


class Sample(Struct, frozen=True):
    """What there is at one moment; of the processes, the largest."""

    file: int
    wal: int
    memory: int
    threads: int
    descriptors: int


def test_file_memory_threads_and_descriptors_stay_flat(long: bool, tell: Tell) -> None:
    jobs = 200_000 if long else 10_000
    namespaces = Namespaces(FullHarness())
    namespace = namespaces.create()
    begin = time.monotonic()
    file_of(namespace).parent.mkdir(parents=True)
    try:
        ran, samples = _work(namespace, jobs)
    finally:
        namespaces.destroy(namespace)
    early, late = _largest(samples[len(samples) // 4 : len(samples) // 2]), _largest(samples[3 * len(samples) // 4 :])
    tell(jobs=jobs, seconds=round(time.monotonic() - begin))
    print(f"the second quarter: {_show(early)}; the last: {_show(late)}")
    assert ran == jobs, "every job runs once"
    assert late.file <= 1.25 * early.file + _MIB
    assert late.wal <= 1.25 * early.wal + _MIB
    assert late.memory <= 1.1 * early.memory + 2 * _MIB
    assert late.threads <= early.threads
    assert late.descriptors <= early.descriptors + _SOME_DESCRIPTORS


def _work(namespace: str, jobs: int) -> tuple[int, Sequence[Sample]]:
    command = [sys.executable, "-m", "torture.shift", namespace, str(jobs // _PROCESSES)]
    workers = [
        subprocess.Popen(command, env=child_environment(), stdout=subprocess.PIPE, text=True) for _ in range(_PROCESSES)
    ]
    samples, deadline = [], time.monotonic() + _SECONDS
    try:
        while all(worker.poll() is None for worker in workers):
            assert time.monotonic() < deadline, "the work does not end"
            if (sample := _sample(file_of(namespace), workers)) is not None:
                samples.append(sample)
            time.sleep(0.1)
        return sum(int(worker.communicate(timeout=60)[0] or -1) for worker in workers), samples
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _sample(file: Path, workers: Sequence[subprocess.Popen[str]]) -> Sample | None:
    """What there is now; None while the processes are beginning or ending."""
    try:
        processes = [psutil.Process(worker.pid) for worker in workers]
        return Sample(
            file.stat().st_size,
            file.with_name(f"{file.name}-wal").stat().st_size,
            max(process.memory_info().rss for process in processes),
            max(process.num_threads() for process in processes),
            max(process.num_fds() for process in processes),
        )
    except (FileNotFoundError, psutil.Error):
        return None


def _largest(samples: Sequence[Sample]) -> Sample:
    return Sample(*(max(getattr(sample, name) for sample in samples) for name in Sample.__struct_fields__))


def _show(sample: Sample) -> str:
    return (
        f"file {sample.file / _MIB:.1f} MiB, WAL {sample.wal / _MIB:.1f} MiB, memory {sample.memory / _MIB:.1f} MiB, "
        f"{sample.threads} threads, {sample.descriptors} descriptors"
    )
